"""Which function answers which request of the API."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from lms_stripe_simulator import problem
from lms_stripe_simulator.schema import Fields
from lms_stripe_simulator.scope import Scope, public
from lms_stripe_simulator.shapes import page
from lms_stripe_simulator.state import Object


@dataclass
class Call:
    """One request: who asks, where, and with which checked parameters."""

    scope: Scope
    params: dict[str, Any]
    path: dict[str, str]
    url: str
    base_url: str
    """Where this simulator's hosted pages are, without a trailing slash."""

    def target(self, kind: str, name: str) -> Object:
        """Return the object that the path names; raises a 404."""
        return self.scope.get(kind, self.path[name], name, path=True)

    def page(self, objects: Iterable[Object]) -> Object:
        """Return one page of objects that come newest first, by ``limit`` and cursor."""
        limit = self.params.get("limit", 10)
        if not 1 <= limit <= 100:
            raise problem.invalid("Invalid limit: must be between 1 and 100", "limit", "parameter_invalid_integer")
        after, before = self.params.get("starting_after"), self.params.get("ending_before")
        if after and before:
            raise problem.invalid("You may only specify one of these parameters: ending_before, starting_after.")
        wanted = (public(item) for item in objects if self._created_fits(item))
        if before:
            earlier = self._until(wanted, before)
            return page(self.url, earlier[-limit:], has_more=len(earlier) > limit)
        if after and all(item["id"] != after for item in wanted):  # stops behind the cursor
            raise problem.missing("object", after, "starting_after", path=False)
        found = list(itertools.islice(wanted, limit + 1))
        return page(self.url, found[:limit], has_more=len(found) > limit)

    @staticmethod
    def _until(wanted: Iterable[Object], cursor: str) -> list[Object]:
        earlier: list[Object] = []
        for item in wanted:
            if item["id"] == cursor:
                return earlier
            earlier.append(item)
        raise problem.missing("object", cursor, "ending_before", path=False)

    def _created_fits(self, item: Object) -> bool:
        wanted, created = self.params.get("created"), item.get("created", 0)
        if wanted is None:
            return True
        if isinstance(wanted, int):
            return bool(created == wanted)
        tests = {"gt": created.__gt__, "gte": created.__ge__, "lt": created.__lt__, "lte": created.__le__}
        return all(tests[name](bound) for name, bound in wanted.items())


Function = Callable[[Call], Object]


@dataclass(frozen=True)
class Operation:
    """One method at one path."""

    method: str
    template: str
    params: str | Fields
    permission: str
    function: Function
    pattern: re.Pattern[str] = field(repr=False, default=re.compile(""))


OPERATIONS: list[Operation] = []


def operation(method: str, template: str, *, params: str | Fields, permission: str) -> Callable[[Function], Function]:
    """Register what answers a method at a path.

    ``params`` names the SDK's parameter class, or is a reader where the SDK knows none; ``permission``
    is what a restricted key needs, without ``:read``.
    """

    def register(function: Function) -> Function:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
        needed = f"{permission}:{'read' if method == 'GET' else 'write'}"
        OPERATIONS.append(Operation(method, template, params, needed, function, pattern))
        return function

    return register


def match(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the operation for a request, and the ids in its path."""
    for found in OPERATIONS:
        if found.method == method and (hit := found.pattern.fullmatch(path)):
            return found, hit.groupdict()
    return None
