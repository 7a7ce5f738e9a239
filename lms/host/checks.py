"""Whether what a plugin describes is what the contract knows: asked before anything of it is used.

An item with a number for a label or a text for a function would break far from here, on a page of the core. So a
plugin that adds one is not loaded, and its owner reads which one.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from flask_babel.speaklater import LazyString

from lms.base.urls import is_safe_path
from lms.extend import (
    Block,
    Condition,
    DynamicLabel,
    DynamicLink,
    Item,
    Job,
    NavItem,
    PaymentProvider,
    Plugin,
    Service,
    SettingsPage,
)

_NAME = re.compile(r"[\w.<>-]+")
_PLUGIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SHORTEST = timedelta(seconds=1)
# Services that the core asks for, and that only the core can be asked for.
_OF_THE_CORE = frozenset({"person_loader", "references"})


class ContractBroken(Exception):
    """The plugin describes, or registers, what its contract does not know; the message is a reason for people."""


def name_of(name: str) -> None:
    """Raises ``ContractBroken`` unless a plugin can be called so: its tables and addresses begin with it."""
    if not _PLUGIN_NAME.fullmatch(name):
        raise ContractBroken(f"{name!r} is no name for a plugin; use letters, digits and _ in its entry point")


def items_of(plugin: Plugin, kind: str) -> tuple[Item, ...]:
    """What the plugin's method ``kind`` returns. Raises ``ContractBroken`` unless these are items of that kind."""
    expected = _expected(kind)
    returned = getattr(plugin, kind)()
    if isinstance(returned, str | Item | Mapping) or not isinstance(returned, Iterable):
        raise ContractBroken(f"{kind}() must return a tuple of {expected.__name__}")
    found = tuple(returned)
    for item in found:
        if not isinstance(item, expected):
            raise ContractBroken(f"{kind}() returned a {type(item).__name__}, expected was {expected.__name__}")
        _check(item, kind)
    return found


def services_of(plugin: Plugin) -> tuple[Service, ...]:
    """What ``services()`` returns. Raises ``ContractBroken`` unless the core may be asked for it."""
    found = tuple(plugin.services())
    for service in found:
        kind, name = getattr(service, "kind", None), getattr(service, "name", None)
        if not isinstance(service, Service) or not isinstance(kind, str) or not isinstance(name, str):
            raise ContractBroken(f"services() returned a {type(service).__name__}, expected was a Service")
        if isinstance(service.order, bool) or not isinstance(service.order, int):
            raise ContractBroken(f"the order of {type(service).__name__} cannot be {_shown(service.order)}")
        if kind in _OF_THE_CORE:
            raise ContractBroken(f"no plugin can be a service of the kind {kind}")
        if kind == "payment_provider" and not isinstance(service, PaymentProvider):
            raise ContractBroken(f"{type(service).__name__} lacks something that a PaymentProvider has")
    return found


def _fields(kind: type[Item]) -> dict[str, Any]:
    found: dict[str, Any] = _fields_of(kind)  # type: ignore[arg-type]  # classes are hashable
    return found


@cache
def _expected(kind: str) -> type[Item]:
    """The class of item that a method of ``Plugin`` says it returns."""
    hint = get_type_hints(getattr(Plugin, kind))["return"]
    item: type[Item] = get_args(hint)[0]
    return item


@cache
def _fields_of(kind: Any) -> dict[str, Any]:
    """The types of the fields of a class of items."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _check(item: Item, kind: str) -> None:
    if not isinstance(item.name, str) or not _NAME.fullmatch(item.name):
        raise ContractBroken(f"{kind}(): {item.name!r} is no name; use small letters, digits and hyphens")
    for field, hint in _fields(type(item)).items():
        value = getattr(item, field)
        if not _fits(value, hint):
            said = f"{type(item).__name__} {item.name}: {field} cannot be {_shown(value)}"
            raise ContractBroken(f"{said}, expected was {_told(hint)}")
    if isinstance(item, NavItem) and not is_safe_path(item.href):
        raise ContractBroken(f"NavItem {item.name}: href must be a path of this site")
    if isinstance(item, Job):
        _check_times(item)


def _check_times(job: Job) -> None:
    """A job without a pause, or without time to run, keeps every worker busy."""
    if job.every is not None and job.every < _SHORTEST:
        raise ContractBroken(f"Job {job.name}: every must be at least {_SHORTEST.total_seconds():g} s")
    if min(job.lease, job.time_limit) <= timedelta(0) or job.max_attempts < 1:
        raise ContractBroken(f"Job {job.name}: lease, time_limit and max_attempts must leave it time to run")


def look_closer(items: Iterable[Item]) -> None:
    """Read each label and build each form once, as pages will. Raises ``ContractBroken``.

    Needs an app that knows its languages, so it comes after everything is described.
    """
    for item in items:
        for field in _fields(type(item)):
            value = getattr(item, field)
            if isinstance(value, LazyString):
                _say(item, field, value)
        _draw_form(item)


def _say(item: Item, field: str, value: LazyString) -> None:
    try:
        str(value)
    except Exception as error:
        raise ContractBroken(f"{type(item).__name__} {item.name}: {field} cannot be read: {error!r}") from error


def _draw_form(item: Item) -> None:
    """Fields are built when a form is, and one that cannot be built would end each page that holds it."""
    if not isinstance(item, Block | Condition | DynamicLabel | DynamicLink | SettingsPage) or item.form is None:
        return
    options: dict[str, Any] = {"meta": {"csrf": False}} if isinstance(item, SettingsPage) else {}
    try:
        item.form(formdata=None, **options)
    except Exception as error:
        raise ContractBroken(f"the form of {item.name} cannot be built: {type(error).__name__}: {error}") from error


def _fits(value: Any, hint: Any) -> bool:
    """Whether the value is of the type, as far as that can be seen from outside; parameters are not looked at."""
    origin = get_origin(hint)
    if hint is Any or isinstance(hint, typing.TypeVar):
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if origin is type:
        (expected,) = get_args(hint)
        return isinstance(value, type) and issubclass(value, expected if isinstance(expected, type) else object)
    if origin in (Callable, Mapping, Sequence, tuple) or hint in (Callable, Mapping, Sequence, tuple):
        return _fits_generic(value, origin or hint, get_args(hint))
    if hint is str:
        return isinstance(value, str | LazyString)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, origin or (hint if isinstance(hint, type) else object))


def _fits_generic(value: Any, origin: Any, parameters: tuple[Any, ...]) -> bool:
    if origin is Callable:
        return callable(value)
    if not isinstance(value, origin):
        return False
    if origin is tuple and len(parameters) == 2 and parameters[1] is Ellipsis:
        return all(_fits(one, parameters[0]) for one in value)
    return True


def _shown(value: Any) -> str:
    try:
        return repr(value)[:60]
    except Exception:
        return f"a {type(value).__name__}"


def _told(hint: Any) -> str:
    if isinstance(hint, type) and get_origin(hint) is None:
        return {"str": "words"}.get(hint.__name__, hint.__name__)
    return "a function" if get_origin(hint) is Callable else str(hint).replace("typing.", "")
