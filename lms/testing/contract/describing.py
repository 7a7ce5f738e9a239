"""Asking a plugin what it adds: twice, with the network and every database closed."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask import Blueprint
from flask_babel.speaklater import LazyString

from lms.extend import Item, Plugin, Service
from lms.host import discover, load, registry
from lms.testing.contract.finding import ADVICE, Finding
from lms.testing.contract.quiet import Reached, Reaches, quiet
from lms.testing.contract.stage import Stage, tried, words

BLUEPRINT, SERVICES = "blueprint", "services"
METHODS = (*registry.KINDS, SERVICES, BLUEPRINT)


@dataclass
class Described:
    """What the plugin adds, as far as it could say it."""

    plugin: Plugin
    items: list[tuple[str, Item]] = field(default_factory=list)
    """Each with the method that returned it."""
    services: list[Service] = field(default_factory=list)
    blueprint: Blueprint | None = None


def item_type(method: str) -> type[Item]:
    """The kind of item that a method of ``Plugin`` returns, as its annotation says."""
    return typing.get_args(typing.get_type_hints(getattr(Plugin, method))["return"])[0]


def describe(stage: Stage, found: list[Finding]) -> Described | None:
    """Import the plugin and ask for everything it adds; None if there is no plugin to ask."""
    plugin = _import(stage, found)
    if plugin is None:
        return None
    described = Described(plugin)
    found.extend(_documented(stage, plugin))
    for method in METHODS:
        answer = _ask(stage, plugin, method, found)
        if method == BLUEPRINT:
            described.blueprint = answer
        elif method == SERVICES:
            described.services = list(answer)
        else:
            described.items += [(method, item) for item in answer]
    return described


def as_the_host_sees_it(stage: Stage, plugin: Plugin) -> Iterator[Finding]:
    """What would keep the host from loading it, in the host's own words."""
    _contribution, error = tried(lambda: registry.describe(stage.name, plugin))
    if error is not None:
        yield stage.finding("describe", f"The host would not load it: {words(error)}.", "", at=type(plugin))


def _import(stage: Stage, found: list[Finding]) -> Plugin | None:
    point = discover.found()[stage.name].entry_point
    with quiet(stage.distribution.root) as reaches:
        plugin, error = tried(lambda: load.external(point))
    found.extend(_reached(stage, reaches, "at import"))
    if error is not None and not isinstance(error, Reached):
        found.append(stage.finding("import", f"It cannot be imported: {words(error)}.", "Import it and see."))
    return plugin


def _documented(stage: Stage, plugin: Plugin) -> Iterator[Finding]:
    kind = type(plugin)
    do = "Write a docstring: the title in its first line, and below it one or two sentences on what the plugin does."
    if not (vars(kind).get("__doc__") or "").strip():
        yield stage.finding("title", f"The class {kind.__name__} has no title.", do, at=kind)
    elif not kind.description():
        yield stage.finding("description", f"The class {kind.__name__} has no description.", do, at=kind)
    yield from _category(stage, kind)
    if kind.models and not kind.migrations:
        do = 'Add migrations = "' + kind.models.rpartition(".")[0] + '.migrations".'
        yield stage.finding("migrations", "There are models and no migrations.", do, at=kind)
    if kind.builtin:
        yield stage.finding("builtin", "builtin is for rooms of the core.", "Leave it out.", at=kind)


def _category(stage: Stage, kind: type[Plugin]) -> Iterator[Finding]:
    keyword = next(iter(stage.distribution.keywords), "")
    if not kind.category:
        do = f'Write category = "{keyword or "teaching"}": the heading under which the owner finds it.'
        yield stage.finding("category", f"The class {kind.__name__} has no category.", do, level=ADVICE, at=kind)
    elif keyword and keyword != kind.category:
        said = f"The class {kind.__name__} is in the category {kind.category!r}, its first keyword is {keyword!r}."
        do = "Write the same in both: else the plugin moves to another place once it is switched on."
        yield stage.finding("category", said, do, at=kind)


def _ask(stage: Stage, plugin: Plugin, method: str, found: list[Finding]) -> Any:
    function = getattr(plugin, method)
    nothing: Any = None if method == BLUEPRINT else ()
    with quiet(stage.distribution.root) as reaches:
        first, error = tried(lambda: _collected(method, function()))
        said = fingerprint(first)
        again, _error = tried(lambda: _collected(method, function()))
    told = list(_reached(stage, reaches, f"in {method}()"))
    found.extend(told)
    if error is not None:
        if not told:
            do = "Describe with data alone; methods return a tuple, so one item needs a comma: (item,)."
            found.append(stage.finding("describe", f"{method}() fails: {words(error)}.", do, at=function))
        return nothing
    wrong = _wrong_type(method, first)
    if wrong:
        found.append(stage.finding("describe", f"{method}() returns {wrong}.", "See docs/plugins.", at=function))
        return nothing
    if said != fingerprint(again):
        do = "Return the same each time: no random names, no dates, no lists that grow."
        found.append(stage.finding("describe", f"{method}() says something else at the second call.", do, at=function))
    return first


def _collected(method: str, answer: Any) -> Any:
    return answer if method == BLUEPRINT else tuple(answer)


def _wrong_type(method: str, answer: Any) -> str:
    if method == BLUEPRINT:
        return "" if answer is None or isinstance(answer, Blueprint) else f"a {type(answer).__name__}, no Blueprint"
    wanted = Service if method == SERVICES else item_type(method)
    strangers = sorted({type(item).__name__ for item in answer if not isinstance(item, wanted)})
    return f"{', '.join(strangers)} instead of {wanted.__name__}" if strangers else ""


def _reached(stage: Stage, reaches: Reaches, when: str) -> Iterator[Finding]:
    for what, file, line in reaches.seen:
        where = stage.distribution.shown(file, line) if file else None
        do = "Describing must work without: hand over a function, and look inside it."
        yield stage.finding("describe", f"It reaches for {what} {when}.", do, at=where)


def fingerprint(value: Any) -> Any:
    """What can be compared of a description: names, words and numbers; functions and classes by their names."""
    if isinstance(value, partial):
        return "partial", fingerprint(value.func), fingerprint(value.args), fingerprint(value.keywords)
    if isinstance(value, Blueprint):
        return "blueprint", value.name, value.url_prefix, len(value.deferred_functions)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, {f.name: fingerprint(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): fingerprint(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [fingerprint(one) for one in value]
    if isinstance(value, LazyString):
        # Untranslated: whose language it is would be asked of the database.
        return "words", fingerprint(value._args), fingerprint(value._kwargs)
    if hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    # Of an object of some other kind only the kind can be compared.
    return repr(value) if type(value).__module__ == "builtins" else type(value).__qualname__
