"""What was read at Stripe, written into our rows and told to commerce. Called by ``sync`` inside one transaction.

Objects with neither our mark nor a price of ours are foreign: another product of the same account. They leave no trace.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select, update

from lms.api import audit, clock, commerce, db
from lms_stripe import catalog, connections, customers, facts, instalments, operations, portal
from lms_stripe.connections import Connection
from lms_stripe.models import Checkout, Customer, Payment, PortalConfiguration, Subscription, SubscriptionItem

PROVIDER = "stripe"
_log = logging.getLogger("lms_stripe")
# At Stripe these never change again.
_FINAL = frozenset({"canceled", "incomplete_expired"})
_UNFINISHED = ("creating", "open", "awaiting_payment", "fulfilled")


@dataclass(frozen=True, slots=True)
class Outcome:
    """``followers``: what has to be read next."""

    followers: tuple[tuple[str, str], ...] = field(default=())
    is_foreign: bool = False


Apply = Callable[[Connection, str, Mapping[str, Any]], Outcome]
FOREIGN = Outcome(is_foreign=True)


def apply_checkout(connection: Connection, session_id: str, fetched: Mapping[str, Any]) -> Outcome:
    """A Checkout Session: the order is paid, awaits its money, failed or expired."""
    reading = facts.read_checkout(fetched["session"], fetched["intent"])
    # By the reference only where our mark is on it, too: a payment link takes any reference from its address.
    is_ours = reading.metadata.get("site_id") == connection.site_id
    same = [Checkout.session_id == session_id, *([Checkout.reference == reading.reference] if is_ours else ())]
    row = db.session.scalar(select(Checkout).where(Checkout.connection_id == connection.id, or_(*same)))
    if row is None:
        return FOREIGN
    row.session_id = session_id
    row.subscription_id, row.invoice_id = reading.subscription_id, reading.invoice_id
    row.payment_intent_id = reading.payment_intent_id
    row.amount_total = reading.amount_total
    if reading.customer_id and not row.customer_id:
        _keep_guest(connection, row, reading.customer_id)
    if reading.state is None:
        _alert_unknown(connection, fetched["session"].get("payment_status"))
    elif row.status not in {"fulfilled", "duplicate"}:
        _SETTLE[reading.state](connection, row, reading)
    if row.status not in {"creating", "open"}:
        row.url = ""
    db.session.flush()  # the objects that are read next look for this row
    followers = [("subscription", reading.subscription_id), ("payment", reading.invoice_id)]
    if reading.invoice_id is None:
        followers.append(("payment", reading.payment_intent_id))
    return Outcome(tuple((kind, found) for kind, found in followers if found))


def _keep_guest(connection: Connection, row: Checkout, customer_id: str) -> None:
    """Stripe made a customer for a guest; whose order it is now, theirs is the customer."""
    row.customer_id = customer_id
    order = commerce.find_order(row.order_id)
    customers.keep_guest(connection.id, customer_id, order.guest_email if order is not None else "")
    if order is not None and order.person_id is not None:
        row.person_id = order.person_id
        customers.link(connection.id, customer_id, order.person_id)


def _paid(connection: Connection, row: Checkout, reading: facts.CheckoutReading) -> None:
    other = select(Checkout.id).where(Checkout.order_id == row.order_id, Checkout.status == "fulfilled")
    is_twice = db.session.scalar(other.where(Checkout.id != row.id).limit(1)) is not None
    row.status = "duplicate" if is_twice else "fulfilled"
    if is_twice:
        # The money is kept in the books like any other, so that sending either payment back leaves the other one's
        # door open. Health says it until one of them went back.
        detail = {"checkout": reading.session_id, "amount": reading.amount_total, "currency": reading.currency}
        number = commerce.order_numbers([row.order_id])[row.order_id]
        audit.record("order.paid_twice", actor_id=None, subject=f"order/{number}", detail=detail)
    customers.mark_purchase(connection.id, reading.customer_id)
    # The reference by which the payment's own reader tells the same money again.
    reference = reading.invoice_id if reading.subscription_id else reading.payment_intent_id
    commerce.record_paid(
        row.order_id,
        provider=PROVIDER,
        provider_ref=reference or reading.session_id,
        subtotal=reading.amount_subtotal,
        total=reading.amount_total,
        currency=reading.currency,
        paid_at=reading.paid_at or clock.now(),
        test=reading.test,
    )


def _awaiting(connection: Connection, row: Checkout, reading: facts.CheckoutReading) -> None:
    row.status = "awaiting_payment"
    commerce.record_order_state(row.order_id, "awaiting")


def _failed(connection: Connection, row: Checkout, reading: facts.CheckoutReading) -> None:
    row.status = "failed"
    commerce.record_order_state(row.order_id, "failed", reading.reason)


def _expired(connection: Connection, row: Checkout, reading: facts.CheckoutReading) -> None:
    row.status = "expired"
    db.session.flush()  # the question below is about the others
    others = select(Checkout.id).where(Checkout.order_id == row.order_id, Checkout.status.in_(_UNFINISHED))
    if db.session.scalar(others.limit(1)) is None:
        commerce.record_order_state(row.order_id, "expired")


def _open(connection: Connection, row: Checkout, reading: facts.CheckoutReading) -> None:
    row.status = "open"


_SETTLE = {"paid": _paid, "awaiting": _awaiting, "failed": _failed, "expired": _expired, "open": _open}


def apply_subscription(connection: Connection, subscription_id: str, fetched: Mapping[str, Any]) -> Outcome:
    """A subscription: mirrored, and told to commerce unless its status is a word that we do not know."""
    reading = facts.read_subscription(fetched)
    row = _subscription(connection.id, subscription_id)
    bought = _checkout_of(connection, subscription_id, reading.metadata)
    offer_id = catalog.offer_of(connection.id, reading.price_ids) or _first("offer_id", row, bought)
    owner = customers.by_stripe_id(connection.id, reading.customer_id or "")
    person_id = _first("person_id", bought, row, owner)
    # What began in a checkout of a guest belongs to nobody until it is claimed.
    if offer_id is None or (person_id is None and bought is None):
        return FOREIGN
    if row is None:
        row = Subscription(connection_id=connection.id, stripe_id=subscription_id, status="")
        db.session.add(row)
    row.past_due_since = facts.past_due_since(reading, row.status, row.past_due_since)
    row.person_id, row.offer_id = person_id, offer_id
    row.order_id = _first("order_id", bought, row)
    offer = commerce.find_offer(offer_id)
    row.instalments = offer.instalments if offer is not None else None
    _copy(reading, row)
    db.session.flush()  # its items point at it
    _copy_items(connection.id, row, reading.items)
    _tell(connection, row, reading)
    instalments.follow(row)
    return Outcome()


def _tell(connection: Connection, row: Subscription, reading: facts.SubscriptionReading) -> None:
    opens = reading.state in {"active", "trialing"}
    if reading.state is None or (opens and not (reading.period_end or reading.trial_end)):
        _alert_unknown(connection, reading.status)
        return
    if opens:
        customers.mark_purchase(connection.id, reading.customer_id)
    # The end that we gave it is what was agreed; only another one is somebody's wish.
    is_planned = bool(row.instalments) and row.plan_end is not None and reading.ends_on == row.plan_end
    commerce.record_subscription(
        commerce.SubscriptionFact(
            offer_id=row.offer_id,
            person_id=row.person_id,
            order_id=row.order_id,
            provider=PROVIDER,
            provider_ref=reading.stripe_id,
            state=reading.state,
            period_end=reading.period_end,
            cancel_at=None if is_planned else reading.ends_on,
            paid_off_at=row.plan_end if is_planned else None,
            ended_at=reading.ended_at,
            trial_end=reading.trial_end,
            past_due_since=row.past_due_since,
            started_at=reading.started_at,
            reason=reading.reason,
            collection_paused=reading.collection_paused,
            paused_until=reading.pause_resumes_at,
            test=reading.test,
        )
    )


def _copy(reading: facts.SubscriptionReading, row: Subscription) -> None:
    for name in (
        "customer_id", "status", "cancel_at", "cancel_at_period_end", "canceled_at", "ended_at", "trial_end",
        "period_start", "period_end", "pause_behavior", "pause_resumes_at", "latest_invoice_id",
        "latest_invoice_status", "hosted_invoice_url", "next_amount", "currency",
    ):  # fmt: skip
        setattr(row, name, getattr(reading, name))
    _copy_card(reading.card, row)
    row.paused_reason = reading.reason if reading.status == "paused" else ""
    row.synced_at = clock.real_now()


def _copy_card(card: facts.CardReading, row: Subscription | Customer) -> None:
    row.card_brand, row.card_last4, row.card_expires = card.brand, card.last4, card.expires


def _copy_items(connection_id: int, row: Subscription, items: tuple[facts.ItemReading, ...]) -> None:
    known = {
        item.stripe_id: item
        for item in db.session.scalars(select(SubscriptionItem).where(SubscriptionItem.subscription_id == row.id))
    }
    for read in items:
        item = known.pop(read.stripe_id, None)
        if item is None:
            item = SubscriptionItem(connection_id=connection_id, subscription_id=row.id, stripe_id=read.stripe_id)
            db.session.add(item)
        item.price_id, item.product_id, item.quantity = read.price_id, read.product_id, read.quantity
        item.period_start, item.period_end, item.removed_at = read.period_start, read.period_end, None
    for gone_item in known.values():
        gone_item.removed_at = gone_item.removed_at or clock.real_now()


def apply_payment(connection: Connection, stripe_id: str, fetched: Mapping[str, Any]) -> Outcome:
    """Money: a subscription's invoice is told as a payment, what went back as a refund."""
    if fetched["invoice"]:
        reading = facts.read_invoice(fetched["invoice"], fetched["intent"])
    elif fetched["intent"]:
        reading = facts.read_intent(fetched["intent"])
    else:
        return FOREIGN
    order_id = order_of_payment(connection, reading)
    if order_id is None:
        return FOREIGN
    _note_stuck(connection, reading)
    person_id = _person_of_payment(connection, reading, order_id)
    row = _payment(connection.id, reading)
    row.order_id = order_id
    for name in (
        "invoice_id", "payment_intent_id", "charge_id", "subscription_id", "customer_id", "number",
        "hosted_invoice_url",
    ):  # fmt: skip
        setattr(row, name, getattr(reading, name) or getattr(row, name))
    row.person_id = person_id or row.person_id
    for name in ("amount", "amount_refunded", "currency", "status", "disputed", "paid_at"):
        setattr(row, name, getattr(reading, name))
    reference = reading.invoice_id if reading.subscription_id else reading.payment_intent_id
    if reading.subscription_id and reading.is_money and reading.paid_at:
        commerce.record_payment(
            commerce.PaymentFact(
                order_id=order_id,
                provider=PROVIDER,
                provider_ref=str(reference),
                amount=reading.amount,
                subtotal=reading.subtotal,
                currency=reading.currency,
                paid_at=reading.paid_at,
                test=reading.test,
            )
        )
    try:
        # Oldest first, so that a second one never looks like the first.
        for each in reversed(fetched.get("refunds") or []) if reference else ():
            _tell_refund(str(reference), facts.read_refund(each))
        for each in reversed(fetched.get("disputes") or []) if reference else ():
            _tell_dispute(connection, str(reference), facts.read_dispute(each))
    except commerce.UnknownPayment:
        unread = _unread_session(connection, order_id, reading)
        if unread is None:
            raise
        # What the money was for is told by its checkout, of which we have not heard: read that, and then this again.
        return Outcome((("checkout", unread),))
    return Outcome()


STUCK = "invoice.finalize"


def _note_stuck(connection: Connection, reading: facts.PaymentReading) -> None:
    """Kept while it lasts: health tells the owner, and the invoice is read again until it is mended."""
    known = reading.invoice_id is not None and any(
        row.business_key == reading.invoice_id for row in operations.noted(connection.id, STUCK, "failed")
    )
    if reading.invoice_id is not None and (reading.stuck or known):
        state = "failed" if reading.stuck else "succeeded"
        operations.note(connection.id, STUCK, reading.invoice_id, state, reading.stuck)


def _unread_session(connection: Connection, order_id: int, reading: facts.PaymentReading) -> str | None:
    """A session of the order that was paid, as its payment says, and that we have not read since."""
    query = select(Checkout.session_id).where(
        Checkout.connection_id == connection.id,
        Checkout.order_id == order_id,
        Checkout.session_id.is_not(None),
        (Checkout.status == "open") & Checkout.payment_intent_id.is_(None)
        | (Checkout.status == "awaiting_payment") & (Checkout.payment_intent_id == reading.payment_intent_id),
    )
    return db.session.scalar(query.order_by(Checkout.id).limit(1))


def _tell_refund(reference: str, reading: facts.RefundReading) -> None:
    commerce.record_refund(
        commerce.RefundFact(
            provider=PROVIDER,
            payment_ref=reference,
            provider_ref=reading.stripe_id,
            amount=reading.amount,
            state=reading.state,
        )
    )


def _tell_dispute(connection: Connection, reference: str, reading: facts.DisputeReading) -> None:
    if reading.state is None:
        _alert_unknown(connection, reading.status)
        return
    commerce.record_dispute(
        commerce.DisputeFact(
            provider=PROVIDER,
            payment_ref=reference,
            provider_ref=reading.stripe_id,
            amount=reading.amount,
            state=reading.state,
            opened_at=reading.opened_at,
            reason=reading.reason,
        )
    )


def _payment(connection_id: int, reading: facts.PaymentReading) -> Payment:
    same = [
        column == value
        for column, value in (
            (Payment.invoice_id, reading.invoice_id),
            (Payment.payment_intent_id, reading.payment_intent_id),
        )
        if value
    ]
    row = db.session.scalar(select(Payment).where(Payment.connection_id == connection_id, or_(*same)).limit(1))
    if row is None:
        row = Payment(connection_id=connection_id)
        db.session.add(row)
    return row


def _person_of_payment(connection: Connection, reading: facts.PaymentReading, order_id: int) -> int | None:
    owner = customers.by_stripe_id(connection.id, reading.customer_id) if reading.customer_id else None
    if owner is not None and owner.person_id is not None:
        return owner.person_id
    order = commerce.find_order(order_id)
    return order.person_id if order is not None else None


def order_of_payment(connection: Connection, reading: facts.PaymentReading) -> int | None:
    """The order that was paid for, found by what we know or by our own mark; None for what is foreign."""
    if reading.subscription_id:
        known = _subscription(connection.id, reading.subscription_id)
        if known is not None and known.order_id is not None:
            return known.order_id
    same = [
        column == value
        for column, value in (
            (Checkout.invoice_id, reading.invoice_id),
            (Checkout.payment_intent_id, reading.payment_intent_id),
        )
        if value
    ]
    mine = Checkout.connection_id == connection.id
    found = db.session.scalar(select(Checkout.order_id).where(mine, or_(*same)).limit(1))
    if found is not None:
        return found
    marked = _checkout_of(connection, reading.subscription_id, reading.metadata)
    return marked.order_id if marked is not None else None


def apply_customer(connection: Connection, customer_id: str, fetched: Mapping[str, Any]) -> Outcome:
    """A customer: gone or not, and which subscriptions to read. The e-mail is looked at, never taken over."""
    row = customers.by_stripe_id(connection.id, customer_id)
    if row is None:
        return FOREIGN
    ended = set(
        db.session.scalars(
            select(Subscription.stripe_id).where(
                Subscription.connection_id == connection.id,
                Subscription.customer_id == customer_id,
                Subscription.status.in_(_FINAL),
            )
        )
    )
    if fetched["customer"].get("deleted"):
        customers.mark_deleted(connection.id, customer_id)
        known = select(Subscription.stripe_id).filter_by(connection_id=connection.id, customer_id=customer_id)
        listed = list(db.session.scalars(known))
    else:
        row.email_seen = str(fetched["customer"].get("email") or "")
        _copy_card(facts.read_default_card(fetched["customer"]), row)
        listed = list(fetched["subscriptions"])
    return Outcome(tuple(("subscription", found) for found in listed if found not in ended))


def apply_portal(connection: Connection, configuration_id: str, fetched: Mapping[str, Any]) -> Outcome:
    """The portal's configuration: whether it is still switched on at Stripe."""
    row = db.session.scalar(
        select(PortalConfiguration).filter_by(connection_id=connection.id, stripe_id=configuration_id)
    )
    if row is None:
        return FOREIGN
    row.status = "active" if fetched.get("active") else "inactive"
    if row.purpose != portal.INSTALMENTS:
        # That one is made again by the next click that needs it.
        connections.change(connection.id, portal_status=row.status)
    return Outcome()


def gone(connection: Connection, object_type: str, object_id: str) -> Outcome:
    """Stripe no longer knows the object: nothing more will come of it."""
    if object_type == "customer":
        customers.mark_deleted(connection.id, object_id)
    elif object_type == "portal":
        query = update(PortalConfiguration).filter_by(connection_id=connection.id, stripe_id=object_id)
        is_everybodys = PortalConfiguration.purpose != portal.INSTALMENTS
        db.session.execute(query.where(~is_everybodys).values(status="missing"))
        if db.session.execute(query.where(is_everybodys).values(status="missing")).rowcount:
            connections.change(connection.id, portal_status="inactive")
    else:
        _log.info("Stripe no longer knows %s %s", object_type, object_id)
    return Outcome()


def _subscription(connection_id: int, subscription_id: str) -> Subscription | None:
    return db.session.scalar(select(Subscription).filter_by(connection_id=connection_id, stripe_id=subscription_id))


def _checkout_of(connection: Connection, subscription_id: str | None, marks: Mapping[str, str]) -> Checkout | None:
    """The checkout of ours in which something began: found by its subscription, or by our own mark."""
    same = [Checkout.subscription_id == subscription_id] if subscription_id else []
    if marks.get("site_id") == connection.site_id and marks.get("order", "").isdecimal():
        same.append(Checkout.order_id == int(marks["order"]))
    if not same:
        return None
    query = select(Checkout).where(Checkout.connection_id == connection.id, or_(*same))
    return db.session.scalar(query.order_by(Checkout.id.desc()).limit(1))


def _first(name: str, *rows: Any) -> int | None:
    return next((value for row in rows if row is not None and (value := getattr(row, name)) is not None), None)


def _alert_unknown(connection: Connection, word: Any) -> None:
    _log.error("Stripe says %r, which this version does not know", word)
    connections.degrade(
        connection.id, _("Stripe says “%(word)s”, which this version does not know. Update Stoa.", word=str(word))
    )
