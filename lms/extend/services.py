"""Services: things that the core asks plugins for, by kind."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable


class Service:
    """Base of what ``Plugin.services()`` returns. ``kind`` says which registry asks for it."""

    kind: ClassVar[str] = ""
    name: ClassVar[str] = ""


@runtime_checkable
class PaymentProvider(Protocol):
    """Takes money for orders. Facts come back through ``lms.api.commerce``; it never writes grants.

    ``can_sell(offer)`` returns True or a sentence why not, from our database only. ``start(order, return_path)`` is
    called with the order committed and no transaction open; it may call outside, commits its own rows, and returns
    the address to send the buyer to. It raises ``lms.base.problem.Problem`` when that is not possible now.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    label: Any

    def can_sell(self, offer: Any) -> bool | str: ...

    def start(self, order: Any, cancel_path: str) -> str: ...
