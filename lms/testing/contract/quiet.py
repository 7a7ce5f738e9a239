"""Notices when code reaches for the network or for a database, and stops it."""

from __future__ import annotations

import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy.pool import Pool


class Reached(RuntimeError):
    """Code reached for something that it must leave alone here."""


@dataclass
class Reaches:
    """What was reached for: ``("the database", "lms_hello/plugin.py", 12)``, the plugin's own line where there is one.

    Kept beside the exception, since the plugin may swallow that.
    """

    root: Path
    seen: list[tuple[str, str, int]] = field(default_factory=list)

    def stop(self, what: str) -> Any:
        """A function that notes ``what`` and raises ``Reached``."""

        def refuse(*_arguments: Any, **_options: Any) -> Any:
            self.seen.append((what, *self._caller()))
            raise Reached(f"It reached for {what}.")

        return refuse

    def _caller(self) -> tuple[str, int]:
        frame = sys._getframe(2)
        while frame is not None:
            if Path(frame.f_code.co_filename).is_relative_to(self.root):
                return frame.f_code.co_filename, frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return "", 0


@contextmanager
def quiet(root: Path, *, database: bool = False) -> Iterator[Reaches]:
    """Close the network, and with ``database=False`` every database too; yields what was reached for."""
    reaches = Reaches(root)
    network = reaches.stop("the network")
    with ExitStack() as closed:
        closed.enter_context(patch.object(socket.socket, "connect", network))
        closed.enter_context(patch.object(socket.socket, "connect_ex", network))
        closed.enter_context(patch.object(socket, "getaddrinfo", network))
        if not database:
            for owner, name in ((Pool, "connect"), (sqlite3, "connect"), (sqlite3.dbapi2, "connect")):
                closed.enter_context(patch.object(owner, name, reaches.stop("the database")))
        yield reaches
