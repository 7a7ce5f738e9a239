"""Orders of people without an account: placing them, finding them again, and making them somebody's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select

from lms.access import services as access
from lms.accounts import addresses
from lms.accounts import services as accounts
from lms.audit import services as audit
from lms.base import clock
from lms.base.ids import token_hash
from lms.base.problem import Conflict, NotFound, Problem
from lms.commerce import claim_links, claim_rules, mails, offers, orders, payments, subscriptions
from lms.commerce.claim_rules import Owner, Proof, Step
from lms.commerce.events import OrderClaimed
from lms.commerce.facts import OrderState
from lms.commerce.models import Claim, Offer, Order
from lms.commerce.offer_view import FREE, OfferView
from lms.commerce.orders import NO_WISHES, AlreadyOwned, OrderView, PaymentOnItsWay, Wishes
from lms.db import session
from lms.host.bus import emit

BROWSER_LIFETIME = timedelta(days=7)
_MOST_LETTERS = 5
_MOST = 20


@dataclass(frozen=True, slots=True)
class Claimed:
    """What became somebody's. ``twice``: of these the person had the product already, or a subscription to it."""

    orders: tuple[OrderView, ...]
    twice: tuple[OrderView, ...]


def place_guest_order(
    email: str,
    offer_id: int,
    provider: str,
    now: datetime,
    *,
    browser: str,
    locale: str = "",
    wishes: Wishes = NO_WISHES,
) -> OrderView:
    """The open order of this browser for this offer with this provider: a new one, or the one that is open already.

    ``browser`` is the secret in the browser's cookie. Whether the address has an account is neither asked nor told
    here. Raises ``AddressInvalid``; ``NotFound`` for an offer that is not sold; ``NotForYou`` for one that is kept for
    owners of a product; ``AlreadyOwned`` and ``PaymentOnItsWay`` for what this browser has bought with the address and
    not claimed yet. ``now`` is domain time, UTC.
    """
    address = addresses.parse(email)
    _lock_offer(offer_id)
    offer = offers.find_offer(offer_id)
    if offer is None or not orders.is_sold(offer):
        raise NotFound(_("This offer is not sold any longer."), next_step=_("The course page shows what is."))
    if offer.kind == FREE:
        raise Problem(_("What is free needs an account."), next_step=_("Sign in, or make one."), status=422)
    refusal = orders.not_for(None, offer, now)
    if refusal is not None:
        raise refusal
    terms = orders.agreed(None, offer, now)
    mine = _of_browser(browser) & (Claim.email_key == address.key)
    _refuse_second(mine, offer)
    query = orders.select_orders().where(
        mine, Order.state == OrderState.OPEN, Order.provider == provider,
        Offer.id == offer_id,
    )  # fmt: skip
    row = session.execute(query.order_by(Order.id).limit(1)).first()
    if row is not None:
        return orders.renew(orders.view(row), terms, wishes)
    made = orders.make(None, terms, provider, now, wishes)
    claim = Claim(
        order_id=made.id,
        email=address.email,
        email_key=address.key,
        locale=locale,
        browser_hash=token_hash(browser),
        browser_until=clock.real_now() + BROWSER_LIFETIME,
    )
    session.add(claim)
    session.flush()  # the view reads the address
    placed = orders.find_order(made.id)
    assert placed is not None  # noqa: S101  it was written above
    return placed


def of_browser(browser: str) -> tuple[OrderView, ...]:
    """What the browser ordered and nobody has claimed, newest first; without what was never carried out."""
    if not browser:
        return ()
    unfinished = (OrderState.OPEN, OrderState.EXPIRED)
    query = orders.select_orders().where(_of_browser(browser), Order.state.not_in(unfinished))
    found = session.execute(query.order_by(Order.id.desc()).limit(_MOST))
    return tuple(order for order in map(orders.view, found))


def is_of_browser(order_id: int, browser: str) -> bool:
    """Whether the order was made in this browser, and nobody has claimed it."""
    if not browser:
        return False
    query = select(Claim.id).join(Order, Order.id == Claim.order_id).where(_of_browser(browser))
    return session.scalar(query.where(Claim.order_id == order_id)) is not None


def waiting_for(person: Any) -> tuple[OrderView, ...]:
    """What was paid for with the address of the person, if they have confirmed it, and nobody has claimed."""
    return _paid(Claim.email_key == addresses.key_of(person.email)) if person.verified else ()


def of_link(token: str) -> tuple[OrderView, ...]:
    """The order of a mailed link, and all else that was paid for with its address. Raises ``ClaimLinkDead``."""
    order_id = claim_links.order_of(token)
    address = select(Claim.email_key).where(Claim.order_id == order_id).scalar_subquery()
    return _paid(or_(Claim.order_id == order_id, Claim.email_key == address))


def owner_of(email: str) -> Owner | None:
    """The account that has the address."""
    found = accounts.by_email(email)
    return Owner(found.id, found.verified, found.is_blocked) if found is not None else None


def step_for(found: Iterable[OrderView], proof: Proof, signed_in_id: int | None) -> Step:
    """What the visitor may do with these orders, which were ordered with one address."""
    first = next(iter(found), None)
    return claim_rules.step(proof, owner_of(first.guest_email), signed_in_id) if first else Step.NOTHING


def give(found: Iterable[OrderView], person_id: int, proof: Proof) -> Claimed:
    """Make the orders the person's, and open what they bought. The rules were asked before.

    Raises ``Conflict`` when somebody else has claimed one of them meanwhile; what the person has already is left.
    """
    given, twice = [], []
    for order_id in sorted(order.id for order in found):
        row = orders.lock_order(order_id)
        if row.person_id is not None:
            if row.person_id == person_id:
                continue
            raise Conflict(
                _("This purchase belongs to an account already."), next_step=_("Sign in with it to see the order.")
            )
        had_it = _has(person_id, row)
        claim = session.scalars(select(Claim).where(Claim.order_id == order_id)).one()
        claim.claimed_at, claim.claimed_by = clock.real_now(), proof.value
        payments.give_to(row, person_id)
        view = orders.find_order(order_id)
        assert view is not None  # noqa: S101  its row is held
        given.append(view)
        twice += [view] if had_it else []
        _record(view, person_id, proof, had_it)
    return Claimed(tuple(given), tuple(twice))


def send_links(email: str) -> None:
    """A new link for what was paid for with the address and nobody has claimed; nothing for any other address."""
    for order in _paid(Claim.email_key == addresses.key_of(email))[:1]:
        letters = session.scalar(select(Claim.letters).where(Claim.order_id == order.id)) or 0
        if letters < _MOST_LETTERS:
            mails.guest_link(order, claim_links.issue(order.id))


def _record(order: OrderView, person_id: int, proof: Proof, had_it: bool) -> None:
    subject = f"order/{order.number}"
    audit.record("order.claimed", actor_id=person_id, subject=subject, detail={"proof": proof.value})
    if had_it:
        audit.record("order.bought_twice", actor_id=person_id, subject=subject)
    person = accounts.person(person_id)
    if person is not None and addresses.key_of(person.email) != addresses.key_of(order.guest_email):
        mails.claimed_elsewhere(order, person)
    emit(OrderClaimed(order.id, person_id))


def _has(person_id: int, row: Order) -> bool:
    order = orders.find_order(row.id)
    assert order is not None  # noqa: S101  its row is held
    product_id = order.offer.product_id
    if access.decide_product(person_id, product_id, clock.now()).allowed:
        return True
    return subscriptions.running_subscription(person_id, product_id=product_id) is not None


def _lock_offer(offer_id: int) -> None:
    """One guest's order for an offer at a time, so that any number of presses make one; there is no person to hold."""
    session.execute(select(Offer.id).where(Offer.id == offer_id).with_for_update(key_share=True))


def _of_browser(browser: str) -> ColumnElement[bool]:
    is_mine = (Claim.browser_hash == token_hash(browser)) & Order.purged_at.is_(None)
    return is_mine & (Claim.browser_until > clock.real_now()) & Order.person_id.is_(None)


def _refuse_second(mine: ColumnElement[bool], offer: OfferView) -> None:
    settled = (OrderState.PAID, OrderState.AWAITING, OrderState.HELD)
    query = orders.select_orders().where(mine, Offer.product_id == offer.product_id, Order.state.in_(settled))
    for order in map(orders.view, session.execute(query)):
        if order.state is not OrderState.PAID:
            raise PaymentOnItsWay(_("Your payment for this is on its way."), orders.CLAIM_PATH)
        if not payments.is_sent_back(order.id):
            raise AlreadyOwned(_("You have paid for this already. Make it yours here."), orders.CLAIM_PATH)


def _paid(which: ColumnElement[bool]) -> tuple[OrderView, ...]:
    query = orders.select_orders().where(
        which, Order.person_id.is_(None), Order.state == OrderState.PAID, Order.purged_at.is_(None)
    )
    found = session.execute(query.order_by(Order.id.desc()).limit(_MOST))
    return tuple(map(orders.view, found))
