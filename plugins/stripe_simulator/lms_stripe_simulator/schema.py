"""Requests judged by the installed SDK's own parameter types.

The SDK's ``TypedDict`` classes are Stripe's parameter lists at exactly the API version that the SDK pins. They are
read into small readers, lazily and once per operation. A reader takes the form's nested text, returns typed values,
and collects what is wrong in Stripe's own notation (``line_items[0][price]``).
"""

from __future__ import annotations

import difflib
import functools
import importlib
import re
import types
import typing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ForwardRef, Literal, NotRequired, Required, Union
from urllib.parse import parse_qsl

import typing_extensions
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from lms_stripe_simulator.problem import ApiError, invalid

Problems = list[ApiError]


def nested(text: str) -> dict[str, Any]:
    """Return the nested dicts that ``a[b][0]=1`` stands for; all leaves are text."""
    root: dict[str, Any] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        node, parts = root, re.findall(r"[^\[\]]+", key) or [key]
        if key.endswith("[]"):
            parts.append("")
        for part in parts[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise invalid(f"Invalid hash: {key}", key, "parameter_invalid_hash")
        node[parts[-1] or str(len(node))] = value
    return root


def inside(path: str, name: str) -> str:
    """Return the notation of a name inside a path."""
    return f"{path}[{name}]" if path else name


@dataclass(frozen=True)
class Text:
    """Text that is not empty."""

    may_be_empty: bool = False

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """Return the text."""
        if not isinstance(value, str):
            problems.append(invalid(f"Invalid string: {value}", path, "parameter_invalid_string"))
        elif not value and not self.may_be_empty:
            problems.append(empty(path))
        return value


def empty(path: str) -> ApiError:
    """Return Stripe's error for an empty value where nothing can be unset."""
    return invalid(
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; however "
        f"'{path}' cannot be unset. You should remove '{path}' from your request or supply a non-empty value.",
        path,
        "parameter_invalid_empty",
    )


@dataclass(frozen=True)
class Word:
    """One of some words."""

    words: tuple[Any, ...]

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """Return the word."""
        if value not in self.words:
            *first, last = map(str, self.words)
            listed = f"{', '.join(first)}, or {last}" if first else last
            problems.append(invalid(f"Invalid {path}: must be {'one of ' if first else ''}{listed}", path))
        return value


@dataclass(frozen=True)
class Scalar:
    """A number, a decimal or a boolean, written as text in a form."""

    name: str
    pattern: re.Pattern[str]
    convert: Any

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """Return the typed value."""
        if not isinstance(value, str) or not self.pattern.fullmatch(value):
            code = f"parameter_invalid_{self.name}"
            problems.append(invalid(f"Invalid {self.name}: {value}", path, code))
            return value
        return self.convert(value)


SCALARS: dict[Any, Any] = {
    str: Text(),
    bool: Scalar("boolean", re.compile(r"true|false"), lambda text: text == "true"),
    int: Scalar("integer", re.compile(r"-?\d{1,18}"), int),
    float: Scalar("decimal", re.compile(r"-?\d+(\.\d+)?"), float),
    Decimal: Scalar("decimal", re.compile(r"-?\d+(\.\d+)?"), str),
}


@dataclass(frozen=True)
class Items:
    """A list."""

    item: Any

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """Return the list."""
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            problems.append(invalid("Invalid array", path, "parameter_invalid_array"))
            return value
        ordered = sorted(value, key=int)
        return [self.item.read(value[key], inside(path, key), problems) for key in ordered]


@dataclass(frozen=True)
class Mapping:
    """Free names, such as metadata."""

    item: Any

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """Return the dict."""
        if not isinstance(value, dict):
            problems.append(invalid("Invalid hash", path, "parameter_invalid_hash"))
            return value
        return {key: self.item.read(item, inside(path, key), problems) for key, item in value.items()}


@dataclass
class Fields:
    """The parameters of one ``TypedDict``; refuses every other name."""

    readers: dict[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """Return the typed dict."""
        if not isinstance(value, dict):
            problems.append(invalid("Invalid object", path, "parameter_invalid_hash"))
            return value
        result = {}
        for name, item in value.items():
            where = inside(path, name)
            if name in self.readers:
                result[name] = self.readers[name].read(item, where, problems)
            else:
                problems.append(self._unknown(name, where))
        for name in self.required:
            if name not in value:
                where = inside(path, name)
                problems.append(invalid(f"Missing required param: {where}.", where, "parameter_missing"))
        return result

    def _unknown(self, name: str, where: str) -> ApiError:
        close = difflib.get_close_matches(name, self.readers, n=1)
        hint = f". Did you mean {close[0]}?" if close else ""
        return invalid(f"Received unknown parameter: {where}{hint}", where, "parameter_unknown")


@dataclass(frozen=True)
class Either:
    """The first alternative that fits; else the complaints of the nearest one."""

    options: tuple[Any, ...]

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """Return the typed value."""
        tried: list[tuple[bool, int, Problems, Any]] = []
        for option in self.options:
            found: Problems = []
            result = option.read(value, path, found)
            if not found:
                return result
            compound = isinstance(option, Fields | Items | Mapping)
            tried.append((compound is not isinstance(value, dict), len(found), found, result))
        best = min(tried, key=lambda attempt: attempt[:2])
        problems.extend(best[2])
        return best[3]


def _names(module: str) -> dict[str, Any]:
    """Return what names mean in a module of parameters."""
    return {**vars(typing), **vars(typing_extensions), **vars(importlib.import_module(module))}


def _resolve(hint: Any, module: str) -> Any:
    text = hint.__forward_arg__ if isinstance(hint, ForwardRef) else hint
    if not isinstance(text, str):
        return hint
    holder = types.SimpleNamespace(__annotations__={"hint": text})
    return typing.get_type_hints(holder, _names(module), include_extras=True)["hint"]


def _reader(hint: Any, module: str) -> Any:
    hint = _resolve(hint, module)
    origin, arguments = typing.get_origin(hint) or hint, typing.get_args(hint)
    if isinstance(hint, type) and hint in SCALARS:
        return SCALARS[hint]
    if origin in (NotRequired, Required):
        return _reader(arguments[0], module)
    if origin is Literal:
        return Word(arguments)
    if origin in (Union, types.UnionType):
        return _alternatives(arguments, module)
    if origin is list:
        return Items(_reader(arguments[0], module))
    if origin is dict:
        item = _reader(arguments[-1], module)
        return Mapping(Text(may_be_empty=True) if isinstance(item, Text) else item)
    if typing_extensions.is_typeddict(hint):
        return _fields(hint)
    raise TypeError(f"unknown annotation in {module}: {hint!r}")


def _alternatives(members: tuple[Any, ...], module: str) -> Any:
    kept = [_resolve(m, module) for m in members if m is not type(None)]
    kept = [m for m in kept if typing.get_origin(m) is not UntypedStripeObject]
    words = [m for m in kept if typing.get_origin(m) is Literal]
    if any(typing.get_args(m) != ("",) for m in words):
        kept = [
            m for m in kept if m is not str
        ]  # Literal | str leaves the words open to later API versions: close them
    readers = [_reader(m, module) for m in kept]
    return readers[0] if len(readers) == 1 else Either(tuple(readers))


@functools.cache
def _fields(params: Any) -> Fields:
    hints, options = dict(params.__annotations__), RequestOptions.__annotations__
    if options.keys() <= hints.keys():  # the SDK's own options ride along
        hints = {name: hint for name, hint in hints.items() if name not in options}
    readers = {name: _reader(hint, params.__module__) for name, hint in hints.items()}
    return Fields(readers, tuple(name for name in hints if name in params.__required_keys__))


@functools.cache
def parameters(name: str) -> Fields:
    """Return the reader of one of the SDK's parameter classes, such as ``checkout.SessionCreateParams``."""
    *rooms, last = name.split(".")
    module = importlib.import_module(".".join(["stripe.params", *rooms]))
    return _fields(getattr(module, last))


def read(name: str | Fields, form: str) -> dict[str, Any]:
    """Return the typed parameters of a request; raises Stripe's error for the first one that is wrong."""
    given = nested(form)
    reader = parameters(name) if isinstance(name, str) else name
    problems: Problems = []
    result: dict[str, Any] = reader.read(given, "", problems)
    if problems:
        # Stripe names a misspelt parameter before it misses the right one
        raise min(problems, key=lambda found: found.code == "parameter_missing")
    return result
