"""Who takes the money: payment providers of plugins, and our own for what costs nothing."""

from __future__ import annotations

from typing import ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.base import clock
from lms.commerce import offers
from lms.commerce.offers import OfferView
from lms.commerce.orders import OrderView, after_purchase_path
from lms.commerce.payments import record_paid
from lms.db import commit
from lms.extend import PaymentProvider, Service
from lms.host import guard, registry

KIND = "payment_provider"


class FreeOfCharge(Service):
    """Carries out orders of free offers at once."""

    kind: ClassVar[str] = KIND
    name: ClassVar[str] = "free"
    label = _l("nothing to pay")

    def can_sell(self, offer: OfferView) -> bool | str:
        """Free offers only."""
        return offer.kind == offers.FREE or _("This provider is for free offers.")

    def start(self, order: OrderView, cancel_path: str) -> str:
        """Nothing to pay: the order is paid, and the way leads straight in."""
        record_paid(
            order.id,
            provider=self.name,
            provider_ref=order.number,
            subtotal=0,
            total=0,
            currency=order.currency,
            paid_at=clock.now(),
        )
        path = after_purchase_path(order.id)
        commit()
        return path


def payment_providers() -> tuple[PaymentProvider, ...]:
    """All providers of active plugins."""
    return registry.current().services(KIND)


def can_sell(offer: OfferView) -> PaymentProvider | str:
    """The first provider that can take the money for the offer now, or a sentence why none can; database only."""
    reasons = []
    for provider in payment_providers():
        failed = _("The payment provider does not work at the moment.")
        answer = guard.call(provider.name, "can_sell", provider.can_sell, offer, default=failed)
        if answer is True:
            return provider
        if isinstance(answer, str) and not isinstance(provider, FreeOfCharge):
            reasons.append(answer)
    return " ".join(reasons) or _("No payment provider is connected.")
