"""Containment: plugin code is caught, attributed, timed and told about; the page around it lives on.

Everything of a plugin that the core runs goes through here. What may fail alone, fails alone: ``call`` answers with a
default. What cannot (a view, a job, an import) is run by ``piece``, which lets the error pass with the plugin's name
on it, and whoever waits for it decides.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from flask import current_app, g, has_app_context
from flask_babel.speaklater import LazyString
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from lms.base import clock
from lms.base.problem import Problem
from lms.db import MODE, Mode, has_pending, has_written, is_usable, session
from lms.host import pieces, running
from lms.host.pieces import Incident

T = TypeVar("T")
log = logging.getLogger("lms.guard")

LONGEST_REASON = 500
PASSES = (KeyboardInterrupt, GeneratorExit)
"""What is no failure of a plugin: somebody wants the process, or the generator, to end."""

_BLAME = "_lms_blame"

TRACE: ContextVar[list[tuple[str, str, float]] | None] = ContextVar("lms_trace", default=None)
"""Where the pieces of this request are noted, with their own seconds; None where nobody asked."""


class WrongAnswer(TypeError):
    """A piece returned something that its contract does not know."""


class Stuck(TimeoutError):
    """The piece is at work for somebody else and does not come back."""


class LeftBehind(RuntimeError):
    """A piece left the request's transaction in a state in which nobody can go on."""


def call(
    plugin: str,
    piece: str,
    function: Callable[..., Any],
    *args: Any,
    default: Any = None,
    check: Callable[[Any], Any] | None = None,
    outside: bool = False,
    problem_passes: bool = True,
    **options: Any,
) -> Any:
    """``function(*args, **options)``, or ``default`` if it fails in any way, ``sys.exit`` and recursion included.

    ``check`` gets the answer and returns what counts as one, or raises (see ``of``). ``outside``: it may call another
    server, and so wait for longer. A ``Problem`` passes, as an answer to a person; with ``problem_passes=False`` nobody
    asked for one, because a page is only being drawn. With strict plugins (tests) everything passes.
    """
    try:
        _stay_out(plugin, piece)
    except Stuck as error:
        report(plugin, piece, error)
        return default
    at_work = running.enter(plugin, piece, outside=outside)
    worked = False
    try:
        answer = function(*args, **options)
        if check is not None:
            answer = check(answer)
        _look_behind(at_work)
        worked = True
        return answer
    except PASSES:
        raise
    except BaseException as error:
        if problem_passes and isinstance(error, Problem):
            worked = True
            raise
        blame(error, plugin, piece)
        if is_strict():
            raise
        report(plugin, piece, error)
        _clear_up(error)
        return default
    finally:
        _count(at_work, worked)


@contextmanager
def piece(plugin: str, name: str, *, outside: bool = False, limit: float = 0.0) -> Iterator[None]:
    """Runs as a piece of the plugin: timed and attributed; errors pass, with the plugin's name on them.

    ``limit``: how many seconds it may take, 0 for what the site says.
    """
    _stay_out(plugin, name)
    at_work = running.enter(plugin, name, outside=outside, limit=limit)
    worked = False
    try:
        yield
        worked = True
    except Problem:
        worked = True
        raise
    except BaseException as error:
        blame(error, plugin, name)
        raise
    finally:
        _count(at_work, worked)


def _stay_out(plugin: str, piece: str) -> None:
    """Raises ``Stuck`` for a piece that has not returned to somebody else for a while: one thread there is enough."""
    if running.stuck and (plugin, piece) in running.stuck:
        raise Stuck("It did not return to another request yet, and is left out until it does.")


def _count(at_work: running.Running, worked: bool) -> None:
    seconds = running.leave(at_work)
    if has_app_context():
        pieces.current().ran(at_work.plugin, at_work.piece, seconds, worked=worked)
    trace = TRACE.get()
    if trace is not None:
        trace.append((at_work.plugin, at_work.piece, seconds))
    if seconds > 1:
        log.warning("slow plugin: %s, %s took %.1f s", at_work.plugin, at_work.piece, seconds)


def blame(error: BaseException, plugin: str, name: str) -> None:
    """Write on the error whose it is, unless that is known: the innermost piece is to blame."""
    if blamed(error) is None:
        try:
            setattr(error, _BLAME, (plugin, name))
        except AttributeError:
            # An exception class with slots: then whoever reports it says who it was.
            return


def blamed(error: BaseException) -> tuple[str, str] | None:
    """Whose error it is: plugin and piece; None if no plugin was at work."""
    return getattr(error, _BLAME, None)


def report(plugin: str, piece: str, error: BaseException) -> Incident:
    """Count and log a failure under the plugin's name, or under that of the inner piece that is to blame."""
    plugin, piece = blamed(error) or (plugin, piece)
    incident = Incident(plugin, piece, reason(error), clock.real_now())
    if pieces.current().failed(incident):
        # With the stack once a minute, however often it fails.
        log.error("plugin %s failed in %s: %s", plugin, piece, incident.reason, exc_info=error)
    else:
        log.info("plugin %s failed in %s: %s", plugin, piece, incident.reason)
    g.lms_incomplete = True
    return incident


def reason(error: BaseException) -> str:
    """The error in one line, for owners and editors."""
    try:
        words = " ".join(str(error).split())
    except Exception:
        words = ""
    name = type(error).__name__
    return f"{name}: {words}"[:LONGEST_REASON] if words else name


def is_incomplete() -> bool:
    """Whether a piece failed since this request began, so that its page is not as it should be."""
    return bool(has_app_context() and g.get("lms_incomplete"))


def is_strict() -> bool:
    """Whether failures of plugins are raised instead of contained."""
    return bool(current_app.config["LMS"].strict_plugins)


def incidents() -> deque[Incident]:
    """The newest failures of this process, oldest first."""
    return pieces.current().incidents


def why(plugin: str, piece: str) -> str:
    """Why the piece failed in this process the last time; "" if it never did."""
    found = (one.reason for one in reversed(incidents().copy()) if (one.plugin, one.piece) == (plugin, piece))
    return next(found, "")


def of(*kinds: type) -> Callable[[Any], Any]:
    """A check for ``call``: the answer must be of one of these types."""

    def check(answer: Any) -> Any:
        if not isinstance(answer, kinds):
            expected = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
            raise WrongAnswer(f"It returned {type(answer).__name__}, expected was {expected}.")
        return answer

    return check


def words(answer: Any) -> str:
    """A check for ``call``: a sentence, also one that is translated only now."""
    if not isinstance(answer, str | LazyString):
        raise WrongAnswer(f"It returned {type(answer).__name__}, expected was a sentence.")
    return str(answer)


def yes_or_why(answer: Any) -> bool | str:
    """A check for ``call``: True, or the sentence that says why not ("" for a bare no)."""
    if isinstance(answer, bool):
        return answer or ""
    return words(answer)


# What a piece leaves behind in the request's transaction ------------------------------------------------------------


@event.listens_for(Engine, "handle_error")
def _note_refusal(_context: ExceptionContext) -> None:
    """A statement failed: even if the plugin swallows that, PostgreSQL refuses all further ones."""
    at_work = running.here()
    if at_work is not None:
        at_work.spoiled = True


def _look_behind(at_work: running.Running) -> None:
    """Raises ``LeftBehind`` if the core could not go on after this piece, though it returned."""
    if at_work.spoiled and not is_usable():
        raise LeftBehind("A statement failed, and it went on as if nothing had happened.")
    if MODE.get() is Mode.READ and has_pending():
        raise LeftBehind("It changed rows while a page was only being read.")


def _clear_up(error: BaseException) -> None:
    """Make the transaction usable again. What the core had written in it cannot be kept: then the error passes."""
    if is_usable() and not (MODE.get() is Mode.READ and has_pending()):
        return
    if MODE.get() is Mode.WRITE and has_written():
        raise error
    session.rollback()
