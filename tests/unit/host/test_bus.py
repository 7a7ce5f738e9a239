"""Events go out after the commit; a listener that fails harms nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from lms import db
from lms.extend import Event, On, Plugin
from lms.host import bus, guard
from lms.host.models import StateNumber
from lms.host.registry import Registry, describe


@dataclass(frozen=True, slots=True)
class BookRead(Event):
    book: str


@pytest.fixture
def contained(site_options: dict[str, Any]) -> None:
    site_options["strict_plugins"] = "0"


@pytest.fixture
def heard(site: Any) -> list[str]:
    words: list[str] = []

    class Listening(Plugin):
        def listeners(self) -> tuple[On, ...]:
            return (On(BookRead, self.fails, name="fails", order=1), On(BookRead, self.hears, name="hears", order=2))

        def fails(self, event: BookRead) -> None:
            db.session.add(StateNumber(name="half", value=1))
            db.session.flush()
            if event.book == "bad":
                raise RuntimeError("cannot read")

        def hears(self, event: BookRead) -> None:
            words.append(event.book)

    site.app.extensions["lms_registry"] = Registry([describe("shelf", Listening())])
    return words


def halves() -> int:
    return db.session.query(StateNumber).filter_by(name="half").count()


def test_nothing_is_told_before_the_commit(heard: list[str]) -> None:
    bus.emit(BookRead("good"))
    assert heard == []
    db.commit()
    assert heard == ["good"]


def test_nothing_is_told_of_what_was_rolled_back(heard: list[str]) -> None:
    bus.emit(BookRead("good"))
    db.rollback()
    db.commit()
    assert heard == []


def test_a_listener_that_fails_is_undone_attributed_and_handed_over_and_the_next_one_hears(
    contained: None, site: Any, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[tuple[str, Event]] = []
    monkeypatch.setattr(bus, "_failure_handlers", [lambda item, event: handed.append((item.full_name, event))])
    bus.emit(BookRead("bad"))
    db.commit()
    assert heard == ["bad"]
    assert halves() == 0
    assert handed == [("shelf/fails", BookRead("bad"))]
    assert guard.incidents()[-1].plugin == "shelf"
