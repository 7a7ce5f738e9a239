"""The forms of settings pages, actions, blocks and links."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import current_app
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from wtforms import Form

from lms.extend.fields import Colour, Items, StructuredField
from lms.testing.contract.finding import Finding
from lms.testing.contract.stage import Stage, tried, words

_DRAWN_BY_THE_HOST = {"CSRFTokenField", "SubmitField"}


def check(
    stage: Stage, form: type[Form], *, help_needed: bool, stored: bool, in_block: bool = False
) -> Iterator[Finding]:
    """Every field has a label, help where people decide something, and a default that can be stored.

    Some fields can be filled in only where they belong to a block.
    """
    drawn, error = tried(lambda: _drawn(form))
    if error is not None:
        yield stage.finding("form", f"{form.__name__} cannot be made: {words(error)}.", "", at=form)
        return
    for field in drawn:
        if field.type in _DRAWN_BY_THE_HOST:
            continue
        name = f"{form.__name__}.{field.short_name}"
        if not str(field.label.text).strip():
            do = "Give the field its words: a form without them cannot be filled in."
            yield stage.finding("label", f"{name} has no label.", do, at=form)
        if help_needed and not str(field.description).strip():
            do = "Add description: one sentence that helps to decide."
            yield stage.finding("help", f"{name} has no help.", do, at=form)
        if not in_block and isinstance(field, StructuredField | Colour):
            do = f"Use another kind: {field.type} is for the options of blocks."
            yield stage.finding("form", f"Nobody can fill in {name}.", do, at=form)
        if isinstance(field, Items):
            yield from check(stage, field.form, help_needed=False, stored=stored, in_block=in_block)
        if stored and tried(lambda field=field: json.dumps(_plain(field.data)))[1] is not None:
            do = "Use words, numbers, true and false, lists and objects of them."
            yield stage.finding("form", f"The default of {name} cannot be stored as JSON.", do, at=form)


def groups(stage: Stage, form: type[Form]) -> Iterator[Finding]:
    """``Meta.groups`` of a block's form names fields that are there."""
    known = {name for name in dir(form) if hasattr(getattr(form, name, None), "field_class")}
    for group in getattr(getattr(form, "Meta", None), "groups", ()):
        for name in group.fields:
            if name not in known:
                sentence = f"{form.__name__}: the group {group.label} names {name}, which is no field."
                yield stage.finding("form", sentence, "", at=form)


def _plain(value: Any) -> Any:
    # Words that are translated later are words.
    if isinstance(value, LazyString):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, dict) else value


def _drawn(form: type[Form]) -> Form:
    with current_app.test_request_context():
        return form(formdata=None, meta={"csrf": False}) if issubclass(form, FlaskForm) else form()
