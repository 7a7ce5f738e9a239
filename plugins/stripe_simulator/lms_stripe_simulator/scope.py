"""One mode of one account: what a request, or a happening of the clock, can see and change."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lms_stripe_simulator import problem
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.shapes import API_VERSION
from lms_stripe_simulator.state import Object, State


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

    @property
    def now(self) -> int:
        """Return the simulator's time, UTC seconds."""
        return self.state.now()

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
        statement += " ORDER BY seq" + ("" if oldest_first else " DESC")
        for row in self.state.rows(statement, *values):
            yield json.loads(row["body"])

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
        """Store an event with the object as it is now, and queue it for each endpoint that hears it."""
        listeners = [
            endpoint
            for endpoint in self.each("webhook_endpoint")
            if endpoint["status"] == "enabled" and events_match(endpoint["enabled_events"], kind)
        ]
        data: Object = {"object": {n: v for n, v in public(value).items() if n != "secret"}}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": self.livemode,
            "pending_webhooks": len(listeners),
            "request": dict(self.cause),
            "type": kind,
        }
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
            "INSERT INTO agenda (at, account, livemode, happening, id) VALUES (?, ?, ?, ?, ?)",
            at,
            self.account,
            self.livemode,
            happening,
            identifier,
        )

    def unschedule(self, happening: str, identifier: str) -> None:
        """Take a plan back."""
        self.state.write("DELETE FROM agenda WHERE happening = ? AND id = ?", happening, identifier)
