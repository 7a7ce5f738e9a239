"""An order becomes a Checkout Session: one customer, one open session per order, however many windows are open."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from lms.api import accounts, clock, commerce, db, settings
from lms.api.problem import Conflict, Unavailable
from lms.api.web import site_url
from lms.extend import Service
from lms_stripe import catalog, client, connections, customers, operations, simulator_clock, sync
from lms_stripe.connections import Connection
from lms_stripe.failures import KeyRefused, Missing, Refused, StripeFailure, for_buyers
from lms_stripe.models import Checkout, Customer, Subscription

# Stripe takes 30 minutes to 24 hours. Long enough for an afternoon's thought.
_LIFETIME = timedelta(hours=6)
_STAFF = frozenset({"owner", "creator"})


class StripePayments(Service):
    """Sells through the connection that is marked as selling."""

    kind = "payment_provider"
    name = "stripe"
    label = _l("Card, bank debit and more, through Stripe")

    def can_sell(self, offer: Any) -> bool | str:
        """True, or a sentence why not; from our database only."""
        if offer.kind not in catalog.SELLABLE:
            return _("Stripe does not sell this kind of offer.")
        if connections.selling() is None:
            return _("Payments are not connected yet.")
        return True

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


def _selling_id() -> int:
    connection = connections.selling()
    return connection.id if connection is not None else 0


def start(order: Any, cancel_path: str) -> str:
    """See ``StripePayments.start``; raises ``StripeFailure`` as it comes."""
    connection = connections.selling()
    if connection is None:
        raise Unavailable(_("Payments are not connected yet."))
    person = accounts.person(order.person_id)
    if person is None:
        raise Conflict(_("This account does not exist any longer."))
    if connection.mode == "test" and not _STAFF & set(person.roles):
        raise Conflict(_("This is not on sale yet."))
    db.commit()
    simulator_clock.follow()
    customer_id = customers.ensure(connection, person)
    try:
        return _address(connection, order, customer_id, cancel_path)
    except (Missing, Refused) as failure:
        if failure.param == "customer":
            customers.mark_deleted(connection.id, customer_id)
        elif "price" in failure.param:
            catalog.forget_price(connection.id, order.offer)
        else:
            raise
        # Gone at Stripe since we last looked: made again, once.
        db.commit()
        return _address(connection, order, customers.ensure(connection, person), cancel_path)


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


def _address(connection: Connection, order: Any, customer_id: str, cancel_path: str) -> str:
    price_id = catalog.ensure_price(connection, order.offer)
    draft = _claim(connection, order, customer_id, price_id)
    if draft.status == "open":
        settled = _look_again(connection, draft)
        if settled:
            return settled
        draft = _claim(connection, order, customer_id, price_id)
    if draft.status == "open":
        return settings.unseal(_place(draft.reference), draft.url)
    address = _create(connection, order, draft, cancel_path)
    _close_others(connection, draft)
    return address


def _claim(connection: Connection, order: Any, customer_id: str, price_id: str) -> _Draft:
    """The unfinished checkout of the order with the same terms, or a new one. Commits.

    The customer's row is held meanwhile (SQLite has one writer anyway): two windows get the same checkout.
    """
    held = select(Customer.id).filter_by(connection_id=connection.id, stripe_id=customer_id).with_for_update()
    db.session.execute(held)
    offer = order.offer
    terms = {"price": price_id, "customer": customer_id, "coupons": _takes_coupons(), "trial": offer.trial_days}
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
            mode="subscription" if offer.kind == "subscription" else "payment",
            params_hash=terms_hash,
            currency=order.currency,
            expires_at=(now + _LIFETIME).replace(microsecond=0),
        )
        db.session.add(made)
        db.session.flush()  # its id is read below
        row = db.session.execute(_READ.where(Checkout.id == made.id)).one()
    db.commit()
    return _Draft(*row)


def _takes_coupons() -> bool:
    return bool(settings.get(connections.SECTION, "allow_coupons", True))


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


def _create(connection: Connection, order: Any, draft: _Draft, cancel_path: str) -> str:
    params = _params(connection, order, draft, cancel_path)
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


def _place(reference: str) -> str:
    return f"stripe_checkout.{reference}"


def _params(connection: Connection, order: Any, row: _Draft, cancel_path: str) -> dict[str, Any]:
    """The same for the same row, so that a request that is sent again is the same request."""
    marks = {"site_id": connection.site_id, "order": str(order.id), "person": str(order.person_id)}
    params: dict[str, Any] = {
        "mode": row.mode,
        "customer": row.customer_id,
        "line_items": [{"price": row.price_id, "quantity": 1}],
        "client_reference_id": row.reference,
        # Nothing inherits a session's metadata, so it is said to each object that comes of it.
        "metadata": marks,
        # The braces stay as they are: Stripe fills in the id.
        "success_url": site_url("/ext/stripe/done?session_id={CHECKOUT_SESSION_ID}"),
        "cancel_url": site_url(cancel_path),
        "expires_at": int(row.expires_at.timestamp()),
    }
    if row.mode == "subscription":
        params["subscription_data"] = {"metadata": marks}
        if order.offer.trial_days and not _had_one(connection.id, order.person_id, row.order_id):
            params["subscription_data"]["trial_period_days"] = order.offer.trial_days
    else:
        params["payment_intent_data"] = {"metadata": marks}
        # An invoice also for what is paid once, so that its buyer finds it in the portal.
        params["invoice_creation"] = {"enabled": True, "invoice_data": {"metadata": marks}}
    if _takes_coupons():
        params["allow_promotion_codes"] = True
    return params


def _had_one(connection_id: int, person_id: int, order_id: int) -> bool:
    query = select(Subscription.id).filter_by(connection_id=connection_id, person_id=person_id)
    began = Subscription.status.not_in(("incomplete", "incomplete_expired"))
    return db.session.scalar(query.where(began, Subscription.order_id != order_id).limit(1)) is not None
