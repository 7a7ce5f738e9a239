"""Addresses for Stripe and for students: the hook, the ways back from Stripe, and the question which one."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, request
from flask_babel import gettext as _
from sqlalchemy import select

from lms.api import access, audit, clock, commerce, db
from lms.api.problem import NotFound
from lms.api.urls import origin
from lms.api.web import (
    TooMany,
    current_person,
    flash,
    public,
    rate_limit,
    redirect,
    render,
    sign_in_address,
    signed_in,
)
from lms_stripe import flows, inbox, links, mending, own, returning, simulator_clock, sync
from lms_stripe.blueprint import blueprint
from lms_stripe.flows import Question, Target
from lms_stripe.models import Checkout

# The same as for a click on a dynamic link, because each press makes a portal session.
_CHOICES_A_MINUTE = 30
# Whoever comes back from Stripe has gone there with a click before; each time Stripe is asked a few things.
_RETURNS_A_MINUTE = 30


@blueprint.post("/hook/<token>")
@public(csrf=False)
def hook(token: str) -> Response:
    """Where Stripe tells what happened."""
    # Also for a body that comes in pieces and does not say how long it is.
    request.max_content_length = inbox.MOST_BYTES
    answer = inbox.receive(token, request.get_data(cache=False), request.headers.get("Stripe-Signature"))
    # Also what a refused delivery leaves behind: the web layer forgets it for 4xx.
    db.commit()
    response = Response(answer.words, answer.status, mimetype="text/plain")
    if answer.status == 503:
        response.headers["Retry-After"] = "60"
    return response


@blueprint.get("/done")
@public(writes=True)
def done() -> Any:
    """Back from the checkout page: read what came of it, then go on. The id alone shows nothing to anybody else."""
    row = db.session.scalar(select(Checkout).where(Checkout.session_id == request.args.get("session_id", "")))
    order = commerce.find_order(row.order_id) if row is not None else None
    if row is None or order is None or not commerce.is_buyer(order):
        if current_person() is None:
            return redirect(sign_in_address())
        raise NotFound(
            _("This payment is not one of yours"), next_step=_("Sign in with the account that you bought with.")
        )
    if not _is_through(row, order) and _may_read(f"order {order.id}"):
        sync.checkout(row.connection_id, str(row.session_id))
        db.session.refresh(row)
    if row.status in {"fulfilled", "duplicate"}:
        return redirect(commerce.after_purchase_path(row.order_id))
    if row.status == "expired":
        flash(_("This checkout has expired. Nothing was charged."), "info")
        return redirect(order.offer.checkout_path)
    return redirect(commerce.order_path(order))


def _is_through(row: Checkout, order: commerce.OrderView) -> bool:
    """Whether nothing is left to read. A worker may have read the session, and its subscription not yet."""
    if row.status != "fulfilled":
        return row.status in {"failed", "expired"}
    if order.person_id is None:
        return order.state is commerce.OrderState.PAID
    return access.decide_product(order.person_id, order.offer.product_id, clock.now()).allowed


@blueprint.get("/return")
@public(writes=True)
def back() -> Any:
    """Back from the portal: read the person's customer anew, so that the next page is right before any webhook."""
    target, new_card_of = returning.read(request.args.get("to"))
    person = current_person()
    if person is not None and _may_read(f"person {person.id}"):
        known = own.customers(own.context_of(person))
        db.commit()
        for customer in known:
            # Whose portal it was is not told; most people have one, and nobody has many.
            sync.customer(customer.connection_id, customer.stripe_id)
        if new_card_of == person.id:
            mending.pay_what_is_owed(person.id)
        if not known:
            simulator_clock.follow()
    return redirect(target)


def _may_read(who: str) -> bool:
    """Whether this return reads at Stripe: not for HEAD, and not for those who come without end.

    They go where they wanted all the same; webhooks and the nightly look bring the rest.
    """
    if request.method == "HEAD":
        return False
    try:
        rate_limit("stripe.return", who, _RETURNS_A_MINUTE, 60)
    except TooMany:
        return False
    return True


@blueprint.get("/choose")
@signed_in
def choose() -> Any:
    """Several customers or subscriptions of the person fit a link: which one is meant?"""
    asked = flows.question(request.args.get("c"))
    options = [flows.option(target) for target in _targets(asked)]
    return render("stripe/choose.html", options=options, signed=request.args["c"], back=asked.back)


@blueprint.post("/choose")
@signed_in(writes=True)
def chosen() -> Any:
    """To the portal with the one that was meant: looked up among the person's own, never taken from the form."""
    asked = flows.question(request.form.get("c"))
    rate_limit("stripe.choose", f"person {_person_id()}", _CHOICES_A_MINUTE, 60)
    target = next((each for each in _targets(asked) if each.key == request.form.get("target")), None)
    if target is None:
        raise NotFound(_("This is not one of yours"), next_step=_("Open the page that holds the link, and press it."))
    person = current_person()
    address = flows.session(
        own.context_of(person), target, asked.back, str(asked.args.get("locale") or getattr(person, "locale", ""))
    )
    # Host only: the address of a portal session is as good as a key.
    detail = {"link": asked.link, "to": origin(address)}
    audit.record("stripe.portal_opened", actor_id=_person_id(), subject=f"link/stripe/{asked.link}", detail=detail)
    answer = redirect(address)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _targets(asked: Question) -> list[Target]:
    find = links.TARGETS.get(asked.link)
    if find is None:
        abort(404)
    return find(own.context_of(current_person()), asked.args)


def _person_id() -> int:
    person = current_person()
    assert person is not None  # noqa: S101  @signed_in lets nobody else in
    return person.id
