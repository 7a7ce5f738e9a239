"""Services: things that the core asks plugins for, by kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, runtime_checkable


class Service:
    """Base of what ``Plugin.services()`` returns. ``kind`` says which registry asks for it.

    Those of one kind are sorted by ``order``, then by plugin name.
    """

    kind: ClassVar[str] = ""
    name: ClassVar[str] = ""
    order: ClassVar[int] = 100


@runtime_checkable
class PaymentProvider(Protocol):
    """Takes money for orders. Facts come back through ``lms.api.commerce``; it never writes grants.

    Where several can sell an offer, the buyer chooses between their ``label`` ("Bank transfer"), and reads in
    ``description`` in one sentence what happens then ("You get an invoice, and transfer the amount.").
    ``can_sell(offer)`` returns True or a sentence why not, from our database only. ``start(order, cancel_path)`` is
    called with the order committed and no transaction open; it may call outside, commits its own rows, and returns
    the address to send the buyer to: the same one for as long as that payment is open. It raises
    ``lms.base.problem.Problem`` when that is not possible now; then nothing half-made stays.

    ``lms.testing.payments`` holds the tests that every provider passes.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    label: Any
    description: Any

    def can_sell(self, offer: Any) -> bool | str: ...

    def start(self, order: Any, cancel_path: str) -> str: ...


@runtime_checkable
class GuestSales(Protocol):
    """What a payment provider may have besides: it takes money from people without an account.

    ``takes_guests(offer)`` says whether it does so for this offer now, from our database only. ``start`` then gets
    orders without a ``person_id``, with the buyer's ``guest_email``; facts about them are told as of any other.
    """

    def takes_guests(self, offer: Any) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRecord:
    """Something that a provider knows about an order, as staff read it: an event that arrived, a reading, a session.

    ``at`` in UTC, on the machine's clock. ``href`` leads to the provider's own page about it (https), "" for none;
    ``tone`` is good, bad or "".
    """

    at: datetime
    title: str
    detail: str = ""
    href: str = ""
    tone: str = ""


@runtime_checkable
class ProviderRecords(Protocol):
    """What a payment provider may have besides: it tells staff what it knows. All of it from our database only.

    ``records(order)`` are the lines of one order's story. ``addresses_of(references)`` are the provider's own pages
    about payments and subscriptions that it told under these references, by reference; what has none is left out.
    ``orders_with(reference)`` are ids of the orders that something belongs to which staff found there (a session, an
    invoice, a customer).
    """

    def records(self, order: Any) -> Iterable[ProviderRecord]: ...

    def addresses_of(self, references: Collection[str]) -> Mapping[str, str]: ...

    def orders_with(self, reference: str) -> Iterable[int]: ...


@runtime_checkable
class ProviderLinks(Protocol):
    """What a payment provider may have besides: dynamic links that letters lead to, as ``source/key``.

    By purpose: ``pay`` (another card for an unpaid charge), ``confirm`` (a charge that the buyer's bank asks about),
    ``manage`` (what runs). Where one is missing, the letter leads to Billing.
    """

    links: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Money that staff want to send back: ``amount`` minor units of ``currency``, of the payment ``payment_ref``.

    ``key`` names this one decision: the same key is the same refund, however often it is asked for. ``left`` is what
    was still there of the payment when it was decided.
    """

    key: str
    order_id: int
    payment_ref: str
    amount: int
    currency: str
    left: int
    reason: str
    actor_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """What came of it: the refund's reference, and whether the money is ``pending`` or has ``succeeded``."""

    provider_ref: str
    state: str


@runtime_checkable
class Refunding(Protocol):
    """What a payment provider may have besides: it sends money back.

    ``refund(request)`` is called with no transaction open; it may call outside, and commits its own rows. Before it
    returns, it has told the refund through ``lms.api.commerce.record_refund``. It raises ``Unavailable`` when nobody
    knows whether it was done (then it is asked again, with the same key) and any other ``Problem`` when it was refused.
    """

    def refund(self, request: RefundRequest) -> RefundAnswer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPrice:
    """A price that is there at a provider: ``amount`` minor units of ``currency`` (lower case) for its ``product``.

    ``interval`` and ``interval_count``: how often it is charged, "" and 0 for what is paid once. ``reference`` is the
    provider's own; ``note`` is what staff read besides, such as the price's own name.
    """

    reference: str
    product: str
    amount: int
    currency: str
    interval: str = ""
    interval_count: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The prices of one account and mode at a provider, as last read at ``read_at`` (UTC, machine's clock).

    ``name`` is the provider's own word for it, in small letters; ``title`` is what staff read. ``picked`` is the
    reference of the price that the offer is tied to, "" for none; it stands among ``prices`` too. ``reason`` says in a
    sentence why nothing can be picked, "" where something can; ``href`` (a path of this site) is where that is mended.
    """

    name: str
    title: Any
    prices: tuple[ProviderPrice, ...] = ()
    picked: str = ""
    reason: str = ""
    href: str = ""
    read_at: datetime | None = None


@runtime_checkable
class PriceLists(Protocol):
    """What a payment provider may have besides: prices that were made there, which an offer can be sold with.

    ``price_lists(offer)`` is answered from our database only; ``None`` asks for an offer that is still to be made. What
    belongs to other offers is left out. ``pick(offer, name, reference)`` ties the offer to a price of the list, "" lets
    go of it; in the caller's transaction, from our database only. ``read_prices()`` is called with no transaction open;
    it may call outside, and commits. All of them raise ``Problem`` with what to do.
    """

    def price_lists(self, offer: Any | None) -> Iterable[PriceList]: ...

    def pick(self, offer: Any, name: str, reference: str) -> None: ...

    def read_prices(self) -> None: ...
