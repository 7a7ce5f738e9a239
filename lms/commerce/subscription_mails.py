"""The letters of a subscription, each once for its fact, whichever provider told it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import format_date
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from lms.accounts import services as accounts
from lms.base import clock
from lms.commerce import grants, ledger, posting
from lms.commerce.facts import RUNNING, SubscriptionState
from lms.commerce.models import Claim, Order
from lms.commerce.orders import CLAIM_PATH
from lms.db import session
from lms.mail import services as mail

if TYPE_CHECKING:
    from lms.commerce.subscriptions import SubscriptionView

ACTION_REQUIRED = "action_required"
"""The reason of a charge that waits for the buyer's bank to hear from the buyer."""


def tell(subscription: SubscriptionView, was: str, was_reason: str) -> None:
    """What the person has to know after the provider said something: ``was`` is the state before ("" for a new one)."""
    if not was:
        # First heard of: a new one was just paid, and one that was taken over is no news to its person.
        return
    if subscription.is_unpaid and not (was in _UNPAID and was_reason == subscription.reason):
        charge_failed(subscription)
    elif subscription.state is SubscriptionState.ENDED and was in RUNNING and not _is_paid_off(subscription):
        ended(subscription, was_unpaid=was in _UNPAID)


_UNPAID = frozenset({SubscriptionState.PAST_DUE.value, SubscriptionState.SUSPENDED.value})


def _is_paid_off(subscription: SubscriptionView) -> bool:
    """Whether all instalments are paid: then nothing has ended for the buyer."""
    wanted = subscription.offer.instalments
    if not wanted or subscription.order_id is None:
        return False
    return ledger.of_order(subscription.order_id).instalments >= wanted


def charge_failed(subscription: SubscriptionView) -> None:
    """A charge did not go through, or waits for the buyer's word to the bank; once for each unpaid time and kind."""
    needs_action = subscription.reason == ACTION_REQUIRED
    template = "action_required" if needs_action else "charge_failed"
    since = subscription.past_due_since
    about = f"{subscription.provider_ref} {since.isoformat() if since else ''}"
    until = grants.grace_until(since, subscription.offer) if since else None
    is_open = until is not None and until > clock.now()
    _send(
        subscription,
        template,
        about,
        _l("Confirm your payment for %(product)s")
        if needs_action
        else _l("Your payment for %(product)s did not go through"),
        until=until if is_open else None,
        purpose="confirm" if needs_action else "pay",
    )


def ended(subscription: SubscriptionView, *, was_unpaid: bool) -> None:
    """The subscription is over; once for each."""
    _send(
        subscription,
        "subscription_ended",
        subscription.provider_ref,
        _l("Your subscription to %(product)s has ended"),
        until=subscription.ended_at,
        purpose="manage",
        was_unpaid=was_unpaid,
    )


def trial_ends(subscription: SubscriptionView) -> None:
    """The trial ends soon, and the first charge comes with it; once for each end of a trial."""
    _send(
        subscription,
        "trial_ends",
        _trial(subscription),
        _l("Your trial of %(product)s ends soon"),
        until=subscription.trial_end,
        purpose="manage",
    )


def trial_key(subscription: SubscriptionView) -> str:
    """The key of that letter."""
    return _key("trial_ends", _trial(subscription))


def renews(subscription: SubscriptionView) -> None:
    """A year is over soon, and the next one is charged; once for each renewal."""
    _send(
        subscription,
        "renews",
        _renewal(subscription),
        _l("%(product)s renews soon"),
        until=subscription.next_charge,
        purpose="manage",
    )


def renewal_key(subscription: SubscriptionView) -> str:
    """The key of that letter."""
    return _key("renews", _renewal(subscription))


def _renewal(subscription: SubscriptionView) -> str:
    end = subscription.period_end
    return f"{subscription.provider_ref} {end.isoformat() if end else ''}"


def _trial(subscription: SubscriptionView) -> str:
    end = subscription.trial_end
    return f"{subscription.provider_ref} {end.isoformat() if end else ''}"


def _key(template: str, about: str) -> str:
    return posting.key_of(f"commerce.{template}", about)


def _reader(subscription: SubscriptionView) -> tuple[str, str, str, str]:
    """The order's number, and name, address and language of whoever has the subscription: a person, or a guest yet.

    Nobody's address where the order was a test that was done away with.
    """
    query = select(Order.number, Claim.email, Claim.locale, Order.purged_at).outerjoin(
        Claim, Claim.order_id == Order.id
    )
    row = session.execute(query.where(Order.id == subscription.order_id)).one_or_none()
    if row is not None and row.purged_at is not None:
        return row.number, "", "", ""
    number, email, locale = (row[0], row[1] or "", row[2] or "") if row is not None else ("", "", "")
    person = accounts.person(subscription.person_id) if subscription.person_id is not None else None
    return (number, person.name, person.email, person.locale) if person else (number, "", email, locale)


def _send(
    subscription: SubscriptionView, template: str, about: str, subject: Any, *, until: datetime | None,
    purpose: str, **more: Any,
) -> None:  # fmt: skip
    """``subject`` is filled in with the product, in the reader's language."""
    number, name, email, locale = _reader(subscription)
    if not email:
        return
    offer, is_guest = subscription.offer, subscription.person_id is None
    # Whoever has no account finds nothing behind our own pages: first it has to be theirs.
    claim = posting.address(CLAIM_PATH)
    with posting.language_of(locale):
        mail.send(
            to=email,
            subject=str(subject) % {"product": offer.product_name},
            template=f"mail/commerce/{template}",
            key=_key(template, about),
            about=f"order/{number}" if number else "",
            context={
                "name": name,
                "product": offer.product_name,
                "label": offer.label,
                "price": offer.price,
                "until": format_date(until.date(), "long") if until else "",
                "act": claim if is_guest else posting.way_to(subscription.provider, purpose),
                "billing": "" if is_guest else posting.address("/account/billing"),
                "again": posting.address(offer.checkout_path),
                "test": subscription.test,
                **more,
            },
        )
