"""Containment of plugin code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import g
from sqlalchemy import text

from lms import db
from lms.base.problem import Problem
from lms.host import guard, running
from lms.host.models import StateNumber


class OwnWay(BaseException):
    """Not even an ``Exception``."""


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def endless() -> None:
    endless()


def leave() -> None:
    sys.exit(3)


def divide() -> None:
    raise ZeroDivisionError


def runs_out_of_memory() -> None:
    raise MemoryError


def own_way() -> None:
    raise OwnWay("mine")


def speechless() -> None:
    raise Speechless


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"strict_plugins": "0"}


@pytest.fixture
def strict(site_options: dict[str, Any]) -> None:
    site_options["strict_plugins"] = "1"


BAD = [endless, leave, divide, runs_out_of_memory, own_way, speechless]


@pytest.mark.parametrize("bad", BAD, ids=lambda f: f.__name__)
def test_whatever_a_piece_does_the_page_gets_its_default(site: Any, bad: Callable[[], None]) -> None:
    assert guard.call("bad", "slot x", bad, default="") == ""
    seen = guard.incidents()[-1]
    assert (seen.plugin, seen.piece) == ("bad", "slot x")
    assert seen.reason


@pytest.mark.parametrize("bad", BAD, ids=lambda f: f.__name__)
def test_with_strict_plugins_everything_is_raised(strict: None, site: Any, bad: Callable[[], None]) -> None:
    with pytest.raises(BaseException):  # noqa: B017  each its own
        guard.call("bad", "slot x", bad, default="")


def test_whoever_wants_the_process_to_end_is_not_stopped(site: Any) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guard.call("bad", "slot x", interrupted)


def refuse() -> None:
    raise Problem("Not now.")


def test_a_problem_is_an_answer_not_a_failure(site: Any) -> None:
    with pytest.raises(Problem):
        guard.call("good", "link x", refuse)
    assert not guard.incidents()


def test_a_problem_while_a_page_is_drawn_is_a_failure_for_nobody_asked(site: Any) -> None:
    assert guard.call("bad", "slot x", refuse, default="", problem_passes=False) == ""
    assert guard.why("bad", "slot x") == "Problem: Not now."


@pytest.mark.parametrize(
    ("check", "answer", "words"),
    [
        (guard.of(str, type(None)), 5, "It returned int, expected was str or None."),
        (guard.words, 5, "expected was a sentence"),
        (guard.yes_or_why, object(), "It returned object"),
    ],
    ids=["type", "sentence", "yes or why"],
)
def test_an_answer_that_the_contract_does_not_know_is_a_failure(
    site: Any, check: Callable[[Any], Any], answer: Any, words: str
) -> None:
    assert guard.call("bad", "link x", lambda: answer, default="default", check=check) == "default"
    assert words in guard.why("bad", "link x")


@pytest.mark.parametrize(("answer", "means"), [(True, True), (False, ""), ("No.", "No.")], ids=str)
def test_a_link_is_there_or_says_why_not(answer: Any, means: Any) -> None:
    assert guard.yes_or_why(answer) == means


def test_the_innermost_piece_is_to_blame(site: Any) -> None:
    with pytest.raises(ZeroDivisionError) as raised, guard.piece("outer", "view a"), guard.piece("inner", "listener b"):
        divide()
    guard.report("outer", "view a", raised.value)
    assert [(one.plugin, one.piece) for one in guard.incidents()] == [("inner", "listener b")]


def test_a_page_that_lacks_a_piece_knows_it(site: Any) -> None:
    assert not guard.is_incomplete()
    guard.call("bad", "slot x", divide)
    assert guard.is_incomplete()
    g.pop("lms_incomplete")


def test_pieces_of_a_request_are_noted_for_whoever_asked(site: Any) -> None:
    noted: list[tuple[str, str, float]] = []
    token = guard.TRACE.set(noted)
    guard.call("a", "slot x", lambda: guard.call("b", "link y", str))
    guard.TRACE.reset(token)
    assert [(plugin, piece) for plugin, piece, _seconds in noted] == [("b", "link y"), ("a", "slot x")]


class TestWhatAPieceLeavesBehind:
    """The page goes on in the transaction in which the piece ran; on PostgreSQL one bad statement would end it."""

    @pytest.fixture(autouse=True)
    def reading(self, both_databases: str, site: Any) -> Iterator[None]:
        db.rollback()
        with db.scope(db.Mode.READ):
            yield
            db.rollback()

    @staticmethod
    def asks_for_nothing_there() -> None:
        db.session.execute(text("SELECT * FROM not_there"))

    @staticmethod
    def can_go_on() -> bool:
        return db.session.execute(text("SELECT 1")).scalar() == 1

    def test_a_statement_that_fails(self) -> None:
        assert self.can_go_on()
        assert guard.call("bad", "slot x", self.asks_for_nothing_there, default="") == ""
        assert self.can_go_on()

    def test_a_statement_that_fails_and_is_swallowed(self) -> None:
        def swallows() -> str:
            try:
                self.asks_for_nothing_there()
            except Exception:
                return "drawn all the same"
            return ""

        assert guard.call("bad", "slot x", swallows) in {"drawn all the same", None}
        assert self.can_go_on()

    def test_a_row_that_waits_to_be_written(self) -> None:
        def adds() -> str:
            db.session.add(StateNumber(name="visits", value=1))
            return "drawn"

        assert guard.call("bad", "slot x", adds, default="") == ""
        assert "LeftBehind" in guard.why("bad", "slot x")
        assert db.session.query(StateNumber).count() >= 0, "the next query would have tried to write it"

    def test_a_write(self) -> None:
        def writes() -> None:
            db.session.execute(text("UPDATE host_state SET value = 2"))

        assert guard.call("bad", "slot x", writes, default="") == ""
        assert self.can_go_on()

    def test_what_the_core_wrote_before_is_never_dropped_silently(self, both_databases: str) -> None:
        db.rollback()
        with db.scope(db.Mode.WRITE):
            db.session.add(StateNumber(name="kept", value=1))
            db.session.flush()
            if both_databases == "sqlite":
                assert guard.call("bad", "slot x", self.asks_for_nothing_there, default="") == ""
                db.commit()
                assert db.session.query(StateNumber).filter_by(name="kept").count() == 1
            else:
                with pytest.raises(Exception, match="not_there"):
                    guard.call("bad", "slot x", self.asks_for_nothing_there, default="")
            db.rollback()


def test_what_does_not_return_to_one_request_is_left_out_of_the_next(site: Any) -> None:
    asked: list[str] = []
    running.avoid(frozenset({("bad", "slot x")}))
    try:
        assert guard.call("bad", "slot x", asked.append, "x", default="") == ""
        assert guard.call("bad", "slot y", asked.append, "y", default="") is None
        with pytest.raises(guard.Stuck), guard.piece("bad", "slot x"):
            asked.append("x")
    finally:
        running.avoid(frozenset())
    assert asked == ["y"]
    assert "did not return" in guard.why("bad", "slot x")
