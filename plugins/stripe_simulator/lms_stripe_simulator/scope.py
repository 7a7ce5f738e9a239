"""One mode of one account: what a request, or a happening of the clock, can see and change."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lms_stripe_simulator import problem
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.shapes import API_VERSION
from lms_stripe_simulator.state import Object, State

CHUNK = 200
"""How many objects are read at once: a list that shows ten need not read all."""


def public(value: Object) -> Object:
    """Return an object without the simulator's own notes, whose names begin with ``_``."""
    return {name: item for name, item in value.items() if not name.startswith("_")}


def events_match(enabled: list[str], kind: str) -> bool:
    """Return whether an endpoint with these ``enabled_events`` hears events of a kind."""
    return "*" in enabled or kind in enabled


@dataclass
class Scope:
    """Objects of one account in one mode."""

    state: State
    account: str
    livemode: bool
    cause: Object = field(default_factory=lambda: {"id": None, "idempotency_key": None})
    """The API request that causes events; nulls where the clock or a hosted page does."""
    clock: str = ""
    """The test clock that the customer in question lives by; empty for the simulator's own."""

    @property
    def now(self) -> int:
        """Return the time that counts here, UTC seconds: the simulator's, or that of a test clock."""
        if self.clock and self.state.standing is None:
            return int(self.known(self.clock, "test_helpers.test_clock")["frozen_time"])
        return self.state.now()

    def living_by(self, customer: str | None) -> Scope:
        """Let this scope live by the clock of a customer, and return it."""
        found = self.find(customer, "customer") if customer else None
        self.clock = (found or {}).get("test_clock") or ""
        return self

    @property
    def mode(self) -> str:
        """Return ``live`` or ``test``."""
        return "live" if self.livemode else "test"

    # -- reading ------------------------------------------------------------------------------------

    def find(self, identifier: str, kind: str | None = None) -> Object | None:
        """Return an object by its id, or None."""
        row = self.state.row(
            "SELECT kind, body FROM object WHERE account = ? AND livemode = ? AND id = ?",
            self.account,
            self.livemode,
            identifier,
        )
        if row is None or (kind and row["kind"] != kind):
            return None
        found: Object = json.loads(row["body"])
        return found

    def get(self, kind: str, identifier: str, param: str = "id", *, path: bool = False) -> Object:
        """Return an object by its id; raises Stripe's ``resource_missing``."""
        found = self.find(identifier, kind)
        if found is not None:
            return found
        other = self.state.row(
            "SELECT 1 FROM object WHERE account = ? AND livemode = ? AND id = ? AND kind = ?",
            self.account,
            not self.livemode,
            identifier,
            kind,
        )
        other_mode = ("test" if self.livemode else "live") if other else None
        raise problem.missing(kind, identifier, param, other_mode=other_mode, path=path)

    def known(self, identifier: str, kind: str) -> Object:
        """Return an object that another one refers to: it exists."""
        return self.get(kind, identifier)

    def each(self, kind: str, *, customer: str | None = None, oldest_first: bool = False) -> Iterator[Object]:
        """Yield objects of a kind, newest first."""
        statement = "SELECT body FROM object WHERE account = ? AND livemode = ? AND kind = ?"
        values: list[Any] = [self.account, self.livemode, kind]
        if customer is not None:
            statement += " AND customer = ?"
            values.append(customer)
        order, beyond = ("seq", "seq > ?") if oldest_first else ("seq DESC", "seq < ?")
        statement = (
            statement.replace("SELECT body", "SELECT seq, body") + f" AND {beyond} ORDER BY {order} LIMIT {CHUNK}"
        )
        last = 0 if oldest_first else sys.maxsize
        while rows := self.state.rows(statement, *values, last):
            for row in rows:
                yield json.loads(row["body"])
            if len(rows) < CHUNK:
                return
            last = rows[-1]["seq"]

    # -- writing ------------------------------------------------------------------------------------

    def add(self, value: Object) -> Object:
        """Store a new object and return it."""
        self.state.write(
            "INSERT INTO object (account, livemode, kind, id, customer, body) VALUES (?, ?, ?, ?, ?, ?)",
            self.account,
            self.livemode,
            value["object"],
            value["id"],
            value.get("customer"),
            json.dumps(value),
        )
        return value

    def save(self, value: Object) -> Object:
        """Store a changed object and return it."""
        self.state.write(
            "UPDATE object SET body = ?, customer = ? WHERE account = ? AND livemode = ? AND id = ?",
            json.dumps(value),
            value.get("customer"),
            self.account,
            self.livemode,
            value["id"],
        )
        return value

    def change(self, value: Object, event: str | None = None, **changes: Any) -> Object:
        """Set fields of an object, store it, and emit ``event`` with what was there before.

        Nothing is emitted when no public field differs.
        """
        before = {name: copy.deepcopy(value.get(name)) for name in changes}
        value.update(changes)
        self.save(value)
        previous = {n: old for n, old in before.items() if old != value[n] and not n.startswith("_")}
        if event and previous:
            self.emit(event, value, previous)
        return value

    def remove(self, value: Object) -> None:
        """Forget an object, so that its id is unknown."""
        self.state.write(
            "DELETE FROM object WHERE account = ? AND livemode = ? AND id = ?",
            self.account,
            self.livemode,
            value["id"],
        )

    # -- events -------------------------------------------------------------------------------------

    def emit(self, kind: str, value: Object, previous: Object | None = None) -> Object:
        """Store an event with the object as it is now, and queue it for each endpoint that hears it.

        Platforms that are connected to this account hear it too, at their endpoints for connected accounts.
        """
        data: Object = {"object": {n: v for n, v in public(value).items() if n != "secret"}}
        if previous is not None:
            data["previous_attributes"] = previous
        event = self._store_event(kind, data, self._listeners(kind))
        rows = self.state.rows(
            "SELECT DISTINCT platform FROM connection"
            " WHERE account = ? AND mode = ? AND revoked = 0 AND key IS NOT NULL",
            self.account,
            self.mode,
        )
        for row in rows:
            platform = Scope(self.state, row["platform"], self.livemode, dict(self.cause))
            platform._store_copy(kind, data, self.account)
        return event

    def emit_for(self, account: str, kind: str, value: Object) -> None:
        """Tell this platform of something that belongs to an account that is, or was, connected."""
        self._store_copy(kind, {"object": public(value)}, account)

    def _store_copy(self, kind: str, data: Object, account: str) -> None:
        listeners = self._listeners(kind, connect=True)
        if listeners:
            self._store_event(kind, data, listeners, account)

    def _listeners(self, kind: str, *, connect: bool = False) -> list[Object]:
        return [
            endpoint
            for endpoint in self.each("webhook_endpoint")
            if endpoint["status"] == "enabled"
            and events_match(endpoint["enabled_events"], kind)
            and endpoint.get("_connect", False) is connect
        ]

    def _store_event(self, kind: str, data: Object, listeners: list[Object], account: str | None = None) -> Object:
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.state.wall() if self.clock else self.now,  # a test clock moves objects, not events
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": len(listeners),
            "request": dict(self.cause),
            "type": kind,
        }
        if account:
            event["account"] = account
        self.add(event)
        for endpoint in listeners:
            self.queue(event, endpoint["id"])
        return event

    def queue(self, event: Object, endpoint: str) -> None:
        """Queue one event for one endpoint, due at once."""
        self.state.write(
            "INSERT INTO delivery (event, endpoint, account, livemode, state, attempts, next_at)"
            " VALUES (?, ?, ?, ?, 'pending', 0, 0)",
            event["id"],
            endpoint,
            self.account,
            self.livemode,
        )

    # -- the clock's agenda -------------------------------------------------------------------------

    def schedule(self, at: int, happening: str, identifier: str) -> None:
        """Let something happen to an object at a time; replaces an earlier plan of the same kind."""
        self.unschedule(happening, identifier)
        self.state.write(
            "INSERT INTO agenda (at, account, livemode, happening, id, clock) VALUES (?, ?, ?, ?, ?, ?)",
            at,
            self.account,
            self.livemode,
            happening,
            identifier,
            self.clock,
        )

    def unschedule(self, happening: str, identifier: str) -> None:
        """Take a plan back."""
        self.state.write("DELETE FROM agenda WHERE happening = ? AND id = ?", happening, identifier)
