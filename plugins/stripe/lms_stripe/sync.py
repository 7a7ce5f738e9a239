"""Reading objects again, and the only writers of the rows that mirror Stripe.

Events, return pages and commands all come through here: ``run`` serves the queue, ``now`` reads one object at once
under the same lease. Each kind fetches outside any transaction, then applies in one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from lms.api import db
from lms_stripe import client, connections, coupons, facts, listed_prices, mirror, simulator_clock, tasks
from lms_stripe.connections import Connection
from lms_stripe.failures import KeyRefused, Missing, PermissionMissing, Refused, StripeFailure
from lms_stripe.tasks import Claim

_log = logging.getLogger("lms_stripe")
_IN_ONE_RUN = 100
_PATIENCE_SECONDS = 8.0
_LOOK_EVERY_SECONDS = 0.05

# Reading these finds out what else has to be read: the subscription of a session, those of a customer.
_WITH_FOLLOWERS = frozenset({"checkout", "customer"})

Fetch = Callable[[Any, str], Mapping[str, Any]]


def _fetch_checkout(stripe: Any, session_id: str) -> Mapping[str, Any]:
    expand = ["payment_intent.latest_charge", "invoice"]
    session = client.plain(stripe.v1.checkout.sessions.retrieve(session_id, {"expand": expand}))
    is_waiting = session.get("status") == "complete" and session.get("payment_status") == "unpaid"
    intent = session.get("payment_intent")
    if is_waiting and not intent and session.get("invoice"):
        # In subscription mode the payment hangs on the first invoice.
        intent = _intent_of_invoice(stripe, facts.identifier(session["invoice"]))
    return {"session": session, "intent": intent}


def _fetch_subscription(stripe: Any, subscription_id: str) -> Mapping[str, Any]:
    expand = ["latest_invoice", "default_payment_method"]
    found = client.plain(stripe.v1.subscriptions.retrieve(subscription_id, {"expand": expand}))
    invoice = found.get("latest_invoice") or {}
    if found.get("status") in {"past_due", "unpaid"} and invoice.get("status") == "open":
        # Whether the card failed or the bank waits for its owner stands on the invoice's payment only.
        found[facts.INTENT] = _intent_of_invoice(stripe, facts.identifier(invoice))
    return found


def _fetch_customer(stripe: Any, customer_id: str) -> Mapping[str, Any]:
    customer = _customer(stripe, customer_id)
    if customer.get("deleted"):
        return {"customer": customer, "subscriptions": []}
    listed = stripe.v1.subscriptions.list({"customer": customer_id, "status": "all", "limit": 100})
    return {"customer": customer, "subscriptions": [entry.id for entry in listed.auto_paging_iter()]}


def _customer(stripe: Any, customer_id: str) -> dict[str, Any]:
    """The customer with the card; of a deleted one a stub is left, which may have nothing to expand."""
    expand = ["invoice_settings.default_payment_method"]
    try:
        with client.outside():
            return client.plain(stripe.v1.customers.retrieve(customer_id, {"expand": expand}))
    except Refused:
        return client.plain(stripe.v1.customers.retrieve(customer_id))


def _fetch_payment(stripe: Any, stripe_id: str) -> Mapping[str, Any]:
    invoice: Mapping[str, Any] | None
    if stripe_id.startswith("in_"):
        invoice = client.plain(stripe.v1.invoices.retrieve(stripe_id))
        intent = _intent_of_invoice(stripe, stripe_id)
        return _with_reversals(stripe, invoice, intent)
    if stripe_id.startswith("ch_"):
        charge = client.plain(stripe.v1.charges.retrieve(stripe_id))
        stripe_id = facts.identifier(charge.get("payment_intent")) or ""
        if not stripe_id:
            return {"invoice": None, "intent": None}
    intent = client.plain(stripe.v1.payment_intents.retrieve(stripe_id, {"expand": ["latest_charge"]}))
    listed = stripe.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": stripe_id}, "expand": ["data.invoice"], "limit": 1}
    )
    invoice = client.plain(listed.data[0]).get("invoice") if listed.data else None
    return _with_reversals(stripe, invoice, intent)


def _with_reversals(
    stripe: Any, invoice: Mapping[str, Any] | None, intent: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    refunds, disputes = _refunds_of(stripe, intent), _disputes_of(stripe, intent)
    return {"invoice": invoice, "intent": intent, "refunds": refunds, "disputes": disputes}


def _disputes_of(stripe: Any, intent: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Every dispute of the payment; asked for only where there was one."""
    charge = (intent or {}).get("latest_charge")
    if intent is None or not isinstance(charge, Mapping) or not charge.get("disputed"):
        return []
    listed = stripe.v1.disputes.list({"payment_intent": intent["id"], "limit": 100})
    return [client.plain(entry) for entry in listed.auto_paging_iter()]


def _refunds_of(stripe: Any, intent: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Every refund of the payment, failed ones too; asked for only where something happened to its charge."""
    charge = (intent or {}).get("latest_charge")
    if intent is None or not isinstance(charge, Mapping) or charge.get("status") != "succeeded":
        return []
    listed = stripe.v1.refunds.list({"payment_intent": intent["id"], "limit": 100})
    return [client.plain(entry) for entry in listed.auto_paging_iter()]


def _intent_of_invoice(stripe: Any, invoice_id: str | None) -> Mapping[str, Any] | None:
    if invoice_id is None:
        return None
    listed = stripe.v1.invoice_payments.list({"invoice": invoice_id, "limit": 10})
    payments = [client.plain(entry) for entry in listed.data]
    payments.sort(key=lambda entry: entry.get("status") == "paid", reverse=True)
    for entry in payments:
        intent_id = facts.identifier((entry.get("payment") or {}).get("payment_intent"))
        if intent_id:
            return client.plain(stripe.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}))
    return None


def _fetch_portal(stripe: Any, configuration_id: str) -> Mapping[str, Any]:
    return client.plain(stripe.v1.billing_portal.configurations.retrieve(configuration_id))


KINDS: dict[str, tuple[Fetch, mirror.Apply]] = {
    "checkout": (_fetch_checkout, mirror.apply_checkout),
    "subscription": (_fetch_subscription, mirror.apply_subscription),
    "customer": (_fetch_customer, mirror.apply_customer),
    "payment": (_fetch_payment, mirror.apply_payment),
    "portal": (_fetch_portal, mirror.apply_portal),
    listed_prices.PRICE: (listed_prices.fetch_price, listed_prices.apply_prices),
    listed_prices.PRODUCT: (listed_prices.fetch_product, listed_prices.apply_product),
    listed_prices.ALL: (listed_prices.fetch_all, listed_prices.apply_prices),
    coupons.COUPON: (coupons.fetch_coupon, coupons.apply),
    coupons.CODE: (coupons.fetch_code, coupons.apply),
    coupons.ALL: (coupons.fetch_all, coupons.apply),
}
_GONE = {
    **dict.fromkeys((listed_prices.PRICE, listed_prices.PRODUCT), listed_prices.gone),
    **dict.fromkeys((coupons.COUPON, coupons.CODE), coupons.gone),
}


def run() -> None:
    """Serve the queue: the job ``stripe.sync``."""
    simulator_clock.follow()
    for _round in range(_IN_ONE_RUN):
        claimed = tasks.claim()
        if claimed is None:
            break
        _work(claimed)
    tasks.wake_when_due()


def now(connection_id: int, object_type: str, object_id: str) -> bool:
    """Read this object now, and what hangs on it. Commits; whether it was read.

    When another worker is at it, waits for that one; what hangs on the object is read before this returns. False when
    Stripe does not answer: the queue goes on trying.
    """
    key = (connection_id, object_type, object_id)
    wanted = tasks.want(*key).number
    tasks.wake()
    db.commit()
    simulator_clock.follow()
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up:
        claimed = tasks.claim(key)
        if claimed is not None:
            followers = _work(claimed)
            return followers is not None and all(now(connection_id, *task) for task in followers)
        done = tasks.is_done(key, wanted)
        if done and object_type in _WITH_FOLLOWERS:
            # Another worker read it and left what hangs on it in the queue; only a reading of our own tells us what.
            wanted = tasks.want(*key).number
        db.commit()
        if done and object_type not in _WITH_FOLLOWERS:
            return True
        time.sleep(_LOOK_EVERY_SECONDS)
    return False


def checkout(connection_id: int, session_id: str) -> bool:
    """Read a Checkout Session of ours now, with its subscription and first payment."""
    return now(connection_id, "checkout", session_id)


def subscription(connection_id: int, subscription_id: str) -> bool:
    """Read a subscription now."""
    return now(connection_id, "subscription", subscription_id)


def payment(connection_id: int, stripe_id: str) -> bool:
    """Read a payment now: an invoice, a PaymentIntent or a charge."""
    return now(connection_id, "payment", stripe_id)


def customer(connection_id: int, customer_id: str) -> bool:
    """Read a customer and all their subscriptions now."""
    return now(connection_id, "customer", customer_id)


def _work(claimed: Claim) -> list[tuple[str, str]] | None:
    """Fetch and apply; what has to be read next, or None when it did not work. Commits."""
    connection = connections.get(claimed.connection_id)
    try:
        stripe = connections.client_of(connection)
        fetch, apply = KINDS[claimed.object_type]
        db.commit()
        with client.outside():
            fetched: Mapping[str, Any] | None = fetch(stripe, claimed.object_id)
    except Missing:
        fetched = None
    except PermissionMissing as error:
        db.rollback()
        if claimed.object_type not in coupons.KINDS:
            _give_back(claimed, connection, error)
            return None
        # A key of before coupons were listed: a school without coupons need not hear of it again and again.
        coupons.refused(connection, error.detail or error.sentence)
        tasks.finish(claimed, "ignored")
        db.commit()
        return []
    except Exception as error:
        # Whatever it is, the task has to be given back; what we do not expect is told loudly as well.
        db.rollback()
        _give_back(claimed, connection, error)
        return None
    return _apply(claimed, connection, apply, fetched)


def _apply(
    claimed: Claim, connection: Connection, apply: mirror.Apply, fetched: Mapping[str, Any] | None
) -> list[tuple[str, str]] | None:
    try:
        if not tasks.still_ours(claimed):
            db.rollback()
            return None
        if fetched is not None:
            outcome = apply(connection, claimed.object_id, fetched)
        else:
            gone = _GONE.get(claimed.object_type, mirror.gone)
            outcome = gone(connection, claimed.object_type, claimed.object_id)
        for task in outcome.followers:
            tasks.want(connection.id, *task)
        if outcome.followers:
            tasks.wake()
        tasks.finish(claimed, "ignored" if outcome.is_foreign else "done")
        db.commit()
    except Exception as error:
        db.rollback()
        _give_back(claimed, connection, error)
        return None
    return list(outcome.followers)


def _give_back(claimed: Claim, connection: Connection, error: Exception) -> None:
    sentence = f"{error.sentence} {error.detail}" if isinstance(error, StripeFailure) else repr(error)
    if not isinstance(error, StripeFailure):
        _log.error("Reading %s %s again failed", claimed.object_type, claimed.object_id, exc_info=error)
    tasks.fail(claimed, sentence)
    tasks.wake_when_due()
    if isinstance(error, KeyRefused):
        connections.degrade(connection.id, error.sentence, status="revoked")
    db.commit()
