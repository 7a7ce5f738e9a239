"""One request of the API on its way to an answer, and what all of them share."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from lms_stripe_simulator.accounts import Key
from lms_stripe_simulator.knobs import Knobs
from lms_stripe_simulator.state import State

KEPT_REQUESTS = 2_000


@dataclass
class Api:
    """What all API requests share."""

    state: State
    knobs: Knobs
    base_url: str
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    running: set[tuple[str, str]] = field(default_factory=set)
    running_lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Exchange:
    """One request on its way to an answer."""

    api: Api
    request_id: str
    method: str
    path: str
    form: str
    idempotency_key: str | None
    version: str | None
    acting_for: str | None
    """The connected account that a platform's key acts for."""
    key: Key | None = None
    replayed: bool = False

    @property
    def route(self) -> str:
        """Return ``POST /v1/customers``."""
        return f"{self.method} {self.path}"

    @property
    def slot(self) -> tuple[str, str]:
        """Return where this request's idempotent answer is kept."""
        return f"{self.acting_for or self.known_key.account}:{self.known_key.mode}", self.idempotency_key or ""

    @property
    def known_key(self) -> Key:
        """Return the key, once it is known; raises ``RuntimeError`` before."""
        if self.key is None:
            raise RuntimeError("the key is not known yet")
        return self.key
