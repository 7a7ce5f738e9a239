"""The wrong way out is closed: in tests no socket leads off this machine, and none at all while a page renders."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import before_render_template, request_tearing_down, template_rendered

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_rendering = threading.local()


class CalledOutside(AssertionError):
    """Code called a server that it must not call here."""


def _depth(change: int) -> None:
    _rendering.depth = max(0, getattr(_rendering, "depth", 0) + change)


@contextmanager
def closed_sockets() -> Iterator[list[Any]]:
    """Refuse connections off this machine, and every connection between the start and the end of a template.

    Yields the addresses that were connected to. A database server's own library does not pass here.
    """
    connected: list[Any] = []
    original = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            if getattr(_rendering, "depth", 0):
                raise CalledOutside(f"A page called {address} while it was drawn.")
            if address[0] not in _LOOPBACK:
                raise CalledOutside(f"A test called {address}.")
            connected.append(address)
        return original(self, address)

    def begins(*_: Any, **__: Any) -> None:
        _depth(1)

    def ends(*_: Any, **__: Any) -> None:
        _depth(-1)

    def over(*_: Any, **__: Any) -> None:
        # A template that failed has begun and never ended.
        _rendering.depth = 0

    before_render_template.connect(begins)
    template_rendered.connect(ends)
    request_tearing_down.connect(over)
    socket.socket.connect = connect  # type: ignore[method-assign]
    try:
        yield connected
    finally:
        socket.socket.connect = original  # type: ignore[method-assign]
        before_render_template.disconnect(begins)
        template_rendered.disconnect(ends)
        request_tearing_down.disconnect(over)
        _rendering.depth = 0
