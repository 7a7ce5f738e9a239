"""Counting what a page asks the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


@dataclass
class Queries:
    """Statements as they were sent, BEGIN and the once-a-second look at the state numbers left out."""

    statements: list[str] = field(default_factory=list)

    def _note(self, connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not connection.get_execution_options().get("lms_state") and not statement.startswith(("BEGIN", "PRAGMA")):
            self.statements.append(statement)

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Yields the list that fills with the statements sent inside."""
        self.statements = []
        event.listen(Engine, "before_cursor_execute", self._note)
        try:
            yield self.statements
        finally:
            event.remove(Engine, "before_cursor_execute", self._note)

    @contextmanager
    def at_most(self, number: int) -> Iterator[list[str]]:
        """Fails when more than ``number`` statements are sent inside, and shows them."""
        with self.counted() as statements:
            yield statements
        shown = "\n".join(f"{i + 1}. {' '.join(s.split())[:200]}" for i, s in enumerate(statements))
        assert len(statements) <= number, f"{len(statements)} queries, allowed are {number}:\n{shown}"
