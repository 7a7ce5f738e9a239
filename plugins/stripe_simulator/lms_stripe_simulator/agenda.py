"""What happens by itself when time passes, in order of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object, State

Happening = Callable[[Scope, Object], object]
Function = TypeVar("Function", bound=Happening)
HAPPENINGS: dict[str, tuple[str, Happening]] = {}

NEXT = "SELECT * FROM agenda WHERE clock = ? AND at <= ? ORDER BY at, seq LIMIT 1"


def happening(name: str, kind: str) -> Callable[[Function], Function]:
    """Register what happens to an object of a kind when its time has come."""

    def register(function: Function) -> Function:
        HAPPENINGS[name] = (kind, function)
        return function

    return register


def catch_up(state: State) -> int:
    """Let everything happen that is due now; return how many happenings there were."""
    if state.row(NEXT, "", state.now()) is None:
        return 0
    return run_until(state, state.now())


def advance(state: State, seconds: int) -> int:
    """Move the clock forward; each thing happens at its own time, in order. Returns the new time."""
    if seconds < 0:
        raise ValueError("The clock only goes forward.")
    with state.lock:
        target = state.now() + seconds
        run_until(state, target)
        with state.change():
            state.move(seconds)
        return state.now()


def run_until(state: State, target: int, clock: str = "") -> int:
    """Let everything happen that is due on a clock until a moment; return how many happenings there were."""
    count = 0
    with state.lock:
        while row := state.row(NEXT, clock, target):
            with state.frozen(max(row["at"], 0)):
                _happen(state, row)
            count += 1
    return count


def upcoming(state: State, limit: int) -> list[Any]:
    """Return what comes next on all clocks, as rows of the agenda."""
    return state.rows("SELECT * FROM agenda ORDER BY at, seq LIMIT ?", limit)


def _happen(state: State, row: Any) -> None:
    kind, function = HAPPENINGS[row["happening"]]
    with state.change():
        state.write("DELETE FROM agenda WHERE seq = ?", row["seq"])
        scope = Scope(state, row["account"], bool(row["livemode"]), clock=row["clock"])
        found = scope.find(row["id"], kind)
        if found is not None:
            function(scope, found)
