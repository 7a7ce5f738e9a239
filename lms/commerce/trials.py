"""Trials that end soon, whichever provider runs them."""

from __future__ import annotations

from datetime import datetime, timedelta

from lms.base import clock
from lms.commerce import subscription_mails, subscriptions
from lms.commerce.facts import SubscriptionState
from lms.commerce.models import Subscription
from lms.commerce.subscriptions import SubscriptionView
from lms.db import session
from lms.mail import services as mail

_AHEAD = timedelta(days=3)
_AT_ONCE = 200


def remind() -> None:
    """The job: tell everybody whose trial ends within three days and is charged then, once."""
    now, after = clock.now(), 0
    while found := _ending(now, after):
        after = found[-1].id
        by_key = {subscription_mails.trial_key(each): each for each in found if each.next_charge is not None}
        known = mail.written(list(by_key))
        for key, each in by_key.items():
            if key not in known:
                subscription_mails.trial_ends(each)


def _ending(now: datetime, after: int) -> list[SubscriptionView]:
    query = subscriptions.select_subscriptions().where(
        Subscription.state == SubscriptionState.TRIALING,
        Subscription.trial_end > now,
        Subscription.trial_end <= now + _AHEAD,
        Subscription.id > after,
    )
    return [subscriptions.view(row) for row in session.execute(query.order_by(Subscription.id).limit(_AT_ONCE))]
