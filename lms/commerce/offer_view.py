"""An offer as everybody reads it: what it costs, how often, for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lms.access.models import Product
from lms.base import clock
from lms.commerce import words
from lms.commerce.models import Offer

FREE, ONE_TIME, SUBSCRIPTION, INSTALMENTS = "free", "one_time", "subscription", "instalments"
KINDS = (FREE, ONE_TIME, SUBSCRIPTION, INSTALMENTS)
CHARGED_AGAIN = (SUBSCRIPTION, INSTALMENTS)
INTERVALS = ("day", "week", "month", "year")


@dataclass(frozen=True, slots=True)
class OfferView:
    """A price for a product: ``amount`` in minor units of ``currency`` (lower case).

    A subscription is charged every ``interval_count`` of ``interval`` (day, week, month, year), and so are
    ``instalments``, which end after so many and are the buyer's to keep. ``pause_closes``: a pause shuts the door.

    ``sale_amount`` is what it costs from ``sale_from`` on and before ``sale_until`` (UTC, None: no such end); of a
    subscription that begins then, every charge. ``open_to_id``: only owners of that product may buy. ``promotion``:
    whether a code takes something off (``default``: as the provider's settings say; ``none``; ``customer_enters``;
    ``fixed``: always ``promotion_code``). ``show_button``: whether course pages show it by themselves.

    An offer of an order is what was agreed then: its amount is the order's, and nothing of it is on sale.
    """

    id: int
    public_id: str
    product_id: int
    product_name: str
    kind: str
    amount: int
    currency: str
    interval: str = ""
    interval_count: int = 1
    access_days: int | None = None
    grace_days: int = 7
    trial_days: int = 0
    button_text: str = ""
    position: int = 0
    active: bool = True
    instalments: int | None = None
    pause_closes: bool = False
    trial_method: bool = True
    sale_amount: int | None = None
    sale_from: datetime | None = None
    sale_until: datetime | None = None
    open_to_id: int | None = None
    success_page: str = ""
    cancel_page: str = ""
    promotion: str = "default"
    promotion_code: str = ""
    show_button: bool | None = None

    @property
    def is_subscription(self) -> bool:
        """Whether it is charged again and again."""
        return self.kind in CHARGED_AGAIN

    def is_on_sale(self, now: datetime) -> bool:
        """Whether it costs less at ``now`` (UTC)."""
        has_begun = self.sale_from is None or self.sale_from <= now
        return self.sale_amount is not None and has_begun and (self.sale_until is None or now < self.sale_until)

    def at(self, now: datetime) -> OfferView:
        """The offer as whoever orders at ``now`` (UTC) agrees to it."""
        amount = self.sale_amount if self.sale_amount is not None and self.is_on_sale(now) else self.amount
        return self.agreed(amount, self.trial_days)

    def agreed(self, amount: int, trial_days: int) -> OfferView:
        """The offer for this amount and with these free days, whatever it costs today."""
        return replace(self, amount=amount, trial_days=trial_days, sale_amount=None, sale_from=None, sale_until=None)

    def changes_at(self, now: datetime) -> datetime | None:
        """When its price changes next by itself; None when it does not."""
        if self.sale_amount is None:
            return None
        return min((at for at in (self.sale_from, self.sale_until) if at is not None and at > now), default=None)

    @property
    def current(self) -> OfferView:
        """The offer as it is now, in domain time."""
        return self.at(clock.now())

    @property
    def regular_price(self) -> str:
        """While it is on sale, what it costs otherwise, as the reader writes it; else ""."""
        return words.regular_price(self) if self.is_on_sale(clock.now()) else ""

    @property
    def sale_ends(self) -> datetime | None:
        """The last moment of the sale that is on, in UTC; None for none, and for one without an end."""
        is_ending = self.sale_until is not None and self.is_on_sale(clock.now())
        return self.sale_until - timedelta(seconds=1) if is_ending and self.sale_until else None

    @property
    def checkout_path(self) -> str:
        """The page on which it is bought."""
        return f"/checkout/{self.public_id}"

    @property
    def price(self) -> str:
        """What it costs now, the amount alone as the reader writes it: "€9"."""
        return words.price(self.current)

    @property
    def rhythm(self) -> str:
        """How often the price is paid, for the reader: "once", "a month"; "" for what is free."""
        return words.rhythm(self)

    @property
    def label(self) -> str:
        """The price in words for the reader: "€49 once", "€9 a month"."""
        return words.price_label(self.current)

    @property
    def way(self) -> str:
        """How it is paid, as the name of a choice: "One payment", "Subscription"."""
        return words.way(self)

    @property
    def terms(self) -> str:
        """What is agreed, in one sentence for the reader."""
        return words.terms(self.current)

    @property
    def button(self) -> str:
        """What the button says."""
        return self.button_text or words.button(self)


COLUMNS = (
    Offer.id,
    Offer.public_id,
    Offer.product_id,
    Product.name,
    Offer.kind,
    Offer.amount,
    Offer.currency,
    Offer.interval,
    Offer.interval_count,
    Offer.access_days,
    Offer.grace_days,
    Offer.trial_days,
    Offer.button_text,
    Offer.position,
    Offer.active,
    Offer.instalments,
    Offer.pause_closes,
    Offer.trial_method,
    Offer.sale_amount,
    Offer.sale_from,
    Offer.sale_until,
    Offer.open_to_id,
    Offer.success_page,
    Offer.cancel_page,
    Offer.promotion,
    Offer.promotion_code,
    Offer.show_button,
)
"""The columns of an ``OfferView``, in its order; ``view`` makes one of them."""


def view(row: Iterable[Any]) -> OfferView:
    """The offer in a row of ``COLUMNS``."""
    return OfferView(*row)
