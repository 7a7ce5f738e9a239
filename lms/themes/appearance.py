"""How the site looks now: the theme that is on, and the tokens that the owner changed.

Both are settings of the section ``appearance``. The theme is part of the app, so another one raises the generation;
tokens are a stylesheet of a few lines that every page links, made anew when a setting changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import DatabaseError

from lms.audit import services as audit
from lms.base.problem import Conflict, Problem
from lms.db import rollback
from lms.host import config, pieces, state
from lms.host.config import Config
from lms.settings import services as settings
from lms.themes import catalog, contrast, tokens
from lms.themes.catalog import CircularParents, Theme, ThemeMissing
from lms.themes.manifest import ThemeUnreadable
from lms.themes.tokens import Colour, Value, Values

SECTION = "appearance"
_THEME = "theme"


class ThemeUnusable(Problem):
    """The theme cannot be switched on; the sentence says why."""

    status = 422


class TokenRefused(Problem):
    """The theme has no such token, or the value is none for it. ``token`` is its name."""

    status = 422

    def __init__(self, token: str, sentence: str) -> None:
        super().__init__(sentence)
        self.token = token


@dataclass(frozen=True, slots=True)
class Active:
    """The theme of an app. ``problem`` says why it is not the ``wanted`` one; "" where it is."""

    wanted: str
    themes: tuple[Theme, ...]
    problem: str = ""

    @property
    def name(self) -> str:
        return self.themes[0].name


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """The tokens as CSS, and a name that changes with every change; both "" where there is nothing to say."""

    text: str
    digest: str


def wanted(site: Config) -> str:
    """The name of the theme that should be on: the configuration wins, then the owner's choice, then Plain."""
    if site.theme:
        return site.theme
    try:
        return str(settings.get(SECTION, _THEME) or catalog.ROOT)
    except DatabaseError:
        # Before the first migration nobody chose one.
        rollback()
        return catalog.ROOT


def resolve(site: Config) -> Active:
    """The theme to build an app with. One that cannot be had is no reason to be down: then it is Plain."""
    name = wanted(site)
    try:
        return Active(name, tuple(catalog.chain(name, site.instance)))
    except (ThemeMissing, ThemeUnreadable, CircularParents) as error:
        return Active(name, (catalog.bundled(),), str(error))


def active() -> Active:
    """The theme of the app that is running."""
    return current_app.extensions["lms_theme"]  # type: ignore[no-any-return]


def changed(themes: Sequence[Theme]) -> dict[str, Value]:
    """The tokens that the owner changed in the first of the themes, as far as they know them."""
    stored = settings.get(SECTION, _tokens_of(themes[0].name), None)
    groups = catalog.groups(themes)
    return {name: tokens.parse(groups[name], given) for name, given in (stored or {}).items() if name in groups}


def effective(themes: Sequence[Theme], own: Values) -> dict[str, Value]:
    """All tokens of a page: the chain's, then the owner's, with what goes with an accent that the owner chose."""
    inherited = catalog.values(themes)
    values = tokens.merge(inherited, own)
    accent, ground = own.get("accent"), values.get("ground")
    if isinstance(accent, Colour) and isinstance(ground, Colour):
        follow = contrast.companions(accent, ground)
        values.update({name: value for name, value in follow.items() if name not in own})
    return values


def css(values: Values) -> str:
    """The declarations by which a page differs from base.css."""
    base = catalog.bundled().manifest.tokens
    return tokens.stylesheet({name: value for name, value in values.items() if base.get(name) != value})


def stylesheet() -> Stylesheet:
    """The tokens of the running app as CSS; no query, and made once until a setting changes."""
    number = state.get("settings")
    kept: tuple[int, Stylesheet] | None = current_app.extensions.get("lms_theme_css")
    if kept is None or kept[0] != number:
        themes = active().themes
        text = css(effective(themes, changed(themes)))
        kept = (number, Stylesheet(text, hashlib.sha256(text.encode()).hexdigest()[:12] if text else ""))
        current_app.extensions["lms_theme_css"] = kept
    return kept[1]


def read(theme: str, given: Mapping[str, Any]) -> dict[str, Value]:
    """Token values as a form or a caller gives them. Raises ``TokenRefused``, ``ThemeUnusable``."""
    themes = _chain(theme)
    groups, inherited = catalog.groups(themes), catalog.values(themes)
    values = {}
    for name, value in given.items():
        if name not in groups:
            raise TokenRefused(name, _("The theme has no token %(name)s.", name=name))
        try:
            values[name] = tokens.parse_like(inherited[name], groups[name], value)
        except ValueError as error:
            raise TokenRefused(name, _("%(name)s cannot be used: %(why)s.", name=name, why=str(error))) from error
    return values


def save_tokens(theme: str, given: Mapping[str, Any], *, actor_id: int | None, seen: str | None = None) -> list[str]:
    """Store what the owner changes of the theme; returns the names of the settings that moved.

    Only values that differ from the theme's own are kept, so that what nobody changed follows the theme. Raises
    ``ThemeUnusable``, ``TokenRefused``, and ``ChangedMeanwhile`` as ``settings.save``.
    """
    own = chosen(theme, given)
    stored = {name: tokens.plain_value(value) for name, value in own.items()}
    return settings.save(SECTION, {_tokens_of(theme): stored}, actor_id=actor_id, seen=seen)


def chosen(theme: str, given: Mapping[str, Any]) -> dict[str, Value]:
    """The values of a form that somebody chose: neither the theme's own, nor what only follows the accent.

    Raises ``ThemeUnusable``, ``TokenRefused``.
    """
    themes = _chain(theme)
    inherited, values = catalog.values(themes), read(theme, given)
    own = {name: value for name, value in values.items() if inherited[name] != value}
    followed: list[dict[str, Colour]] = []
    for accent in (own.get("accent"), changed(themes).get("accent")):
        ground = own.get("ground", inherited["ground"])
        if isinstance(accent, Colour) and isinstance(ground, Colour):
            followed.append(contrast.companions(accent, ground))
    return {name: value for name, value in own.items() if all(one.get(name) != value for one in followed)}


def switch_on(theme: str, *, actor_id: int | None) -> None:
    """Show the site in the theme; every process follows within a second.

    Raises ``ThemeUnusable``, and ``Conflict`` where the configuration decides about the theme.
    """
    if config.current().theme:
        raise Conflict(
            _("The theme is set by LMS_THEME outside this page."), next_step=_("Change it there, or remove it there.")
        )
    _chain(theme)
    if settings.save(SECTION, {_THEME: theme}, actor_id=actor_id):
        state.bump("generation")


def layers() -> frozenset[str]:
    """The names under which failures of themes and of the site's own templates are told."""
    return frozenset({"site", *(f"theme {theme.name}" for theme in active().themes)})


def load_again(*, actor_id: int | None) -> None:
    """Build the app anew in every process, so that a theme that was mended is used again."""
    for name in layers():
        pieces.dismiss(name)
    state.bump("generation")
    state.bump_content_version()
    audit.record("themes.loaded_again", actor_id=actor_id, subject=f"theme/{active().wanted}")


def _chain(theme: str) -> list[Theme]:
    try:
        return catalog.chain(theme, config.current().instance)
    except (ThemeMissing, ThemeUnreadable, CircularParents) as error:
        raise ThemeUnusable(
            _("This theme cannot be used: %(why)s", why=str(error)), next_step=_("Choose another one.")
        ) from error


def _tokens_of(theme: str) -> str:
    return f"tokens.{theme}"
