"""Renewals that come once a year: told of before the money is taken, whichever provider takes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_

from lms.base import clock
from lms.commerce import subscription_mails, subscriptions
from lms.commerce.facts import SubscriptionState
from lms.commerce.models import Offer, Subscription
from lms.commerce.subscriptions import SubscriptionView
from lms.db import session
from lms.mail import services as mail

# Consumer laws that name a time ask for something between two weeks and a month and a half before a yearly renewal
# (California Business and Professions Code, section 17602: 15 to 45 days).
_AHEAD = timedelta(days=30)
_AT_ONCE = 200


def remind() -> None:
    """The job: tell everybody who pays by the year, and is charged within thirty days, once for each renewal."""
    now, after = clock.now(), 0
    while found := _coming(now, after):
        after = found[-1].id
        by_key = {subscription_mails.renewal_key(each): each for each in found if each.next_charge is not None}
        known = mail.written(list(by_key))
        for key, each in by_key.items():
            if key not in known:
                subscription_mails.renews(each)


def _coming(now: datetime, after: int) -> list[SubscriptionView]:
    is_yearly = or_(Offer.interval == "year", (Offer.interval == "month") & (Offer.interval_count >= 12))
    query = subscriptions.select_subscriptions().where(
        Subscription.state == SubscriptionState.ACTIVE,
        Subscription.period_end > now,
        Subscription.period_end <= now + _AHEAD,
        Subscription.id > after,
        # Instalments end by themselves: nothing is renewed.
        Offer.instalments.is_(None),
        is_yearly,
    )
    return [subscriptions.view(row) for row in session.execute(query.order_by(Subscription.id).limit(_AT_ONCE))]
