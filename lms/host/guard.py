"""Containment: plugin code is caught, attributed and told about; the page around it lives on."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import current_app

from lms.base import clock
from lms.base.problem import Problem

T = TypeVar("T")
log = logging.getLogger("lms.guard")


@dataclass(frozen=True, slots=True)
class Incident:
    """One failure of a piece of a plugin: when (real time, UTC), where and why."""

    plugin: str
    piece: str
    reason: str
    at: datetime


def call(plugin: str, piece: str, function: Callable[..., T], *args: Any, default: Any = None, **options: Any) -> T:
    """``function(*args)``, or ``default`` if it fails in any way, ``sys.exit`` and endless recursion included.

    A ``Problem`` passes: it is an answer to a person. With strict plugins (tests) everything is raised.
    """
    started = time.perf_counter()
    try:
        return function(*args, **options)
    except Problem:
        raise
    except (Exception, SystemExit) as error:
        if current_app.config["LMS"].strict_plugins:
            raise
        report(plugin, piece, error)
        return default
    finally:
        took = time.perf_counter() - started
        if took > 1:
            log.warning("slow plugin: %s, %s took %.1f s", plugin, piece, took)


def report(plugin: str, piece: str, error: BaseException) -> None:
    """Keep and log a failure under the plugin's name."""
    reason = f"{type(error).__name__}: {error}"
    log.error("plugin %s failed in %s: %s", plugin, piece, reason, exc_info=error)
    incidents().append(Incident(plugin, piece, reason, clock.real_now()))


def incidents() -> deque[Incident]:
    """The newest failures of this process, oldest first."""
    return current_app.extensions.setdefault("lms_incidents", deque(maxlen=200))
