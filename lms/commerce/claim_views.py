"""The pages on which guests make theirs what they have paid for: in the browser that paid, or through a mailed link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, request
from flask_babel import gettext as _

from lms.accounts import entrance, passwords
from lms.accounts import services as accounts
from lms.accounts.addresses import key_of
from lms.base.problem import Conflict, Problem
from lms.commerce import browser, claims, orders
from lms.commerce.checkout_forms import LinkForm, NewAccountForm, NewPasswordForm
from lms.commerce.claim_links import ClaimLinkDead
from lms.commerce.claim_rules import Proof, Step
from lms.commerce.facts import OrderState
from lms.commerce.orders import OrderView
from lms.commerce.views import blueprint
from lms.db import commit, rollback
from lms.web import current_person, flash, public, rate_limit, redirect, render

PAGE = orders.CLAIM_PATH
_TRIES, _TRIES_SECONDS = 60, 10 * 60


@dataclass(frozen=True, slots=True)
class Case:
    """What one visitor sees: the orders meant, all with one address; what speaks for the visitor, and what they may do.

    ``token`` is the mailed link's, "" for the others; ``others`` are orders of this browser with another address.
    """

    proof: Proof
    orders: tuple[OrderView, ...]
    step: Step
    token: str = ""
    others: tuple[OrderView, ...] = ()

    @property
    def paid(self) -> tuple[OrderView, ...]:
        """What can be claimed now."""
        return tuple(order for order in self.orders if order.state is OrderState.PAID)

    @property
    def first(self) -> OrderView:
        """The order that the page speaks of."""
        return next(iter(self.paid), self.orders[0])

    @property
    def email(self) -> str:
        """The address given at checkout."""
        return self.first.guest_email

    @property
    def address(self) -> str:
        """Where the page's form goes."""
        return f"{PAGE}/{self.token}" if self.token else PAGE


@blueprint.get(PAGE)
@public
def claim() -> Any:
    """What waits in this browser, or for the address of whoever is signed in."""
    case = _case_here(request.args.get("order", ""))
    return _page(case) if case else _ask_for_address(LinkForm(formdata=None))


@blueprint.post(PAGE)
@public
def claim_here() -> Any:
    """Make it theirs."""
    case = _case_here(request.form.get("order", ""))
    if case is None:
        return _private(redirect(PAGE))
    return _act(case)


@blueprint.post(f"{PAGE}/send")
@public
def send_link() -> Any:
    """Send a new link, if something waits for the address; the page is the same for any address."""
    form = LinkForm()
    if not form.validate():
        return _ask_for_address(form, status=422)
    email = str(form.email.data)
    entrance.limit_mail(email)
    claims.send_links(email)
    return _private(render("commerce/claim_sent.html", email=email))


@blueprint.get(f"{PAGE}/<token>")
@public
def claim_by_link(token: str) -> Any:
    """What the mailed link opens. Looking changes nothing: mail programs look, too."""
    try:
        return _page(_case_of(token))
    except ClaimLinkDead as problem:
        return _dead(problem)


@blueprint.post(f"{PAGE}/<token>")
@public
def claim_with_link(token: str) -> Any:
    """Make it theirs."""
    try:
        return _act(_case_of(token))
    except ClaimLinkDead as problem:
        return _dead(problem)


def _case_here(number: str) -> Case | None:
    """The visitor's case without a link; ``number`` says which of several orders is meant, the newest without it."""
    person = current_person()
    here = claims.of_browser(browser.token())
    proof, found = Proof.BROWSER, here
    if not any(order.number == number for order in here):
        waiting = claims.waiting_for(person) if person is not None else ()
        if any(order.number == number for order in waiting) or not here:
            proof, found = Proof.ACCOUNT, waiting
    meant = next((order for order in found if order.number == number), None) or next(iter(found), None)
    if meant is None:
        return None
    same = tuple(order for order in found if key_of(order.guest_email) == key_of(meant.guest_email))
    # The one meant stands first; what was paid for with the same address goes with it.
    same = (meant, *(order for order in same if order.id != meant.id))
    others = tuple(order for order in found if order not in same)
    return Case(proof, same, _step(same, proof), others=others)


def _case_of(token: str) -> Case:
    try:
        found = claims.of_link(token)
    except ClaimLinkDead:
        # Whoever tries out links is slowed down; whoever has one is not.
        rate_limit("commerce.claim.from", request.remote_addr, _TRIES, _TRIES_SECONDS)
        raise
    if not found:
        raise ClaimLinkDead(_("This link was used already: the purchase belongs to an account."))
    return Case(Proof.LINK, found, _step(found, Proof.LINK), token=token)


def _step(found: Sequence[OrderView], proof: Proof) -> Step:
    person = current_person()
    return claims.step_for(found, proof, person.id if person is not None else None)


def _act(case: Case) -> Any:
    """What the page's button does. The case was worked out anew: a page may be old."""
    if not case.paid:
        return _page(case)
    person = current_person()
    if case.step is Step.REGISTER:
        return _register(case)
    if case.step is Step.NEW_PASSWORD:
        return _take_over(case)
    if case.step is Step.CONFIRM and person is not None:
        if case.proof is Proof.LINK and key_of(person.email) == key_of(case.email):
            accounts.address_proved(person.id)
        return _given(case, person.id)
    if case.step is Step.GIVE:
        owner = claims.owner_of(case.email)
        if owner is not None:
            return _given(case, owner.id, signs_in=True)
    return _page(case, status=409)


def _register(case: Case) -> Any:
    form = NewAccountForm()
    form.account_email = case.email
    if not form.validate():
        return _page(case, form, status=422)
    commit()
    password_hash = passwords.hash_password(form.password.data or "")
    begin = orders.product_path(case.first.offer.product_id)
    try:
        made = accounts.register_buyer(
            email=case.email,
            name=form.name.data or "",
            password_hash=password_hash,
            verified=case.proof is Proof.LINK,
            next_path=begin,
        )
        claimed = claims.give(case.paid, made.id, case.proof)
    except Conflict as refusal:
        # Another window was quicker: an account with the address, or the purchase itself.
        rollback()
        flash(refusal.sentence, "info")
        return _private(redirect(case.address))
    entrance.end_presented_session()
    answer = entrance.give_cookie(redirect(begin), accounts.start_session(made.id, **entrance.device()))
    _say(claimed, made.email if not made.verified else "")
    return _leave(answer)


def _take_over(case: Case) -> Any:
    form = NewPasswordForm()
    form.account_email = case.email
    if not form.validate():
        return _page(case, form, status=422)
    commit()
    new_hash = passwords.hash_password(form.password.data or "")
    owner = claims.owner_of(case.email)
    if owner is None:
        return _private(redirect(case.address))
    accounts.take_over(owner.id, new_hash)
    return _given(case, owner.id, signs_in=True)


def _given(case: Case, person_id: int, *, signs_in: bool = False) -> Any:
    try:
        claimed = claims.give(case.paid, person_id, case.proof)
    except Conflict as refusal:
        rollback()
        flash(refusal.sentence, "info")
        return _private(redirect(PAGE))
    begin = orders.product_path(case.first.offer.product_id)
    person = current_person()
    goes_in = person is not None and person.id == person_id
    _say(claimed, "")
    return _leave(redirect(begin if goes_in or not signs_in else entrance.with_next("/login", begin)))


def _say(claimed: claims.Claimed, unverified: str) -> None:
    for order in claimed.orders:
        if order in claimed.twice:
            flash(
                _(
                    "You had %(product)s already, and have paid for it twice now. Write to us, and we send the money "
                    "of order %(number)s back.",
                    product=order.offer.product_name,
                    number=order.number,
                ),
                "warn",
            )
        else:
            flash(_("%(product)s is yours.", product=order.offer.product_name), "good")
    if unverified:
        flash(_("We sent a mail to %(email)s. Confirm the address when you find the time.", email=unverified), "info")


def _leave(answer: Response) -> Response:
    """Done; the browser's secret goes with the last order that it spoke for."""
    if browser.token() and not claims.of_browser(browser.token()):
        browser.take(answer)
    return _private(answer)


def _page(case: Case, form: Any = None, *, status: int = 200) -> Response:
    if form is None:
        form = NewPasswordForm(formdata=None) if case.step is Step.NEW_PASSWORD else NewAccountForm(formdata=None)
    next_step = case.step.value if case.paid else case.first.state.value
    sign_in = entrance.with_next("/login", f"{PAGE}?order={case.first.number}")
    return _private(render("commerce/claim.html", case=case, shows=next_step, form=form, sign_in=sign_in), status)


def _ask_for_address(form: LinkForm, problem: Problem | None = None, *, status: int = 200) -> Response:
    return _private(render("commerce/claim_ask.html", form=form, problem=problem), status)


def _dead(problem: ClaimLinkDead) -> Response:
    return _ask_for_address(LinkForm(formdata=None), problem, status=problem.status)


def _private(answer: Any, status: int | None = None) -> Response:
    """Kept by nobody, and its address told to nobody: it may hold the mailed secret."""
    response = make_response(answer) if status is None else make_response(answer, status)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
