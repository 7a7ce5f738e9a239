"""Who takes the money: payment providers of plugins, and our own for what costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.base import clock
from lms.base.problem import Conflict, Problem, Unavailable
from lms.base.urls import is_https_address, is_loopback, is_safe_path
from lms.commerce.offer_view import FREE, OfferView
from lms.commerce.orders import OrderView, after_purchase_path
from lms.commerce.payments import record_paid
from lms.db import commit
from lms.extend import GuestSales, PaymentProvider, Service
from lms.host import guard, registry

KIND = "payment_provider"


class FreeOfCharge(Service):
    """Carries out orders of free offers at once."""

    kind: ClassVar[str] = KIND
    name: ClassVar[str] = "free"
    order: ClassVar[int] = 0
    label = _l("Free of charge")
    description = _l("There is nothing to pay; everything is open at once.")

    def can_sell(self, offer: OfferView) -> bool | str:
        """Free offers only."""
        return offer.kind == FREE or _("This provider is for free offers.")

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


def title_of(name: str) -> str:
    """How staff know a provider, also when its plugin is off: by its name, made readable."""
    if name == FreeOfCharge.name:
        return str(FreeOfCharge.label)
    return name.replace("_", " ").capitalize()


def can_sell(offer: OfferView) -> PaymentProvider | str:
    """The first provider that can take the money for the offer now, or a sentence why none can; database only."""
    refusals = _refusals(offer)
    return next(iter(_able(refusals)), None) or _why_nobody(refusals)


def provider_for(offer: OfferView, name: str = "", *, guest: bool = False) -> PaymentProvider:
    """Who takes the money for the offer: the provider that the buyer chose, or for "" the first that can.

    ``guest``: of those that take it from people without an account.

    Raises ``Conflict`` with the reason where that one cannot, or nobody.
    """
    refusals = _refusals(offer, guest)
    able = _able(refusals)
    if not able:
        raise Conflict(_why_nobody(refusals))
    if not name or offer.kind == FREE:
        return able[0]
    for provider in able:
        if provider.name == name:
            return provider
    sentence = refusals.get(name) or _("This way to pay is not offered any longer.")
    raise Conflict(sentence, next_step=_("Choose another way to pay."))


@dataclass(frozen=True, slots=True)
class Way:
    """A way to pay, as the buyer chooses it. ``not_for`` are offers beside it that it cannot sell."""

    name: str
    label: Any
    description: Any
    not_for: tuple[OfferView, ...] = ()


@dataclass(frozen=True, slots=True)
class Till:
    """What can be bought now, of offers that stand side by side, and how it can be paid.

    ``reason`` says in words for staff why the others are not sold.
    """

    offers: tuple[OfferView, ...]
    ways: tuple[Way, ...]
    reason: str

    def way(self, offer: OfferView, *wanted: str) -> Way | None:
        """The way to begin with for the offer: the first of the ``wanted`` names that can sell it, else the first."""
        able = {way.name: way for way in self.ways if offer not in way.not_for}
        return next((able[name] for name in wanted if name in able), next(iter(able.values()), None))


def till(beside: Iterable[OfferView], *, guest: bool = False) -> Till:
    """Which of the offers can be bought now, and how; from our database only. ``guest``: without an account."""
    asked = {offer: _refusals(offer, guest) for offer in beside}
    sold = [offer for offer, refusals in asked.items() if _able(refusals)]
    paid = [offer for offer in sold if offer.kind != FREE]
    ways = []
    for each in payment_providers():
        not_for = tuple(offer for offer in paid if asked[offer][each.name])
        if len(not_for) < len(paid):
            label = _ask(each, "label", str, each.label, default=each.name)
            description = _ask(each, "description", str, each.description, default="")
            ways.append(Way(each.name, label, description, not_for))
    reasons = dict.fromkeys(_why_nobody(refusals) for offer, refusals in asked.items() if offer not in sold)
    return Till(tuple(sold), tuple(ways), " ".join(reasons))


def _refusals(offer: OfferView, guest: bool = False) -> dict[str, str]:
    """Why each provider, by name, cannot sell the offer; "" for those that can."""
    failed = _("The payment provider does not work at the moment.")
    found = {}
    for provider in payment_providers():
        try:
            answer = _ask(provider, "can_sell", provider.can_sell, offer, default=failed, check=guard.yes_or_why)
        except Problem as problem:
            answer = problem.sentence
        if answer is True and guest and not _takes_guests(provider, offer):
            answer = _("Sign in to pay like this.")
        found[provider.name] = "" if answer is True else answer or failed
    return found


def _takes_guests(provider: PaymentProvider, offer: OfferView) -> bool:
    """Whether it knows what to do with an order that belongs to nobody; what does not say so is not asked for it."""
    if not isinstance(provider, GuestSales):
        return False
    return bool(_ask(provider, "takes_guests", provider.takes_guests, offer, default=False))


def _ask(provider: PaymentProvider, what: str, question: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """The provider's answer, as a piece of the plugin that it is of."""
    plugin = registry.current().owner(provider)
    return guard.call(plugin, f"{what} of {provider.name}", question, *given, **options)


def start(provider: PaymentProvider, order: OrderView, cancel_path: str) -> str:
    """Where the buyer is sent to pay. The order must be committed; no transaction may be open.

    Raises ``Problem``, also when the provider fails: then nothing was charged.
    """
    address: str | None = _ask(
        provider, "checkout", provider.start, order, cancel_path, outside=True, check=_leads_somewhere
    )
    if address is None:
        raise Unavailable(
            _("The payment could not be started."),
            next_step=_("Nothing was charged. Try again in a minute, or choose another way to pay."),
        )
    return address


def _leads_somewhere(answer: Any) -> str:
    if isinstance(answer, str) and (is_safe_path(answer) or is_https_address(answer) or is_loopback(answer)):
        return answer
    raise guard.WrongAnswer(f"It returned {type(answer).__name__}, expected was an address to send the buyer to.")


def _able(refusals: dict[str, str]) -> list[PaymentProvider]:
    return [provider for provider in payment_providers() if not refusals[provider.name]]


def _why_nobody(refusals: dict[str, str]) -> str:
    reasons = [sentence for name, sentence in refusals.items() if name != FreeOfCharge.name]
    return " ".join(dict.fromkeys(reasons)) or _("No payment provider is connected.")
