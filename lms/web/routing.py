"""Rules of addresses that are read once per process, and numbers in them that a row can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.routing import BaseConverter, IntegerConverter, Map, Rule

_LARGEST = 2**31 - 1


class RowNumber(IntegerConverter):
    """``<int:…>`` in an address, as far as a row can have such a number: beyond it nothing is there (404).

    SQLite's driver and PostgreSQL refuse larger ones, each with an error of its own.
    """

    def __init__(self, map: Map, fixed_digits: int = 0, min: int | None = None, max: int | None = None) -> None:
        super().__init__(map, fixed_digits, min, _LARGEST if max is None else max)


def row_number(words: str) -> int:
    """The number of a row in what a browser sent, for ``request.args.get("before", type=row_number)``.

    Raises ``ValueError`` for what no row has, so that it is as if it had not been sent.
    """
    number = int(words)
    if abs(number) > _LARGEST:
        raise ValueError(f"no row has the number {words}")
    return number


@dataclass(slots=True)
class _Read:
    """What reading a rule's text came to: its parts, what addresses are built of, and the converters it asks for."""

    parts: list[Any] = field(default_factory=list)
    trace: list[tuple[bool, str]] = field(default_factory=list)
    converters: list[tuple[str, str, tuple[Any, ...], Mapping[str, Any]]] = field(default_factory=list)


# By the text and the converters of the map: a few hundred in a process.
_read: dict[tuple[str, tuple[tuple[str, type[BaseConverter]], ...]], _Read] = {}


class LazyRule(Rule):
    """Reads its text once per process, and compiles its two builders on first use.

    Werkzeug does both for each rule of each app. A site has two hundred rules and builds the addresses of a few, so
    this was most of the time that a new app took, at each change of plugins.
    """

    _reading: _Read | None = None

    def _parse_rule(self, rule: str) -> Iterable[Any]:
        converters = self.map.converters if self.map is not None else {}
        key = (rule, tuple(converters.items()))
        known = _read.get(key)
        if known is not None:
            for name, converter, arguments, options in known.converters:
                self._converters[name] = self.get_converter(name, converter, arguments, options)
                self.arguments.add(name)
            self._trace.extend(known.trace)
            return known.parts
        self._reading, before = _Read(), len(self._trace)
        self._reading.parts = list(super()._parse_rule(rule))
        self._reading.trace = self._trace[before:]
        _read[key], self._reading = self._reading, None
        return _read[key].parts

    def get_converter(
        self, variable_name: str, converter_name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> BaseConverter:
        """A converter of this map; while the text is read, it is noted for the rules of other apps."""
        if self._reading is not None:
            self._reading.converters.append((variable_name, converter_name, args, kwargs))
        return super().get_converter(variable_name, converter_name, args, kwargs)

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder
        kept: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            if not kept:
                kept.append(compile_now(append_unknown))
            return kept[0](rule, **values)

        return build
