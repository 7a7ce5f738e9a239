"""What people change about their own account."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from lms.accounts import entrance, passwords, services, sessions
from lms.accounts.blueprint import blueprint
from lms.accounts.forms import ChangeEmailForm, ChangePasswordForm, ProfileForm
from lms.accounts.services import Credentials
from lms.base.problem import Conflict, NotFound, Problem
from lms.web import CurrentPerson, Form, TooMany, current_person, flash, redirect, render, signed_in

PAGE = "/account/profile"


def _me() -> CurrentPerson:
    person = current_person()
    if person is None:
        raise RuntimeError("This view is for people who are signed in.")
    return person


def _page(status: int = 200, **failed: Form) -> ResponseReturnValue:
    """The whole page; ``failed`` is the form that was sent and has something to say."""
    me = _me()
    forms: dict[str, Form] = {
        "profile": ProfileForm(formdata=None, data={"name": me.name, "locale": me.locale, "timezone": me.timezone}),
        "email": ChangeEmailForm(formdata=None),
        "password": ChangePasswordForm(formdata=None),
    }
    page = render(
        "accounts/profile.html",
        forms=forms | failed,
        sessions=sessions.sessions_of(me.id),
        current_session=me.session_id,
    )
    return page, status


@blueprint.get(PAGE)
@signed_in
def profile() -> ResponseReturnValue:
    """Name, address, password and devices."""
    return _page()


@blueprint.post(PAGE)
@signed_in
def save_profile() -> ResponseReturnValue:
    """Keep name, language and time zone."""
    form = ProfileForm()
    if not form.validate_on_submit():
        return _page(422, profile=form)
    services.save_profile(_me().id, name=form.name.data or "", locale=form.locale.data, timezone=form.timezone.data)
    flash(_("Your profile is saved."), "good")
    return redirect(PAGE)


def _prove(password: str) -> Credentials:
    me = _me()
    return entrance.prove(
        me.email, password, lambda: services.credentials_of(me.id), wrong=_("That is not your current password.")
    )


def _words(problem: Problem) -> str:
    return entrance.pause_words(problem) if isinstance(problem, TooMany) else problem.sentence


@blueprint.post(f"{PAGE}/email")
@signed_in
def change_email() -> ResponseReturnValue:
    """Ask for another address; it takes effect when its owner says yes."""
    form = ChangeEmailForm()
    if not form.validate_on_submit():
        return _page(422, email=form)
    try:
        _prove(form.email_password.data or "")
    except (entrance.WrongPassword, TooMany) as problem:
        form.email_password.errors = [_words(problem)]
        return _page(problem.status, email=form)
    try:
        entrance.limit_mail(form.new_email.data or "")
        new = services.request_email_change(_me().id, form.new_email.data or "")
    except Problem as problem:
        form.new_email.errors = [_words(problem)]
        return _page(problem.status, email=form)
    flash(_("We sent a link to %(email)s. Your address changes when you open it.", email=new), "good")
    return redirect(PAGE)


@blueprint.post(f"{PAGE}/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Set a new password: all other devices are signed out, this one gets a new session."""
    form = ChangePasswordForm()
    form.account_email = _me().email
    if not form.validate_on_submit():
        return _page(422, password=form)
    try:
        known = _prove(form.current_password.data or "")
        new_hash = passwords.hash_password(form.new_password.data or "")
        token = services.change_password(known, new_hash, **entrance.device())
    except (entrance.WrongPassword, TooMany, Conflict) as problem:
        form.current_password.errors = [_words(problem)]
        return _page(problem.status, password=form)
    response = entrance.give_cookie(redirect(PAGE), token)
    flash(_("Your new password is saved. All other devices are signed out."), "good")
    return response


@blueprint.post(f"{PAGE}/verify")
@signed_in
def send_verification() -> ResponseReturnValue:
    """Send the link that confirms the account's address once more."""
    me = _me()
    if me.verified:
        return redirect(PAGE)
    entrance.limit_mail(me.email)
    services.resend_verification(me.email, next_path=PAGE)
    flash(_("We sent a link to %(email)s.", email=me.email), "good")
    return redirect(PAGE)


@blueprint.post(f"{PAGE}/sessions/<int:session_id>/end")
@signed_in
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign one device out."""
    me = _me()
    if not sessions.end_session(session_id, person_id=me.id):
        raise NotFound(_("This device is signed out already."))
    if session_id == me.session_id:
        return entrance.take_cookie(redirect("/login"))
    flash(_("The device is signed out."), "good")
    return redirect(PAGE)


@blueprint.post(f"{PAGE}/sessions/end")
@signed_in
def end_other_sessions() -> ResponseReturnValue:
    """Sign all other devices out."""
    me = _me()
    sessions.end_all_sessions(me.id, except_id=me.session_id)
    flash(_("All other devices are signed out."), "good")
    return redirect(PAGE)
