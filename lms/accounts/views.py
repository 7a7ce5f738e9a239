"""Signing in and out, making an account, and what the links in mail lead to."""

from __future__ import annotations

from flask import make_response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from lms.accounts import entrance, passwords, registration, services, tokens
from lms.accounts.blueprint import blueprint
from lms.accounts.forms import EmailForm, LoginForm, RegisterForm, ResetForm
from lms.accounts.tokens import Purpose
from lms.base.problem import Conflict, Forbidden, Problem
from lms.base.urls import safe_path
from lms.db import commit
from lms.web import TooMany, current_person, flash, public, rate_limit, redirect, render

_HOUR = 60 * 60


def _way_on(target: str) -> str:
    """What comes after the sign-in, in words."""
    if target.startswith("/checkout/"):
        return _("Then you continue with your purchase.")
    if target.startswith("/claim"):
        return _("Then you add what you bought to your account.")
    if target.startswith("/learn/"):
        return _("Then you continue with the lesson.")
    if target.startswith("/admin"):
        return _("Then you continue in the admin.")
    return "" if target == entrance.HOME else _("Then you continue where you were.")


def _login_page(form: LoginForm, status: int = 200) -> ResponseReturnValue:
    target = entrance.next_path()
    page = render(
        "accounts/login.html",
        form=form,
        target=target,
        way_on=_way_on(target),
        register_href=entrance.with_next("/register", target) if registration.is_open() else "",
    )
    return page, status


@blueprint.get("/login")
@public
def login() -> ResponseReturnValue:
    """The sign-in page; whoever is signed in goes on at once."""
    if current_person() is not None:
        return redirect(entrance.next_path())
    return _login_page(LoginForm())


@blueprint.post("/login")
@public
def sign_in() -> ResponseReturnValue:
    """Sign in: a new session, whatever cookie came along."""
    form = LoginForm()
    if not form.validate_on_submit():
        return _login_page(form, 422)
    email, password = form.email.data or "", form.password.data or ""
    try:
        known = entrance.prove(
            email, password, lambda: services.credentials(email), wrong=_("E-mail or password is wrong.")
        )
        if known.blocked:
            raise Forbidden(_("This account is blocked. Ask the people who run this site."))
        weak = known.password_hash is not None and passwords.needs_rehash(known.password_hash)
        new_hash = passwords.hash_password(password) if weak else None
        entrance.end_presented_session()
        token = services.sign_in(known, new_hash=new_hash, **entrance.device())
    except (TooMany, entrance.WrongPassword, Forbidden, Conflict) as problem:
        return _refused(form, problem)
    return entrance.give_cookie(redirect(entrance.next_path()), token)


def _refused(form: LoginForm, problem: Problem) -> ResponseReturnValue:
    words = entrance.pause_words(problem) if isinstance(problem, TooMany) else problem.sentence
    form.password.errors = [words]
    response = make_response(_login_page(form, problem.status))
    if isinstance(problem, TooMany):
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


@blueprint.get("/logout")
@public
def logout() -> ResponseReturnValue:
    """One button: a link alone must not sign anybody out."""
    target = safe_path(request.args.get("next"), "/")
    return render("accounts/logout.html", target=target)


@blueprint.post("/logout")
@public
def sign_out() -> ResponseReturnValue:
    """End the session's row and take the cookie back."""
    entrance.end_presented_session()
    return entrance.take_cookie(redirect(safe_path(request.form.get("next"), "/")))


def _register_page(form: RegisterForm, status: int = 200) -> ResponseReturnValue:
    if not registration.is_open():
        return render(
            "web/message.html",
            title=_("New accounts are not open at the moment"),
            words=_("Whoever has an account can sign in."),
            action_href="/login",
            action_words=_("Sign in"),
        ), 403
    target = entrance.next_path()
    return render(
        "accounts/register.html", form=form, target=target, login_href=entrance.with_next("/login", target)
    ), status


@blueprint.get("/register")
@public
def register() -> ResponseReturnValue:
    """The form for a new account."""
    if current_person() is not None:
        return redirect(entrance.next_path())
    return _register_page(RegisterForm())


@blueprint.post("/register")
@public
def make_account() -> ResponseReturnValue:
    """Make an account, or write to the owner of the address; the page is the same for both."""
    form = RegisterForm()
    if not registration.is_open() or not form.validate_on_submit():
        return _register_page(form, 422)
    email, name = form.email.data or "", form.name.data or ""
    entrance.limit_mail(email)
    commit()
    password_hash = passwords.hash_password(form.password.data or "")
    target = safe_path(request.form.get("next"), "")
    services.register(email=email, name=name, password_hash=password_hash, next_path=target)
    return _look_at_mail(email)


def _look_at_mail(email: str) -> str:
    return render("accounts/mail_sent.html", email=email)


@blueprint.get("/verify")
@public
def verification() -> ResponseReturnValue:
    """Asks where to send a new link to."""
    return render("accounts/resend.html", form=EmailForm(), problem=None)


@blueprint.post("/verify")
@public
def resend() -> ResponseReturnValue:
    """Send a new link, if the address waits for one; the page is the same for any address."""
    form = EmailForm()
    if not form.validate_on_submit():
        return render("accounts/resend.html", form=form, problem=None), 422
    email = form.email.data or ""
    entrance.limit_mail(email)
    services.resend_verification(email)
    return _look_at_mail(email)


def _dead(problem: Problem, template: str) -> ResponseReturnValue:
    form = EmailForm(formdata=None)
    return entrance.unlinkable((render(template, form=form, problem=problem), problem.status))


@blueprint.get("/verify/<token>")
@public
def verify(token: str) -> ResponseReturnValue:
    """One button: mail programs that look at links must not use them up."""
    try:
        link = tokens.find(token, Purpose.VERIFY, Purpose.CHANGE)
    except tokens.LinkDead as problem:
        return _dead(problem, "accounts/resend.html")
    return entrance.unlinkable(render("accounts/verify.html", email=link.email))


@blueprint.post("/verify/<token>")
@public
def confirm(token: str) -> ResponseReturnValue:
    """The address is verified, or the new one takes effect."""
    try:
        confirmed = services.confirm_address(token)
    except tokens.LinkDead as problem:
        return _dead(problem, "accounts/resend.html")
    person = current_person()
    flash(_("%(email)s is confirmed.", email=confirmed.email), "good")
    target = safe_path(confirmed.next_path, "/account/profile" if confirmed.changed else entrance.HOME)
    if person is not None and person.id == confirmed.person_id:
        return entrance.unlinkable(redirect(target))
    return entrance.unlinkable(redirect(entrance.with_next("/login", target)))


@blueprint.get("/forgot")
@public
def forgot() -> ResponseReturnValue:
    """Asks for the address of the account."""
    return render("accounts/forgot.html", form=EmailForm(), problem=None)


@blueprint.post("/forgot")
@public
def send_reset() -> ResponseReturnValue:
    """Send a link, if there is an account; the page is the same for any address."""
    form = EmailForm()
    if not form.validate_on_submit():
        return render("accounts/forgot.html", form=form, problem=None), 422
    email = form.email.data or ""
    entrance.limit_mail(email)
    services.request_reset(email)
    return _look_at_mail(email)


@blueprint.get("/reset/<token>")
@public
def reset(token: str) -> ResponseReturnValue:
    """Asks for the new password."""
    try:
        tokens.find(token, Purpose.RESET)
    except tokens.LinkDead as problem:
        return _dead(problem, "accounts/forgot.html")
    return entrance.unlinkable(render("accounts/reset.html", form=ResetForm()))


@blueprint.post("/reset/<token>")
@public
def set_password(token: str) -> ResponseReturnValue:
    """Set the new password; everybody who was signed in with the old one is out."""
    form = ResetForm()
    try:
        form.account_email = tokens.find(token, Purpose.RESET).email
        if not form.validate_on_submit():
            return entrance.unlinkable((render("accounts/reset.html", form=form), 422))
        rate_limit("accounts.reset.from", request.remote_addr, 30, _HOUR)
        commit()
        new_hash = passwords.hash_password(form.password.data or "")
        services.reset_password(token, new_hash)
    except tokens.LinkDead as problem:
        return _dead(problem, "accounts/forgot.html")
    response = entrance.take_cookie(redirect("/login"))
    flash(_("Your new password is saved. Sign in with it."), "good")
    return response
