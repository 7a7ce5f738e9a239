"""An order becomes a Checkout Session: one customer, one open session per order, however many windows are open."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from lms.api import accounts, clock, commerce, db, settings
from lms.api.problem import Conflict, Unavailable
from lms.api.web import site_url
from lms.extend import Service
from lms_stripe import catalog, client, connections, customers, operations, simulator_clock, sync
from lms_stripe.failures import KeyRefused, Missing, Refused, StripeFailure, for_buyers
from lms_stripe.models import Checkout, Connection, Customer, Subscription

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


def _address(connection: Connection, order: Any, customer_id: str, cancel_path: str) -> str:
    price_id = catalog.ensure_price(connection, order.offer)
    row = _claim(connection, order, customer_id, price_id)
    if row.status == "open" and row.session_id:
        settled = _look_again(connection, row)
        if settled:
            return settled
        row = _claim(connection, order, customer_id, price_id)
    if row.status == "open" and row.url:
        return settings.unseal(_place(row.reference), row.url)
    return _create(connection, order, row, cancel_path)


def _claim(connection: Connection, order: Any, customer_id: str, price_id: str) -> Checkout:
    """The unfinished checkout of the order with the same terms, or a new row. Commits.

    The customer's row is held meanwhile (SQLite has one writer anyway): two windows get the same checkout.
    """
    held = select(Customer.id).filter_by(connection_id=connection.id, stripe_id=customer_id).with_for_update()
    db.session.execute(held)
    terms = _terms(order.offer)
    terms_hash = operations.params_hash(
        {"price": price_id, "customer": customer_id, "coupons": _takes_coupons(), "offer": terms}
    )
    now = clock.now()
    query = select(Checkout).where(
        Checkout.connection_id == connection.id,
        Checkout.order_id == order.id,
        Checkout.params_hash == terms_hash,
        Checkout.status.in_(("creating", "open")),
        Checkout.expires_at > now,
    )
    row = db.session.scalar(query.order_by(Checkout.id.desc()).execution_options(populate_existing=True).limit(1))
    if row is None:
        row = Checkout(
            connection_id=connection.id,
            reference=str(uuid.uuid4()),
            order_id=order.id,
            offer_id=order.offer.id,
            price_id=price_id,
            customer_id=customer_id,
            person_id=order.person_id,
            mode="subscription" if order.offer.kind == "subscription" else "payment",
            status="creating",
            params_hash=terms_hash,
            currency=order.currency,
            expires_at=(now + _LIFETIME).replace(microsecond=0),
        )
        db.session.add(row)
    db.commit()
    return row


def _terms(offer: Any) -> dict[str, Any]:
    return {"kind": offer.kind, "trial_days": offer.trial_days}


def _takes_coupons() -> bool:
    return bool(settings.get(connections.SECTION, "allow_coupons", True))


def _look_again(connection: Connection, row: Checkout) -> str:
    """Ask Stripe about an open session before it is handed out again; where to go instead if it is settled."""
    sync.checkout(connection.id, str(row.session_id))
    db.session.refresh(row)
    if row.status == "fulfilled":
        path = commerce.after_purchase_path(row.order_id)
    elif row.status == "awaiting_payment":
        found = commerce.find_order(row.order_id)
        path = found.path if found is not None else "/account/billing"
    else:
        path = ""
    db.commit()
    return path


def _create(connection: Connection, order: Any, row: Checkout, cancel_path: str) -> str:
    params = _params(connection, order, row, cancel_path)
    stripe = connections.client_of(connection)
    try:
        made = operations.make(
            connection.id,
            "checkout.create",
            row.reference,
            params,
            lambda given, key: stripe.v1.checkout.sessions.create(given, {"idempotency_key": key}),  # type: ignore[arg-type]
        )
    except (Missing, Refused):
        row.status = "failed"
        db.commit()
        raise
    value = made.value
    if value is None:
        # Another window made it just now; its address is either stored already, or Stripe tells it again.
        db.commit()
        with client.outside():
            value = client.plain(stripe.v1.checkout.sessions.retrieve(made.stripe_id))
    address = str(value.get("url") or "")
    if not address:
        raise Unavailable(_("This checkout is closed. Begin again."))
    db.session.refresh(row)
    if row.status == "creating":
        row.status = "open"
    row.session_id, row.url = made.stripe_id, settings.seal(_place(row.reference), address)
    db.commit()
    return address


def _place(reference: str) -> str:
    return f"stripe_checkout.{reference}"


def _params(connection: Connection, order: Any, row: Checkout, cancel_path: str) -> dict[str, Any]:
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
