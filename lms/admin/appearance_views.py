"""Appearance: the theme, and its colours, type and space, with a live preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound

from lms.admin.blueprint import blueprint
from lms.base.problem import Problem
from lms.courses import services as courses
from lms.db import rollback
from lms.host import config, pieces, state
from lms.settings import services as settings
from lms.themes import appearance, catalog, contrast, tokens
from lms.themes.catalog import Theme
from lms.themes.contrast import TooFaint
from lms.themes.manifest import ThemeUnreadable
from lms.themes.tokens import Colour, Group, Value
from lms.web import current_person, flash, redirect, render, requires
from lms.web.theming import CAPABILITY, preview_address

PATH = "/admin/appearance"
_GROUPS = {Group.COLOUR: _l("Colour"), Group.TYPE: _l("Type"), Group.SPACE: _l("Space")}
_MORE = {Group.COLOUR: _l("All colours"), Group.TYPE: _l("All sizes"), Group.SPACE: _l("All spaces")}
_MAIN = ("accent", "ground", "surface", "ink", "serif", "sans", "t-md", "t-lg", "r-2", "r-3", "control")
_MOST_WARNINGS = 5
_ACTS = ("save", "use", "reset")


@dataclass(frozen=True, slots=True)
class Listed:
    """A theme to choose. ``problem``: why it cannot be used."""

    name: str
    title: str
    description: str
    is_on: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A token's field. ``kind`` is colour, font or length; ``choices`` are families and their names."""

    name: str
    label: Any
    kind: str
    value: Any
    is_own: bool
    choices: tuple[tuple[str, str], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A group of tokens: those that most people want, and the rest."""

    title: Any
    main: tuple[Row, ...]
    more: tuple[Row, ...]
    more_title: Any


@blueprint.get(PATH)
@requires(CAPABILITY)
def show_appearance() -> str:
    """The theme that is on, or the one that is looked at (``?theme=``), with what can be changed of it."""
    state.refresh()
    return _draw(request.args.get("theme") or appearance.active().name)


@blueprint.post(PATH)
@requires(CAPABILITY)
def change_appearance() -> Any:
    """Save the tokens, use the theme, or go back to the theme's own values."""
    theme, act = request.form.get("theme", ""), request.form.get("act", "save")
    if act not in _ACTS:
        raise NotFound
    person = current_person()
    actor_id = person.id if person else None
    sent = _sent(theme)
    try:
        seen = request.form.get("settings_version")
        appearance.save_tokens(theme, {} if act == "reset" else sent, actor_id=actor_id, seen=seen)
        if act == "use":
            appearance.switch_on(theme, actor_id=actor_id)
    except Problem as problem:
        rollback()
        state.refresh()
        return _draw(theme, sent=sent, problem=problem), 422 if problem.status == 400 else problem.status
    said = {
        "save": _("The appearance is saved."),
        "use": _("The site is shown in this theme within a second."),
        "reset": _("The theme’s own values are back."),
    }
    flash(said[act], "good")
    return redirect(PATH if theme == appearance.active().name else f"{PATH}?theme={theme}")


@blueprint.post(f"{PATH}/preview")
@requires(CAPABILITY)
def preview_appearance() -> dict[str, Any]:
    """What the values of the form would look like, for the page's script; nothing is stored."""
    theme = request.form.get("theme", "")
    try:
        themes = catalog.chain(theme, config.current().instance)
        values = appearance.effective(themes, appearance.chosen(theme, _sent(theme)))
    except (Problem, LookupError, ValueError) as problem:
        return {"error": str(problem)}
    return {
        "tokens": {name: _css(value) for name, value in values.items()},
        "follow": {
            f"{name}.{scheme}": getattr(values[name], scheme)
            for name in ("accent-strong", "accent-soft", "on-accent")
            for scheme in contrast.SCHEMES
            if isinstance(values.get(name), Colour)
        },
        "warnings": _warnings(values),
    }


@blueprint.post(f"{PATH}/again")
@requires(CAPABILITY)
def load_theme_again() -> Any:
    """Use a theme again that was mended."""
    person = current_person()
    appearance.load_again(actor_id=person.id if person else None)
    flash(_("The theme is loaded again within a second."), "good")
    return redirect(PATH)


def _css(value: Value) -> str:
    return value.css if isinstance(value, Colour) else value


def _sent(theme: str) -> dict[str, Any]:
    """The token values of the form; a colour comes in two fields. A name that is no token is refused by the service."""
    given: dict[str, Any] = {}
    for key, value in request.form.items():
        if key in {"csrf_token", "settings_version", "theme", "act"}:
            continue
        name, _dot, scheme = key.partition(".")
        if scheme:
            given.setdefault(name, {})[scheme] = value
        else:
            given[name] = value
    return given


def _draw(name: str, *, sent: Mapping[str, Any] | None = None, problem: Problem | None = None) -> str:
    listed = [_listed(one) for one in catalog.names(config.current().instance)]
    usable = {one.name for one in listed if not one.problem}
    shown = name if name in usable else appearance.active().name
    themes = catalog.chain(shown, config.current().instance) if shown in usable else list(appearance.active().themes)
    own = appearance.changed(themes)
    values = appearance.effective(themes, own)
    return render(
        "admin/appearance.html",
        themes=listed,
        shown=themes[0],
        is_on=shown == appearance.active().name,
        is_fixed=bool(config.current().theme),
        trouble=appearance.active().problem,
        failing=[one for one in pieces.failing() if one.plugin in appearance.layers()],
        wanted=appearance.active().wanted,
        parts=[_part(group, themes, values, own, sent, problem) for group in Group],
        warnings=_warnings(values),
        has_own=bool(own),
        pages=[(words, preview_address(path, shown)) for words, path in _pages()],
        version=settings.version(appearance.SECTION),
        problem=problem,
    )


def _listed(name: str) -> Listed:
    is_on = name == appearance.active().name
    try:
        found = catalog.chain(name, config.current().instance)[0]
    except (LookupError, ThemeUnreadable, catalog.CircularParents) as error:
        return Listed(name, name, "", is_on, str(error))
    return Listed(name, found.title, found.manifest.description, is_on)


def _part(
    group: Group,
    themes: list[Theme],
    values: Mapping[str, Value],
    own: Mapping[str, Value],
    sent: Mapping[str, Any] | None,
    problem: Problem | None,
) -> Part:
    refused = problem.token if isinstance(problem, appearance.TokenRefused) else ""
    families = {value: words for words, value in catalog.fonts(themes).items()}
    labels = {name: words for theme in reversed(themes) for name, words in theme.manifest.labels.items()}
    rows = []
    for name in (name for name, of in catalog.groups(themes).items() if of is group):
        value = (sent or {}).get(name, tokens.plain_value(values[name]))
        kind = tokens.kind(values[name])
        choices = {**families, **({value: value} if isinstance(value, str) and value not in families else {})}
        label = tokens.LABELS.get(name) or labels.get(name) or name
        error = problem.sentence if problem is not None and name == refused else ""
        rows.append(Row(name, label, kind, value, name in own, tuple(choices.items()) if kind == "font" else (), error))
    main = tuple(sorted((row for row in rows if row.name in _MAIN), key=lambda row: _MAIN.index(row.name)))
    return Part(_GROUPS[group], main, tuple(row for row in rows if row.name not in _MAIN), _MORE[group])


def _warnings(values: Mapping[str, Value]) -> list[str]:
    """The contrasts that people would not be able to read, those that most pages have first."""
    faint = list(contrast.too_faint(values))
    said = [_sentence(one) for one in faint[:_MOST_WARNINGS]]
    if len(faint) > _MOST_WARNINGS:
        said.append(_("%(count)s more pairs are too faint.", count=len(faint) - _MOST_WARNINGS))
    return said


def _sentence(one: TooFaint) -> str:
    words = {"front": tokens.LABELS.get(one.front, one.front), "back": tokens.LABELS.get(one.back, one.back)}
    measured = {"measured": f"{one.measured:.1f}", "least": f"{one.least:g}"}
    if one.scheme == "light":
        return _(
            "In light, “%(front)s” on “%(back)s” has a contrast of %(measured)s; %(least)s is needed.",
            **words,
            **measured,
        )
    return _(
        "In dark, “%(front)s” on “%(back)s” has a contrast of %(measured)s; %(least)s is needed.", **words, **measured
    )


def _pages() -> list[tuple[str, str]]:
    """Pages to look at."""
    pages = [(_("Home"), "/"), (_("Courses"), "/courses")]
    newest = next(iter(courses.list_published(limit=1)), None)
    if newest is not None:
        pages.append((_("A course"), newest.path))
    return [*pages, (_("Account"), "/account")]
