"""The checkout: what is bought, by whom, what is agreed to, and on to where it is paid."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, make_response, request
from flask_babel import get_locale

from lms.accounts import addresses
from lms.base import clock
from lms.base.ids import new_token
from lms.base.problem import Conflict, Problem
from lms.commerce import browser, checkout_links, checkout_settings, consents, policies, providers, services
from lms.commerce.checkout_forms import CheckoutForm
from lms.commerce.services import AlreadyOwned, NotForYou, OfferView, OrderView
from lms.commerce.views import blueprint
from lms.db import commit, rollback
from lms.web import CurrentPerson, current_person, flash, public, rate_limit, redirect, render
from lms.web.access import sign_in_address

_HOUR = 60 * 60


@blueprint.get("/checkout/<public_id>")
@public
def checkout(public_id: str) -> Any:
    """What can be bought, and what happens next."""
    offer, person = _offer(public_id), current_person()
    if person is None:
        if not _is_for_guests(offer):
            return redirect(sign_in_address())
        # Two presses of Buy are one order only if the browser is known before the first of them.
        return browser.give(_page(offer, _form(None)))
    refusal = services.already(person.id, offer, clock.now()) or services.not_for(person.id, offer, clock.now())
    if refusal is not None:
        return _elsewhere(refusal)
    return _page(offer, _form(person))


@blueprint.post("/checkout/<public_id>")
@public
def confirm(public_id: str) -> Any:
    """Make the order, then send the buyer to where it is paid."""
    addressed, person = _offer(public_id), current_person()
    offer = _offer(request.form.get("offer", public_id))
    if offer.product_id != addressed.product_id:
        abort(404)
    if person is None and not _is_for_guests(offer):
        return redirect(sign_in_address())
    wanted, form = request.form.get("provider", ""), _form(person)
    form.asks_consent = offer.kind != "free"
    if not form.validate():
        return _page(offer, form, wanted, status=422)
    secret = "" if person is not None else browser.token() or new_token()
    try:
        provider = services.provider_for(offer, wanted, guest=person is None)
        order = _place(person, form, offer, provider.name, secret)
    except (AlreadyOwned, NotForYou) as refusal:
        return _elsewhere(refusal)
    except Conflict as refusal:
        return _page(offer, form, wanted, refusal, status=refusal.status)
    consents.keep(order.id, form.agreed)
    commit()
    try:
        answer = redirect(providers.start(provider, order, checkout_links.back(order)))
    except Problem as problem:
        rollback()
        answer = _page(offer, form, wanted, problem, status=problem.status)
    return browser.give(answer, secret) if secret else answer


def _elsewhere(refusal: AlreadyOwned | NotForYou) -> Response:
    """To where this person goes on instead, with a sentence why."""
    flash(f"{refusal.sentence} {refusal.next_step}".strip(), "info")
    return redirect(refusal.path)


def _place(person: CurrentPerson | None, form: CheckoutForm, offer: OfferView, provider: str, secret: str) -> OrderView:
    wishes = checkout_links.wishes(offer, request.form)
    if person is not None:
        return services.place_order(person.id, offer.id, provider, clock.now(), wishes=wishes)
    email = str(form.email.data)
    # Counted for every address alike, so that nobody learns here who has an account.
    rate_limit("commerce.guest.from", request.remote_addr, 60, _HOUR)
    rate_limit("commerce.guest.to", addresses.key_of(email), 20, _HOUR)
    language = str(get_locale() or "")
    return services.place_guest_order(
        email, offer.id, provider, clock.now(), browser=secret, locale=language, wishes=wishes
    )


def _offer(public_id: str) -> OfferView:
    offer = services.offer_by_public_id(public_id)
    if offer is None or not services.is_sold(offer):
        abort(404)
    return offer


def _is_for_guests(offer: OfferView) -> bool:
    """Whether somebody without an account may buy it now; everybody else signs in first."""
    if not checkout_settings.guests_may_buy() or offer.open_to_id is not None:
        return False
    return offer in services.till((offer,), guest=True).offers


def _form(person: CurrentPerson | None) -> CheckoutForm:
    return CheckoutForm(for_guest=person is None, wishes=consents.wishes())


def _page(
    offer: OfferView, form: CheckoutForm, wanted: str = "", problem: Problem | None = None, *, status: int = 200
) -> Response:
    person = current_person()
    person_id = person.id if person is not None else None
    beside = services.open_to(services.offers_of_product(offer.product_id), person_id, clock.now())
    till = services.till(services.without_used_days(person_id, beside), guest=person is None)
    chosen = next((each for each in till.offers if each.id == offer.id), next(iter(till.offers), None))
    said = checkout_links.said(request.values)
    # Whoever paid in one way before most likely does so again.
    remembered = services.last_provider(person.id) if person is not None and len(till.ways) > 1 else ""
    drawn = render(
        "commerce/checkout.html",
        offer=offer,
        offers=till.offers,
        chosen=chosen,
        ways=till.ways,
        way=till.way(chosen, wanted, remembered) if chosen else None,
        reason=till.reason,
        may_connect=person is not None and person.can(policies.CONNECT),
        problem=problem,
        back=services.sales_path(offer.product_id),
        form=form,
        said=said,
        code=checkout_links.own_code(chosen, said) if chosen else "",
        sign_in=sign_in_address(),
    )
    response = make_response(drawn, status)
    response.headers["Cache-Control"] = "private, no-store"
    return response
