"""The parts of a course's pages that are equal for everybody, drawn once for each version of the course.

A course of 1,000 lessons would otherwise be drawn row by row on each page. Here every row exists in the few states
that it can have for a person, and a page only picks.
"""

from __future__ import annotations

import threading
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import current_app
from flask_babel import get_locale
from markupsafe import Markup

from lms.courses.outline import Outline, PlacementView

_KEPT = 64
_CACHE = "lms_learning_parts"


@dataclass(frozen=True, slots=True)
class _Row:
    """One lesson, in all states: complete, open, locked; ``free`` is how its row in the curriculum invites readers."""

    id: int
    number: int
    preview: bool
    outline: tuple[Markup, Markup, Markup]
    curriculum: tuple[Markup, Markup, Markup]
    free: Markup


@dataclass(frozen=True, slots=True)
class Parts:
    """One version of a course in one language: its rows, section by section, the icons that they refer to, and of the
    course page what stands above the curriculum (``facts``, ``promise``) and below it (``people``)."""

    version: int
    sections: tuple[tuple[_Row, ...], ...]
    marks: Markup
    facts: Markup
    promise: Markup
    people: Markup


_DONE, _OPEN, _LOCKED = range(3)
_STATES = ("done", "open", "locked")


def outline_rows(drawn: Parts, completed: Container[int], all_open: bool, current: PlacementView) -> list[Markup]:
    """For each section the rows of the lesson page's outline, as one piece of HTML."""
    sections = []
    for rows in drawn.sections:
        states = _states(rows, completed, all_open)
        pieces = [row.outline[state] for row, state in zip(rows, states, strict=True)]
        if rows and rows[0].number <= current.number <= rows[-1].number:
            place = current.number - rows[0].number
            pieces[place] = _macros().outline_row(current, _STATES[states[place]], True)
        sections.append(_joined(pieces))
    return sections


def curriculum_rows(drawn: Parts, completed: Container[int], all_open: bool) -> list[Markup]:
    """For each section the rows of the course page's curriculum, as one piece of HTML."""
    sections = []
    for rows in drawn.sections:
        states = _states(rows, completed, all_open)
        sections.append(
            _joined(
                [
                    row.free if state == _OPEN and not all_open else row.curriculum[state]
                    for row, state in zip(rows, states, strict=True)
                ]
            )
        )
    return sections


def parts(outline: Outline) -> Parts:
    """The course's rows in the language of this request, from memory if its version is there."""
    kept: dict[tuple[int, str], Parts] = current_app.extensions.setdefault(_CACHE, {})
    key = (outline.course.id, str(get_locale()))
    found = kept.get(key)
    if found is None or found.version != outline.course.version:
        found = _draw(outline)
        with _lock:
            kept.pop(key, None)
            while len(kept) >= _KEPT:
                kept.pop(next(iter(kept)))
            kept[key] = found
    return found


_lock = threading.Lock()


def _joined(pieces: list[Markup]) -> Markup:
    return Markup("".join(pieces))  # noqa: S704  every piece came out of a template


def _states(rows: tuple[_Row, ...], completed: Container[int], all_open: bool) -> list[int]:
    # What was completed shows so for good, also when the access has ended.
    return [_DONE if row.id in completed else _OPEN if all_open or row.preview else _LOCKED for row in rows]


def _draw(outline: Outline) -> Parts:
    macros = _macros()
    about = _module("learning/about.html")
    course = outline.course
    return Parts(
        course.version,
        tuple(tuple(_draw_row(macros, lesson) for lesson in section.lessons) for section in outline.sections),
        macros.marks(),
        about.facts(course, len(outline.sections), _language_name(course.language)),
        about.promise(course),
        about.people(course),
    )


def _draw_row(macros: Any, lesson: PlacementView) -> _Row:
    done, open_, locked = _STATES
    return _Row(
        lesson.id,
        lesson.number,
        lesson.preview,
        (
            macros.outline_row(lesson, done, False),
            macros.outline_row(lesson, open_, False),
            macros.outline_row(lesson, locked, False),
        ),
        (
            macros.curriculum_row(lesson, done),
            macros.curriculum_row(lesson, open_),
            macros.curriculum_row(lesson, locked),
        ),
        macros.curriculum_row(lesson, "free"),
    )


def _macros() -> Any:
    return _module("learning/rows.html")


def _module(template: str) -> Any:
    """The macros of a template, through the theme chain, so that a theme can draw parts of its own."""
    return current_app.jinja_env.get_template(template).module


def _language_name(code: str) -> str:
    try:
        name = Locale.parse(code.replace("-", "_")).get_display_name(get_locale())
    except (UnknownLocaleError, ValueError):
        return code
    return f"{name[:1].upper()}{name[1:]}" if name else code
