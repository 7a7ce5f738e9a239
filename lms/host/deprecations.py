"""Outdated uses, told to the owner: kept with the counts of pieces, so that every process tells of what it saw."""

from __future__ import annotations

from datetime import timedelta

from flask import has_app_context

from lms.base import clock
from lms.extend import Deprecation
from lms.host import pieces
from lms.host.pieces import OUTDATED, Incident, PieceView

KEPT = timedelta(days=14)
"""A use that no process has seen for this long is over: each tells of it anew after a start."""

_LONGEST_PIECE = 200
_waiting: list[Deprecation] = []


def note(found: Deprecation) -> None:
    """Hear of an outdated use, at import of a plugin or later. Code that is no plugin's is for the log alone."""
    if not found.plugin:
        return
    _waiting.append(found)
    _hand_over()


def uses() -> list[PieceView]:
    """What plugins use that will go away, by plugin; ``reason`` is the sentence, ``failed_at`` when it was seen."""
    _hand_over()
    since = clock.real_now() - KEPT
    seen = [one for one in pieces.table() if one.piece.startswith(OUTDATED)]
    return sorted(
        (one for one in seen if one.failed_at is not None and one.failed_at >= since),
        key=lambda one: (one.plugin, one.piece),
    )


def _hand_over() -> None:
    # A plugin may be imported before there is an app to keep counts for.
    if not has_app_context():
        return
    while _waiting:
        found = _waiting.pop()
        piece = f"{OUTDATED}{found.what}"[:_LONGEST_PIECE]
        pieces.current().failed(Incident(found.plugin, piece, found.sentence, clock.real_now()))
