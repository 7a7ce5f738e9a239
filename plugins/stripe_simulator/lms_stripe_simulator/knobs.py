"""Injected faults: duplicate, reorder, delay, drop, forged, 429, 500, slow."""

from __future__ import annotations

import fnmatch
import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

WEBHOOKS = "webhooks"
FOR_WEBHOOKS = {"duplicate", "reorder", "delay", "drop", "forged"}
FOR_REQUESTS = {"429", "500", "slow", "delay", "drop"}


@dataclass
class Fault:
    """One knob that is turned.

    ``route`` is ``webhooks`` or a pattern such as ``POST /v1/customers*``; ``*`` is every API request. ``remaining``
    counts down; otherwise ``share`` of all cases are hit. ``stored``: a 500 that is replayed under the same
    idempotency key. ``after``: the request is carried out first, and only its answer is lost.
    """

    fault: str
    route: str = "*"
    remaining: int | None = None
    share: float = 1.0
    seconds: float = 0.5
    stored: bool = False
    after: bool = False
    should_retry: bool = False
    seed: int | None = None
    hits: int = 0
    random: random.Random = field(default_factory=random.Random, repr=False)

    def matches(self, route: str) -> bool:
        """Return whether this fault is for a request (``GET /v1/…``) or for ``webhooks``."""
        if self.route == WEBHOOKS or route == WEBHOOKS:
            return self.route == route
        return self.route == "*" or fnmatch.fnmatchcase(route, self.route)

    def strikes(self) -> bool:
        """Return whether it hits this time."""
        if self.remaining is not None:
            if self.remaining <= 0:
                return False
            self.remaining -= 1
        elif self.random.random() >= self.share:
            return False
        self.hits += 1
        return True

    def described(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {name: value for name, value in asdict(self).items() if name != "random"}


class Knobs:
    """All faults that are set."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, given: dict[str, Any]) -> Fault:
        """Set a fault from JSON; raises ``ValueError`` with a sentence."""
        known = {"fault", "route", "next", "share", "seconds", "seed", "stored", "after", "should_retry"}
        if unknown := sorted(given.keys() - known):
            raise ValueError(f"A fault has no {unknown[0]!r}; it takes {', '.join(sorted(known))}.")
        name, route = str(given.get("fault", "")), str(given.get("route", "*"))
        allowed = FOR_WEBHOOKS if route == WEBHOOKS else FOR_REQUESTS
        if name not in allowed:
            raise ValueError(f"No fault {name!r} for {route!r}: use one of {', '.join(sorted(allowed))}.")
        seed = given.get("seed")
        fault = Fault(
            name,
            route,
            remaining=None if given.get("next") is None else int(given["next"]),
            share=float(given.get("share", 1.0)),
            seconds=float(given.get("seconds", 0.5)),
            stored=bool(given.get("stored", False)),
            after=bool(given.get("after", False)),
            should_retry=bool(given.get("should_retry", False)),
            seed=seed,
            random=random.Random(seed),
        )
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._faults.clear()

    def strike(self, route: str, *names: str) -> Fault | None:
        """Return the first fault among ``names`` that hits now, or None."""
        with self._lock:
            for fault in self._faults:
                if fault.fault in names and fault.matches(route) and fault.strikes():
                    return fault
        return None

    def active(self, route: str, name: str) -> Fault | None:
        """Return a fault that is set, without using it up."""
        with self._lock:
            return next((f for f in self._faults if f.fault == name and f.matches(route) and f.remaining != 0), None)

    def described(self) -> list[dict[str, Any]]:
        """Return all faults as JSON."""
        with self._lock:
            return [fault.described() for fault in self._faults]
