"""Saying that a name of the contract or of the facade will go away, two minor versions before it goes."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

log = logging.getLogger("lms.deprecation")

MINORS_AHEAD = 2
_PLUGIN = "lms_"


class Outdated(DeprecationWarning):
    """A plugin uses what will go away. A warning, never an error on a site; tests may turn it into one."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """One outdated use, as Health and the log tell it. ``plugin`` is "" for code that is no plugin's."""

    plugin: str
    what: str
    instead: str
    gone_in: str
    file: str
    line: int

    @property
    def sentence(self) -> str:
        """Who uses what, until when that works, and what replaces it."""
        who = f"The plugin {self.plugin}" if self.plugin else f"{self.file}:{self.line}"
        return f"{who} uses {self.what}, which goes away in Stoa {self.gone_in}: use {self.instead}."


Receiver = Callable[[Deprecation], None]
_receivers: list[Receiver] = []
_told: set[tuple[str, str]] = set()


def deprecate(what: str, *, instead: str, since: str, gone_in: str = "") -> None:
    """Called by what will go away, each time it is used: warns about the plugin that uses it.

    ``what`` and ``instead`` are names as authors write them, such as ``lms.api.access.grants_of``; ``since`` is the
    version of Stoa that says so first. It goes away two minor versions later, or in ``gone_in``. Warns with
    ``Outdated`` at the caller's line; the log and Health hear of each plugin and name once per process. Raises
    ``ValueError`` for a ``gone_in`` that is nearer.
    """
    gone_in = _checked(since, gone_in)
    frame = _outside(sys._getframe(1))
    name = str(frame.f_globals.get("__name__", "")) if frame else ""
    top = name.partition(".")[0]
    plugin = top.removeprefix(_PLUGIN) if top.startswith(_PLUGIN) else ""
    file, line = (frame.f_code.co_filename, frame.f_lineno) if frame else ("Stoa", 0)
    found = Deprecation(plugin, what, instead, gone_in, file, line)
    if (plugin, what) not in _told:
        _told.add((plugin, what))
        log.warning("%s", found.sentence)
        for receive in _receivers:
            receive(found)
    warnings.warn_explicit(found.sentence, Outdated, file, line, module=name or None)


def on_deprecated(receive: Receiver) -> None:
    """``receive(deprecation)`` hears of each plugin and name once per process (the room ``health`` does)."""
    if receive not in _receivers:
        _receivers.append(receive)


def _checked(since: str, gone_in: str) -> str:
    major, minor = _version(since)
    soonest = (major, minor + MINORS_AHEAD)
    wanted = _version(gone_in) if gone_in else soonest
    if wanted < soonest:
        raise ValueError(f"Said in {since}, it stays until {soonest[0]}.{soonest[1]} at least, not {gone_in}.")
    return f"{wanted[0]}.{wanted[1]}"


def _version(text: str) -> tuple[int, int]:
    major, minor = (int(part) for part in text.split(".")[:2])
    return major, minor


def _outside(frame: FrameType | None) -> FrameType | None:
    """The first frame that is not the core's, nor the import system's: whoever uses what goes away."""
    while frame is not None:
        top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if top not in {"lms", "importlib", "_frozen_importlib", "_frozen_importlib_external"}:
            return frame
        frame = frame.f_back
    return None
