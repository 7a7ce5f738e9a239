"""An order becomes a Checkout Session: one customer, one open session per order, however many windows are open."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from lms.api import accounts, clock, commerce, db, settings
from lms.api.problem import Conflict, Unavailable
from lms.api.web import site_url
from lms.extend import PriceList, ProviderRecord, RefundAnswer, RefundRequest, SealedColumn, Service
from lms_stripe import (
    catalog,
    client,
    connections,
    currencies,
    customers,
    operations,
    picking,
    promotions,
    records,
    refunds,
    simulator_clock,
    sync,
    tax,
    testers,
)
from lms_stripe.connections import Connection
from lms_stripe.failures import KeyRefused, Missing, Refused, StripeFailure, for_buyers
from lms_stripe.models import Checkout, ConnectionRow, Customer

# Stripe takes 30 minutes to 24 hours. Long enough for an afternoon's thought.
_LIFETIME = timedelta(hours=6)


class StripePayments(Service):
    """Sells through the connection that is marked as selling."""

    kind = "payment_provider"
    name = "stripe"
    label = _l("Card and more")
    description = _l("You pay on Stripe’s page, by card, bank debit and whatever else it offers, and come back here.")

    links = {
        "pay": "stripe/update-payment-method",
        "manage": "stripe/customer-portal",
    }

    def can_sell(self, offer: Any) -> bool | str:
        """True, or a sentence why not; from our database only."""
        if offer.kind not in catalog.SELLABLE:
            return _("Stripe does not sell this kind of offer.")
        connection = connections.selling()
        if connection is None:
            return _("Payments are not connected yet.")
        if connections.moved_from(connection):
            return _("Payments wait for the owner: this site has moved or is a copy.")
        return currencies.can_charge(offer.amount, offer.currency)

    def takes_guests(self, offer: Any) -> bool:
        """Whether people without an account may buy: in test mode only staff and testers do, who sign in."""
        connection = connections.selling()
        return connection is not None and connection.mode != "test"

    def start(self, order: Any, cancel_path: str) -> str:
        """The address of the buyer's Checkout Session: a new one, or the one that is open already.

        Called with the order committed. Raises ``Problem``: Stripe does not answer, not on sale yet.
        """
        try:
            return start(order, cancel_path)
        except KeyRefused as failure:
            connections.degrade(_selling_id(), failure.sentence, status="revoked")
            db.commit()
            raise for_buyers(failure) from failure
        except StripeFailure as failure:
            raise for_buyers(failure) from failure

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Send money back at Stripe."""
        return refunds.refund(request)

    def price_lists(self, offer: commerce.OfferView | None) -> Iterable[PriceList]:
        """The prices that are there at Stripe, of the test and of the live connection."""
        return picking.price_lists(offer)

    def pick(self, offer: commerce.OfferView, name: str, reference: str) -> None:
        """Sell the offer with one of them."""
        picking.pick(offer, name, reference)

    def read_prices(self) -> None:
        """Read them now."""
        picking.read()

    def records(self, order: Any) -> Iterable[ProviderRecord]:
        """Sessions, events and readings of the order."""
        return records.records(order)

    def addresses_of(self, references: Collection[str]) -> dict[str, str]:
        """Stripe's own pages about payments and subscriptions."""
        return records.addresses_of(references)

    def orders_with(self, reference: str) -> Iterable[int]:
        """Orders that something at Stripe belongs to."""
        return records.orders_with(reference)


def _selling_id() -> int:
    connection = connections.selling()
    return connection.id if connection is not None else 0


def start(order: Any, cancel_path: str) -> str:
    """See ``StripePayments.start``; raises ``StripeFailure`` as it comes."""
    connection = connections.selling()
    if connection is None:
        raise Unavailable(_("Payments are not connected yet."))
    person = accounts.person(order.person_id) if order.person_id is not None else None
    if connections.moved_from(connection):
        # A copy with the real key would sell in the name of the site that it was copied from.
        raise Unavailable(_("This is not on sale right now."))
    if connection.mode == "test" and (person is None or not testers.may_buy(person)):
        raise Conflict(_("This is not on sale yet."), next_step=_("Come back later: it is still being prepared."))
    db.commit()
    simulator_clock.follow()
    customer_id = _customer(connection, person)
    try:
        return _address(connection, order, customer_id, cancel_path)
    except (Missing, Refused) as failure:
        if failure.param == "customer":
            customers.mark_deleted(connection.id, customer_id)
        elif "price" in failure.param:
            catalog.forget_price(connection.id, order.offer)
        elif failure.param.startswith("discounts"):
            # A code for first purchases, say, or for another currency.
            if order.offer.promotion != "fixed":
                raise promotions.refusal(order) from failure
            return _address(connection, order, customer_id, cancel_path, takes_codes=False)
        else:
            raise
        # Gone at Stripe since we last looked: made again, once.
        db.commit()
        return _address(connection, order, _customer(connection, person), cancel_path)


def _customer(connection: Connection, person: Any) -> str:
    """The person's customer; "" for a guest, whom Stripe makes one for when they have paid. Commits."""
    return customers.ensure(connection, person) if person is not None else ""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A checkout of ours, as read."""

    id: int
    reference: str
    order_id: int
    session_id: str | None
    url: str
    status: str
    mode: str
    price_id: str
    customer_id: str
    expires_at: datetime


_READ = select(*(getattr(Checkout, each.name) for each in fields(_Draft)))


def _address(
    connection: Connection, order: Any, customer_id: str, cancel_path: str, *, takes_codes: bool = True
) -> str:
    price_id = catalog.ensure_price(connection, order.offer)
    discounts = promotions.params_of(connection, order) if takes_codes else promotions.NOTHING
    draft = _claim(connection, order, customer_id, price_id, cancel_path, discounts)
    if draft.status == "open":
        settled = _look_again(connection, draft)
        if settled:
            return settled
        draft = _claim(connection, order, customer_id, price_id, cancel_path, discounts)
    if draft.status == "open":
        return settings.unseal(_place(draft.reference), draft.url)
    address = _create(connection, order, draft, cancel_path, discounts)
    _close_others(connection, draft)
    return address


def _claim(
    connection: Connection, order: Any, customer_id: str, price_id: str, cancel_path: str, discounts: dict[str, Any]
) -> _Draft:
    """The unfinished checkout of the order with the same terms, or a new one. Commits.

    The customer's row is held meanwhile, a guest's connection (SQLite has one writer anyway): two windows get the same
    checkout.
    """
    held = select(Customer.id).filter_by(connection_id=connection.id, stripe_id=customer_id).with_for_update()
    if not customer_id:
        held = select(ConnectionRow.id).filter_by(id=connection.id).with_for_update(key_share=True)
    db.session.execute(held)
    offer = order.offer
    terms = {
        "price": price_id,
        "customer": customer_id or order.guest_email,
        "coupons": discounts,
        "trial": offer.trial_days,
        "card": offer.trial_method,
        "back": cancel_path,
    }
    terms |= {"tax": True} if tax.is_asked_for(connection) else {}
    terms_hash = operations.params_hash(terms)
    now = clock.now()
    unfinished = _READ.where(
        Checkout.connection_id == connection.id,
        Checkout.order_id == order.id,
        Checkout.params_hash == terms_hash,
        Checkout.status.in_(("creating", "open")),
        Checkout.expires_at > now,
    )
    row = db.session.execute(unfinished.order_by(Checkout.id.desc()).limit(1)).one_or_none()
    if row is None:
        made = Checkout(
            connection_id=connection.id,
            reference=str(uuid.uuid4()),
            order_id=order.id,
            offer_id=offer.id,
            price_id=price_id,
            customer_id=customer_id,
            person_id=order.person_id,
            mode="subscription" if offer.is_subscription else "payment",
            params_hash=terms_hash,
            currency=order.currency,
            expires_at=(now + _LIFETIME).replace(microsecond=0),
        )
        db.session.add(made)
        db.session.flush()  # its id is read below
        row = db.session.execute(_READ.where(Checkout.id == made.id)).one()
    db.commit()
    return _Draft(*row)


def _look_again(connection: Connection, draft: _Draft) -> str:
    """Ask Stripe about an open session before it is handed out again; where to go instead if it is settled."""
    sync.checkout(connection.id, str(draft.session_id))
    status = db.session.scalar(select(Checkout.status).where(Checkout.id == draft.id))
    path = ""
    if status == "fulfilled":
        path = commerce.after_purchase_path(draft.order_id)
    elif status == "awaiting_payment":
        order = commerce.find_order(draft.order_id)
        path = order.path if order is not None else "/account/billing"
    db.commit()
    return path


def _create(connection: Connection, order: Any, draft: _Draft, cancel_path: str, discounts: dict[str, Any]) -> str:
    params = _params(connection, order, draft, cancel_path, discounts)
    stripe = connections.client_of(connection)
    try:
        made = operations.make(
            connection.id,
            "checkout.create",
            draft.reference,
            params,
            lambda given, key: stripe.v1.checkout.sessions.create(given, {"idempotency_key": key}),  # type: ignore[arg-type]
        )
    except (Missing, Refused):
        _change(draft.id, status="failed")
        db.commit()
        raise
    value = made.value
    if value is None:
        # Another window made it just now: Stripe tells its address again.
        with client.outside():
            value = client.plain(stripe.v1.checkout.sessions.retrieve(made.stripe_id))
    address = str(value.get("url") or "")
    if not address:
        raise Unavailable(_("This checkout is closed. Begin again."))
    _change(draft.id, session_id=made.stripe_id, url=settings.seal(_place(draft.reference), address))
    db.session.execute(
        update(Checkout).where(Checkout.id == draft.id, Checkout.status == "creating").values(status="open")
    )
    db.commit()
    return address


def _change(checkout_id: int, **values: Any) -> None:
    db.session.execute(update(Checkout).where(Checkout.id == checkout_id).values(**values))


def _close_others(connection: Connection, draft: _Draft) -> None:
    """Sessions of the order with other terms must not be paid as well. Commits."""
    query = select(Checkout.session_id).filter_by(connection_id=connection.id, order_id=draft.order_id, status="open")
    others = list(db.session.scalars(query.where(Checkout.id != draft.id)))
    stripe = connections.client_of(connection)
    db.commit()
    for session_id in others:
        try:
            with client.outside():
                stripe.v1.checkout.sessions.expire(str(session_id))
        except StripeFailure:
            # Paid or expired meanwhile, or Stripe is busy: reading it says which.
            sync.checkout(connection.id, str(session_id))


_PLACE = "stripe_checkout.{}"
sealed = SealedColumn(name="address", column=Checkout.url, key=Checkout.reference, place=_PLACE)


def _place(reference: str) -> str:
    return _PLACE.format(reference)


def _params(
    connection: Connection, order: Any, row: _Draft, cancel_path: str, discounts: dict[str, Any]
) -> dict[str, Any]:
    """The same for the same row, so that a request that is sent again is the same request."""
    marks = {"site_id": connection.site_id, "order": str(order.id)}
    marks |= {"person": str(order.person_id)} if row.customer_id else {}
    params: dict[str, Any] = {
        "mode": row.mode,
        "line_items": [{"price": row.price_id, "quantity": 1}],
        "client_reference_id": row.reference,
        # Nothing inherits a session's metadata, so it is said to each object that comes of it.
        "metadata": marks,
        # The braces stay as they are: Stripe fills in the id.
        "success_url": site_url("/ext/stripe/done?session_id={CHECKOUT_SESSION_ID}"),
        "cancel_url": site_url(cancel_path) if cancel_path.startswith("/") else cancel_path,
        "expires_at": int(row.expires_at.timestamp()),
    }
    if row.customer_id:
        params["customer"] = row.customer_id
    else:
        params["customer_email"] = order.guest_email
    if row.mode == "subscription":
        params |= _subscription(order.offer, marks)
    else:
        params["payment_intent_data"] = {"metadata": marks}
        # An invoice also for what is paid once, so that its buyer finds it in the portal.
        params["invoice_creation"] = {"enabled": True, "invoice_data": {"metadata": marks}}
        if not row.customer_id:
            # Stripe makes one by itself for subscriptions only, and without one there is no portal later.
            params["customer_creation"] = "always"
    params |= discounts
    if tax.is_asked_for(connection):
        params["automatic_tax"] = {"enabled": True}
        # Tax follows from where the buyer is, and an address typed at checkout counts only once it is kept.
        if row.customer_id:
            params["customer_update"] = {"address": "auto", "name": "auto"}
    return params


def _subscription(offer: Any, marks: dict[str, str]) -> dict[str, Any]:
    """What becomes the subscription. Whether this person gets free days was decided with the order."""
    data: dict[str, Any] = {"metadata": marks}
    if offer.instalments:
        data["metadata"] = marks | {"instalments": str(offer.instalments)}
    if not offer.trial_days:
        return {"subscription_data": data}
    data["trial_period_days"] = offer.trial_days
    if offer.trial_method:
        return {"subscription_data": data}
    data["trial_settings"] = {"end_behavior": {"missing_payment_method": "cancel"}}
    return {"subscription_data": data, "payment_method_collection": "if_required"}
