"""What payment providers tell staff about an order: contained, so that one that fails costs only its own lines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lms.base.urls import is_https_address, is_loopback, is_safe_path
from lms.commerce.orders import OrderView
from lms.commerce.providers import payment_providers
from lms.extend import ProviderRecord, ProviderRecords
from lms.host import guard, registry

_MOST = 200


def records_of(order: OrderView) -> tuple[ProviderRecord, ...]:
    """What the order's provider knows about it, oldest first; () while its plugin is off."""
    found: tuple[ProviderRecord, ...] = ()
    for provider in _telling(order.provider):
        found += _ask(provider, "records", provider.records, order, check=_records, default=())
    return tuple(sorted(found, key=lambda one: one.at))[-_MOST:]


def addresses_of(provider_name: str, references: Collection[str]) -> dict[str, str]:
    """The provider's own pages about what it told under the references; what has none is left out."""
    found: dict[str, str] = {}
    for provider in _telling(provider_name) if references else ():
        found |= _ask(provider, "addresses", provider.addresses_of, references, check=_addresses, default={})
    return found


def orders_with(reference: str) -> tuple[int, ...]:
    """Ids of the orders that any provider connects with the reference."""
    if not reference:
        return ()
    found: set[int] = set()
    for provider in _telling():
        found.update(_ask(provider, "search", provider.orders_with, reference, check=_ids, default=()))
    return tuple(sorted(found))[:_MOST]


def _telling(name: str = "") -> list[Any]:
    known = [one for one in payment_providers() if not name or one.name == name]
    return [one for one in known if isinstance(one, ProviderRecords)]


def _ask(provider: Any, what: str, question: Any, given: Any, **options: Any) -> Any:
    plugin = registry.current().owner(provider)
    return guard.call(plugin, f"{what} of {provider.name}", question, given, problem_passes=False, **options)


def _records(answer: Any) -> tuple[ProviderRecord, ...]:
    found = tuple(answer)
    for one in found:
        guard.of(ProviderRecord)(one)
        if one.href:
            _address(one.href)
    return found


def _address(answer: Any) -> str:
    if isinstance(answer, str) and (not answer or _leads_there(answer)):
        return answer
    raise guard.WrongAnswer("It returned neither a path of this site nor an address that starts with https://.")


def _leads_there(address: str) -> bool:
    # The simulator beside a demo has no https.
    is_beside = address.startswith("http://") and is_loopback(address)
    return is_safe_path(address) or is_https_address(address) or is_beside


def _addresses(answer: Any) -> dict[str, str]:
    return {reference: _address(address) for reference, address in dict(answer).items() if address}


def _ids(answer: Any) -> tuple[int, ...]:
    found = tuple(answer)
    if not all(isinstance(one, int) and 0 < one < 2**31 for one in found):
        raise guard.WrongAnswer("It returned something else than ids of orders.")
    return found
