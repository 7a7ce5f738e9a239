"""``theme.toml``: what a theme says about itself."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lms.themes import tokens
from lms.themes.tokens import Group, Value

FILE = "theme.toml"
NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_TEXTS = ("name", "title", "description", "version", "author", "parent")
_TABLES = ("tokens", "fonts", "places", "menus", "kinds")
_KNOWN = (*_TEXTS, "stylesheets", *_TABLES)
KINDS_OF = ("page", "course", "lesson")


class ThemeUnreadable(ValueError):
    """theme.toml is missing or no TOML; the sentence says where."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in theme.toml that is wrong; ``line`` 0 where it is about the file as a whole."""

    sentence: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is right in a theme.toml, and what is wrong. ``labels``: words for tokens that the theme brings itself."""

    name: str
    title: str
    description: str = ""
    version: str = ""
    author: str = ""
    parent: str = ""
    stylesheets: tuple[str, ...] = ()
    tokens: Mapping[str, Value] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    menus: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def read(path: Path) -> Manifest:
    """The theme.toml at the path. Raises ``ThemeUnreadable``; smaller faults are in the answer."""
    try:
        text = path.read_text(encoding="utf-8")
        given = tomllib.loads(text)
    except FileNotFoundError as error:
        raise ThemeUnreadable(f"There is no {FILE} in {path.parent.name}.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThemeUnreadable(f"{FILE} cannot be read: {error}.") from error
    return _Reader(text, given, path.parent.name).manifest()


class _Reader:
    """Takes what is right out of a parsed theme.toml, and notes what is not."""

    def __init__(self, text: str, given: dict[str, Any], folder: str) -> None:
        self.given, self.folder = given, folder
        self._lines = text.splitlines()
        self.faults: list[Fault] = []

    def manifest(self) -> Manifest:
        for key in self.given:
            if key not in _KNOWN:
                self._fault(f"{FILE} knows no {key!r}{meant(key, _KNOWN)}.", key)
        texts = {key: self._text(key) for key in _TEXTS}
        self._names(texts)
        values, groups, labels = self._tokens()
        return Manifest(
            **{**texts, "name": texts["name"] or self.folder, "title": texts["title"] or self.folder},
            stylesheets=self._stylesheets(),
            tokens=values,
            groups=groups,
            labels=labels,
            fonts=self._fonts(),
            places=self._words("places", self._table("places")),
            menus=self._words("menus", self._table("menus")),
            kinds=self._kinds(),
            faults=tuple(self.faults),
        )

    def _fault(self, sentence: str, key: str = "") -> None:
        self.faults.append(Fault(sentence, self._line_of(key) if key else 0))

    def _line_of(self, key: str) -> int:
        name = re.compile(rf"""\s*\[?(?:[\w."'-]+\.)?["']?{re.escape(key)}["']?\s*(?:\]|=|\.)""")
        return next((number for number, line in enumerate(self._lines, 1) if name.match(line)), 0)

    def _text(self, key: str) -> str:
        value = self.given.get(key, "")
        if isinstance(value, str):
            return value.strip()
        self._fault(f"{key} must be a text.", key)
        return ""

    def _names(self, texts: Mapping[str, str]) -> None:
        for key in ("name", "title"):
            if not texts[key]:
                self._fault(f"{FILE} has no {key}.", key)
        name = texts["name"]
        if name and not NAME.fullmatch(name):
            self._fault("name has small letters, digits, hyphens and underscores only.", "name")
        elif name and name != self.folder:
            self._fault(f"name is {name!r}, but the folder is called {self.folder!r}: they must be equal.", "name")
        if texts["parent"] and texts["parent"] == name:
            self._fault("A theme cannot be its own parent.", "parent")

    def _table(self, key: str) -> dict[str, Any]:
        value = self.given.get(key, {})
        if isinstance(value, dict):
            return value
        self._fault(f"{key} must be a table: [{key}].", key)
        return {}

    def _words(self, where: str, table: Mapping[str, Any]) -> dict[str, str]:
        words = {}
        for key, value in table.items():
            if isinstance(value, str) and value.strip():
                words[key] = value.strip()
            else:
                self._fault(f"{where}: {key} needs a text that says what it is.", key)
        return words

    def _stylesheets(self) -> tuple[str, ...]:
        value = self.given.get("stylesheets", [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self._fault('stylesheets must be a list of files in assets/, such as ["sage.css"].', "stylesheets")
            return ()
        return tuple(value)

    def _fonts(self) -> dict[str, str]:
        fonts = {}
        for name, families in self._table("fonts").items():
            try:
                fonts[name] = str(tokens.parse(Group.TYPE, families))
            except ValueError as error:
                self._fault(f"fonts: {name}: {error}.", name)
        return fonts

    def _kinds(self) -> dict[str, dict[str, str]]:
        kinds: dict[str, dict[str, str]] = {}
        for of, table in self._table("kinds").items():
            if of not in KINDS_OF or not isinstance(table, dict):
                self._fault(f"kinds.{of}: kinds are of {', '.join(KINDS_OF)}: [kinds.page].", of)
                continue
            kinds[of] = {}
            for name, words in self._words(f"kinds.{of}", table).items():
                if tokens.NAME.fullmatch(name):
                    kinds[of][name] = words
                else:
                    self._fault(f"kinds.{of}: {name!r}: small letters, digits and hyphens only.", name)
        return kinds

    def _tokens(self) -> tuple[dict[str, Value], dict[str, Group], dict[str, str]]:
        values: dict[str, Value] = {}
        groups: dict[str, Group] = {}
        labels: dict[str, str] = {}
        for group, name, given in self._given_tokens():
            label = None
            if isinstance(given, dict) and "label" in given:
                label, given = given["label"], _without_label(given)
            try:
                values[name] = tokens.parse(group, given)
            except ValueError as error:
                self._fault(f"token {name}: {error}.", name)
                continue
            groups[name] = group
            if isinstance(label, str) and label:
                labels[name] = label
        return values, groups, labels

    def _given_tokens(self) -> Iterator[tuple[Group, str, Any]]:
        for key, table in self._table("tokens").items():
            if key not in set(Group) or not isinstance(table, dict):
                self._fault(f"tokens.{key}: tokens stand in {', '.join(f'[tokens.{g}]' for g in Group)}.", key)
                continue
            for name, given in table.items():
                if tokens.NAME.fullmatch(name):
                    yield Group(key), name, given
                else:
                    self._fault(f"token {name!r}: small letters, digits and hyphens only.", name)


def _without_label(given: Mapping[str, Any]) -> Any:
    rest = {key: value for key, value in given.items() if key != "label"}
    return rest["value"] if rest.keys() == {"value"} else rest


def meant(word: str, known: Iterable[str]) -> str:
    """A hint at the known word that comes nearest; "" for none."""
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
