"""``?trace=plugins``: where the time of a page goes, for people who may read Health."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markupsafe import Markup

from lms.extend import Plugin, Slot
from lms.host import guard
from lms.testing.plugins import add_plugin


class Foot(Plugin):
    """Foot"""

    name = "foot"

    def slots(self) -> tuple[Slot, ...]:
        return (
            Slot(name='a "long"\r\nX-Mine: ü', place="site.footer", render=lambda _: Markup("words")),
            Slot(name="b", place="site.footer", render=lambda _: Markup("words")),
        )


@pytest.fixture(autouse=True)
def _with_slots(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lms.host.checks._NAME", re.compile(".+", re.S))
    add_plugin(site.app, Foot())


def test_the_owner_sees_every_piece_with_its_time(make: Any, sign_in: Any) -> None:
    answer = sign_in(make.person(role="owner")).get("/courses?trace=plugins")
    timing = answer.headers["Server-Timing"]
    assert re.match(r'page;dur=\d+\.\d;desc="the whole page", p1;dur=\d+\.\d;desc="', timing)
    assert '"foot: slot b"' in timing
    assert "\"foot: slot a 'long'??X-Mine: ?\"" in timing
    assert "X-Mine" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert guard.TRACE.get() is None


@pytest.mark.parametrize("role", ["", "student", "editor"])
def test_nobody_else_is_told(make: Any, sign_in: Any, client: Any, role: str) -> None:
    browser = sign_in(make.person(role=role)) if role else client
    assert "Server-Timing" not in browser.get("/courses?trace=plugins").headers


def test_who_does_not_ask_is_not_told(make: Any, sign_in: Any) -> None:
    browser = sign_in(make.person(role="owner"))
    assert "Server-Timing" not in browser.get("/courses").headers
    assert "Server-Timing" not in browser.get("/courses?trace=other").headers
