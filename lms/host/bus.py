"""Events: told after the commit, each listener in a unit of work of its own."""

from __future__ import annotations

from collections.abc import Callable

from lms.db import after_commit, writes
from lms.extend import Event, On
from lms.host import guard, registry

FailureHandler = Callable[[On, Event], None]
_failure_handlers: list[FailureHandler] = []


def emit(event: Event) -> None:
    """Tell ``event`` once the current transaction has committed; never if it rolls back."""
    after_commit(lambda: deliver(event))


def deliver(event: Event) -> None:
    """Call every listener now. One that fails is handed over to be tried again; the others are not affected."""
    for item in registry.current().listeners(type(event)):
        try:
            with guard.piece(item.plugin, f"listener {item.name}", outside=True), writes():
                item.listener(event)
        except guard.PASSES:
            raise
        except BaseException as error:
            if guard.is_strict():
                raise
            guard.report(item.plugin, f"listener {item.name}", error)
            _hand_over(item, event)


def _hand_over(item: On, event: Event) -> None:
    for keep in _failure_handlers:
        try:
            keep(item, event)
        except Exception as error:
            # Such as an event whose fields are no JSON. Whoever emitted it has committed; nothing of theirs may fail.
            guard.report(item.plugin, f"keeping for listener {item.name}", error)


def on_listener_failure(handler: FailureHandler) -> None:
    """``handler(item, event)`` keeps a failed delivery for later (the room ``jobs`` does)."""
    if handler not in _failure_handlers:
        _failure_handlers.append(handler)
