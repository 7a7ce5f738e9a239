"""The public surface: every name that plugins may use, with its parameters, as text that can be compared.

``surface.json`` beside this file is what plugins rely on. After adding a name or a parameter with a default::

    .venv/bin/python tests/unit/api/surface.py --write

It refuses to write while something is lost. What was deprecated for two minor versions goes with ``--gone NAME``.
"""

from __future__ import annotations

import argparse
import dataclasses
import enum
import importlib
import inspect
import json
import pkgutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lms.api
import lms.extend

FILE = Path(__file__).with_name("surface.json")
COMMAND = ".venv/bin/python tests/unit/api/surface.py --write"

Surface = dict[str, dict[str, Any]]
"""By dotted name: ``kind``, and what the kind has (parameters, returns, bases, value)."""


def modules() -> list[str]:
    """The modules whose names are public."""
    facade = [f"lms.api.{module.name}" for module in pkgutil.iter_modules(lms.api.__path__)]
    return ["lms.extend", "lms.extend.fields", "lms.extend.places", *sorted(facade)]


def public_names(module: Any) -> list[str]:
    """``__all__``; in a module without it, what is defined there."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    found = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    return sorted(
        name
        for name, value in found.items()
        if not inspect.ismodule(value)
        and getattr(value, "__module__", module.__name__) == module.__name__
        # An alias such as ``Sequence`` or a type from elsewhere carries another module's name.
        and (inspect.isclass(value) or inspect.isfunction(value) or name.isupper())
    )


def things() -> Iterator[tuple[str, Any]]:
    """Every public thing with its dotted name."""
    with warnings.catch_warnings():
        # A renamed thing warns whoever looks at it.
        warnings.simplefilter("ignore")
        for name in modules():
            module = importlib.import_module(name)
            for public in public_names(module):
                yield f"{name}.{public}", getattr(module, public)


def surface() -> Surface:
    """The surface as it is now."""
    found: Surface = {}
    for name, thing in things():
        found.update(_described(name, thing))
    return dict(sorted(found.items()))


def _described(name: str, thing: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if inspect.isclass(thing):
        yield from _class(name, thing)
    elif callable(thing):
        yield name, _callable(thing)
    else:
        yield name, {"kind": "value", "type": type(thing).__name__}


def _class(name: str, thing: type) -> Iterator[tuple[str, dict[str, Any]]]:
    ours = [base for base in thing.__mro__[1:] if base.__module__.split(".")[0] == "lms"]
    described: dict[str, Any] = {"kind": "class", "bases": [base.__name__ for base in ours]}
    if getattr(thing, "_is_protocol", False):
        described["kind"] = "protocol"
    elif issubclass(thing, enum.Enum):
        described["kind"] = "enum"
    elif _is_made_by_plugins(name, thing):
        described["parameters"] = _parameters(thing)
    yield name, described
    given = {one[0] for one in described.get("parameters", ())}
    for member in sorted(_members(thing, ours) - given):
        yield f"{name}.{member}", _member(thing, member)


def _is_made_by_plugins(name: str, thing: type) -> bool:
    """Whether plugins call the class. What they only get (views, decisions, events) may grow by further fields."""
    if not (dataclasses.is_dataclass(thing) or "__init__" in vars(thing)):
        return False
    return name.startswith("lms.extend.") or name.endswith(("Fact", ".Money")) or not dataclasses.is_dataclass(thing)


def _members(thing: type, ours: list[type]) -> set[str]:
    """Public attributes that our own code gives the class, those of its bases too."""
    names = {name for each in (thing, *ours) for name in (*vars(each), *vars(each).get("__annotations__", {}))}
    return {name for name in names if not name.startswith("_")}


def _member(thing: type, name: str) -> dict[str, Any]:
    value = inspect.getattr_static(thing, name, None)
    if isinstance(value, staticmethod | classmethod):
        return _callable(getattr(thing, name))
    if inspect.isfunction(value):
        return _callable(value, method=True)
    if isinstance(value, enum.Enum):
        return {"kind": "member", "value": value.value}
    return {"kind": "attribute"}


def _callable(thing: Any, *, method: bool = False) -> dict[str, Any]:
    parameters = _parameters(thing)
    described: dict[str, Any] = {"kind": "function", "parameters": parameters[1:] if method else parameters}
    returns = inspect.signature(thing).return_annotation
    if returns is not inspect.Signature.empty:
        described["returns"] = _annotation(returns)
    return described


def _parameters(thing: Any) -> list[list[Any]]:
    """Name, kind, whether it must be given, and its type, for each parameter."""
    return [
        [one.name, _KINDS[one.kind], one.default is one.empty and one.kind not in _OPEN, _annotation(one.annotation)]
        for one in inspect.signature(thing).parameters.values()
    ]


_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_EITHER = "by place or name"
_BY_PLACE = ("by place", _EITHER)
_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "by place",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: _EITHER,
    inspect.Parameter.VAR_POSITIONAL: "any number by place",
    inspect.Parameter.KEYWORD_ONLY: "by name",
    inspect.Parameter.VAR_KEYWORD: "any number by name",
}


def _annotation(annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def losses(before: Surface, now: Surface) -> dict[str, str]:
    """By name: what plugins that work today would miss, in a sentence that says what to do."""
    found = {}
    for name, was in before.items():
        if name not in now:
            if name.rpartition(".")[0] in before and name.rpartition(".")[0] not in now:
                continue  # its class is gone, and says so
            found[name] = (
                f"{name} is gone. Plugins use it: bring it back as it was, and let it call lms.extend.deprecate(); "
                "two minor versions later it may go."
            )
            continue
        reason = _narrowed(name, was, now[name])
        if reason:
            found[name] = reason
    for name in now:
        owner = name.rpartition(".")[0]
        if name not in before and before.get(owner, {}).get("kind") == "protocol":
            found[name] = (
                f"{name} is new, and implementations of {owner} lack it: ask for it with getattr() and document it "
                "as optional."
            )
    return found


def _narrowed(name: str, was: dict[str, Any], now: dict[str, Any]) -> str:
    if was["kind"] != now["kind"]:
        return f"{name} was a {was['kind']} and is a {now['kind']}: keep the old name as it was, and add a new one."
    missing = [base for base in was.get("bases", ()) if base not in now.get("bases", ())]
    if missing:
        return f"{name} is no {missing[0]} any more, and plugins may ask: keep it one."
    if was.get("value") != now.get("value"):
        return f"{name} was {was['value']!r}, which is stored, and is {now['value']!r}: keep the value."
    return _narrowed_parameters(name, was.get("parameters", ()), now.get("parameters", ()))


def _narrowed_parameters(name: str, before: Any, now: Any) -> str:
    old, new = {one[0]: one for one in before}, {one[0]: one for one in now}
    for parameter, (_name, kind, needed, _type) in old.items():
        if parameter not in new:
            return (
                f"{name}: the parameter {parameter} is gone. Take it still, and call lms.extend.deprecate() when it is "
                "given; two minor versions later it may go."
            )
        if new[parameter][1] != kind and new[parameter][1] != _EITHER:
            return f"{name}: {parameter} was given {kind} and is given {new[parameter][1]}: let it be given both ways."
        if new[parameter][2] and not needed:
            return f"{name}: {parameter} could be left out and has to be given now: give it a default."
    for parameter, (_name, _kind, needed, _type) in new.items():
        if parameter not in old and needed:
            return f"{name}: the new parameter {parameter} has to be given, and plugins do not: give it a default."
    places, now_places = ([one[0] for one in each if one[1] in _BY_PLACE] for each in (before, now))
    if now_places[: len(places)] != places:
        return f"{name}: {', '.join(places)} are given by place: keep their order, and put new ones behind them."
    return ""


def read() -> Surface:
    """What was pinned."""
    pinned: Surface = json.loads(FILE.read_text(encoding="utf-8"))
    return pinned


def as_text(found: Surface) -> str:
    """The file's text: one line per name, so that a change shows as one line."""
    lines = [f"{json.dumps(name)}: {json.dumps(described)}" for name, described in found.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the snapshot; 1 when something would be lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", required=True)
    parser.add_argument("--gone", action="append", default=[], metavar="NAME", help="Was deprecated long enough.")
    given = parser.parse_args(arguments)
    now, before = surface(), read() if FILE.exists() else {}
    lost = {name: reason for name, reason in losses(before, now).items() if name not in given.gone}
    for reason in lost.values():
        sys.stderr.write(f"{reason}\n")
    if lost:
        return 1
    FILE.write_text(as_text(now), encoding="utf-8")
    sys.stdout.write(f"{len(now)} names, {len(now.keys() - before.keys())} of them new.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
