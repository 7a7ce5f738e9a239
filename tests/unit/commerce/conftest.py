"""A shop for tests of commerce: people, one product, its offers, and what was mailed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lms.access import services as access
from lms.access.services import Decision, Thing
from lms.accounts import services as accounts
from lms.accounts.services import PersonView
from lms.base import clock
from lms.commerce import services as commerce
from lms.commerce.services import OfferView, OrderView, SubscriptionFact, SubscriptionView
from lms.courses import services as courses
from lms.db import commit
from lms.testing.sites import TestSite


class Shop:
    """One course, sold once for €49 and by the month for €9."""

    def __init__(self) -> None:
        self.now = clock.real_now().replace(microsecond=0)
        self.course_id = courses.create_course(slug="letters", title="Letters that get answered", actor_id=None).id
        product = access.create_product(slug="letters", name="Letters", items=[("course", self.course_id)])
        self.product_id = product.id
        self.once = self.offer(kind="one_time", amount=4900)
        self.monthly = self.offer(kind="subscription", amount=900, interval="month")
        self.people = 0
        self.anna = self.person()
        commit()

    def offer(self, **terms: Any) -> OfferView:
        """Another offer of the product."""
        return commerce.create_offer(**{"product_id": self.product_id, **terms})

    def person(self, *roles: str) -> PersonView:
        """Somebody new."""
        self.people += 1
        return accounts.create_person(
            email=f"anna-{self.people}@example.org", name=f"Anna {self.people}", password_hash=None, roles=roles
        )

    def order(self, offer: OfferView | None = None, person: PersonView | None = None) -> OrderView:
        """An open order with the provider "bank"."""
        return commerce.place_order((person or self.anna).id, (offer or self.once).id, "bank", self.now)

    def paid(self, order: OrderView, **more: Any) -> OrderView:
        """Its money arrives as agreed, unless told otherwise."""
        fact = {
            "provider": "bank", "provider_ref": f"pay-{order.number}", "subtotal": order.total, "total": order.total,
            "currency": order.currency, "paid_at": self.now,
        }  # fmt: skip
        return commerce.record_paid(order.id, **{**fact, **more})

    def subscribed(self, order: OrderView, state: str = "active", **more: Any) -> SubscriptionView:
        """The provider tells how the order's subscription stands."""
        fact = {
            "order_id": order.id, "offer_id": order.offer.id, "person_id": order.person_id, "provider": "bank",
            "provider_ref": f"sub-{order.number}", "state": state, "started_at": self.now,
            "period_end": self.now + timedelta(days=30),
        }  # fmt: skip
        return commerce.record_subscription(SubscriptionFact(**{**fact, **more}), now=self.now)

    def door(self, at: datetime | None = None, person: PersonView | None = None) -> Decision:
        """Whether the course is open."""
        return access.decide(person or self.anna, Thing(self.course_id), at or self.now)


@pytest.fixture
def shop(site: TestSite) -> Shop:
    """A fresh shop."""
    return Shop()
