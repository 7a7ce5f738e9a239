"""Rules of addresses that build an address only when somebody asks, and numbers in them that a row can have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import IntegerConverter, Map, Rule

_LARGEST = 2**31 - 1


class RowNumber(IntegerConverter):
    """``<int:…>`` in an address, as far as a row can have such a number: beyond it nothing is there (404).

    SQLite's driver and PostgreSQL refuse larger ones, each with an error of its own.
    """

    def __init__(self, map: Map, fixed_digits: int = 0, min: int | None = None, max: int | None = None) -> None:
        super().__init__(map, fixed_digits, min, _LARGEST if max is None else max)


class LazyRule(Rule):
    """Compiles its two builders on first use.

    Werkzeug writes and compiles two functions for each rule. A site has two hundred rules and builds the addresses of
    a few, so this was two thirds of the time that a new app took, at each change of plugins.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder
        kept: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            if not kept:
                kept.append(compile_now(append_unknown))
            return kept[0](rule, **values)

        return build
