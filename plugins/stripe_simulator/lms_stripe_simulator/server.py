"""The simulator as a process: loopback only, never in production."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from lms_stripe_simulator import agenda
from lms_stripe_simulator.app import create_app
from lms_stripe_simulator.delivery import is_loopback
from lms_stripe_simulator.steering import Control

TICK = 1.0
logger = logging.getLogger(__name__)


class NotHere(RuntimeError):
    """The simulator refuses to run in this place."""


class Handler(WSGIRequestHandler):
    """Speaks HTTP/1.1 so that clients keep their connections, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Send small answers at once."""
        super().setup()
        self.connection.setsockopt(6, 1, 1)  # TCP_NODELAY

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep quiet; ``/_simulator/requests`` has the log."""


@dataclass
class Server:
    """A simulator that listens."""

    app: Flask
    url: str
    _server: BaseWSGIServer
    _stopped: threading.Event

    @property
    def control(self) -> Control:
        """Return what steers it."""
        found: Control = self.app.extensions["simulator_control"]
        return found

    def serve(self) -> None:
        """Answer until ``stop`` is called from another thread."""
        threading.Thread(target=self._tick, daemon=True).start()
        try:
            self._server.serve_forever(poll_interval=0.1)
        finally:
            self._stopped.set()
            self._server.server_close()
            self.control.delivery.stop()
            self.control.state.close()

    def stop(self) -> None:
        """Let ``serve`` return."""
        self._stopped.set()
        self._server.shutdown()

    def _tick(self) -> None:
        """Let happen what becomes due while time passes by itself."""
        while not self._stopped.wait(TICK):
            try:
                agenda.catch_up(self.control.state)
            except Exception:
                if not self._stopped.is_set():
                    logger.exception("The simulator's clock stumbled; it goes on with the next tick.")


def build(
    directory: Path, *, host: str = "127.0.0.1", port: int = 8420, url: str | None = None, epoch: int | None = None
) -> Server:
    """Return a server that is bound but does not answer yet; raises ``NotHere`` or ``OSError``."""
    if os.environ.get("LMS_ENV") == "production":
        raise NotHere("The Stripe simulator does not run in production: LMS_ENV is production.")
    if not is_loopback(host):
        raise NotHere(f"The Stripe simulator listens on this machine only, not on {host}.")
    server = make_server(host, port, _not_yet, threaded=True, request_handler=Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    address = url or f"http://{host}:{server.server_port}"
    app = create_app(directory, address, epoch=epoch)
    server.app = app
    return Server(app, address, server, threading.Event())


def _not_yet(_environ: dict[str, Any], _start_response: Any) -> list[bytes]:
    """Stand in for the application, which needs to know the port first; nothing is served before it is there."""
    raise RuntimeError("the simulator is not ready yet")


def run(directory: Path, *, host: str, port: int, url: str | None, epoch: int | None) -> None:
    """Run until SIGINT or SIGTERM."""
    server = build(directory, host=host, port=port, url=url, epoch=epoch)

    def end(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.stop).start()

    for name in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):
            signal.signal(name, end)
    print(f"Stripe simulator at {server.url} (no money moves); data in {directory}", flush=True)
    server.serve()
