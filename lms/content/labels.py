"""Dynamic labels in words: ``{{account/first-name|friend}}``, with arguments ``{{product/price offer=x1|from €49}}``.

What stands behind the bar is printed where there is nothing to say: nobody is signed in, the plugin is off, the label
failed. The bar is part of it, so that braces in texts about templates stay what they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel.speaklater import LazyString

from lms.content import catalog
from lms.extend import LinkContext
from lms.host import guard

LONGEST = 200
_TOKEN = re.compile(
    r"""\{\{\s*(?P<key>[a-z0-9_-]+/[a-z0-9-]+)"""
    r"""(?P<args>(?:\s+[a-z][a-z0-9_-]*=(?:"[^"{}|]*"|[^\s"{}|]+))*)\s*\|(?P<fallback>[^{}]*)\}\}"""
)
_ARGUMENT = re.compile(r"""([a-z][a-z0-9_-]*)=(?:"([^"]*)"|(\S+))""")
_NOT_IN_VALUES = re.compile(r"[\"{}|\s]+")


@dataclass(frozen=True, slots=True)
class Label:
    """A label in a text: which one, with which arguments, and what is printed where it says nothing."""

    key: str
    args: tuple[tuple[str, str], ...] = ()
    fallback: str = ""


def split(text: str) -> list[str | Label]:
    """The text cut at its labels."""
    parts: list[str | Label] = []
    end = 0
    for found in _TOKEN.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        args = tuple((name, quoted or bare) for name, quoted, bare in _ARGUMENT.findall(found["args"]))
        parts.append(Label(found["key"], args, found["fallback"].strip()))
        end = found.end()
    if end < len(text):
        parts.append(text[end:])
    return parts


def token(key: str, args: Mapping[str, Any], fallback: str) -> str:
    """The label as it stands in a text."""
    said = "".join(f" {name}={_written(value)}" for name, value in args.items() if value not in (None, ""))
    return f"{{{{{key}{said}|{' '.join(re.sub(r'[{}]', ' ', fallback).split())}}}}}"


def _written(value: Any) -> str:
    words = " ".join(_NOT_IN_VALUES.sub(" ", str(value)).split())
    return words if words and " " not in words else f'"{words}"'


@dataclass(slots=True)
class Words:
    """Plain words, read once: their labels, and the words for each outcome."""

    parts: Sequence[str | Label]
    labels: list[Label] = field(init=False)

    def __post_init__(self) -> None:
        self.labels = [part for part in self.parts if isinstance(part, Label)]

    def text(self, outcomes: Sequence[str]) -> str:
        """The words with each label's outcome in its place."""
        values = iter(outcomes)
        return "".join(part if isinstance(part, str) else next(values) for part in self.parts)


def is_personal(label: Label) -> bool:
    """Whether what it says is asked for each view."""
    item = catalog.current().labels.get(label.key)
    return item is not None and bool(item.depends_on)


def value(label: Label, ctx: LinkContext) -> str:
    """What the label says to the person of ``ctx``; its fallback where that is nothing."""
    item = catalog.current().labels.get(label.key)
    if item is None:
        return label.fallback
    if ctx.state and "person" in item.depends_on:
        shown = guard.call(item.plugin, f"label {item.key}", str, item.example, default="")
        return shown if shown and ctx.state in item.states else label.fallback
    args = dict(label.args)
    key = ("lms.content.label", item.key, json.dumps(args, sort_keys=True))
    check = guard.of(str, LazyString, type(None))
    said: Any = ctx.once(
        key,
        lambda: guard.call(
            item.plugin, f"label {item.key}", item.value, ctx, args, default=None, check=check, problem_passes=False
        ),
    )
    words = " ".join(str(said).split())[:LONGEST] if said is not None else ""
    return words or label.fallback
