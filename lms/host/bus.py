"""Events: told after the commit, each listener in a unit of work of its own."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app

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
            with writes():
                item.listener(event)
        except Exception as error:
            if current_app.config["LMS"].strict_plugins:
                raise
            guard.report(item.plugin, f"listener {item.name}", error)
            for hand_over in _failure_handlers:
                hand_over(item, event)


def on_listener_failure(handler: FailureHandler) -> None:
    """``handler(item, event)`` keeps a failed delivery for later (the room ``jobs`` does)."""
    if handler not in _failure_handlers:
        _failure_handlers.append(handler)
