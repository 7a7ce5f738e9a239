"""What the contract kit has to say about a plugin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WRONG = "wrong"
ADVICE = "advice"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing to mend: in which ``file`` (below the plugin's folder, ``:line`` where known), what is seen, and what
    to ``do``. ``level`` is wrong (the host refuses it, or it breaks sooner or later) or advice."""

    file: str
    rule: str
    sentence: str
    do: str
    level: str = WRONG

    def __str__(self) -> str:
        return f"{self.file}: {self.sentence} {self.do}".strip()


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once: what is wrong first, then by file."""
    return tuple(sorted(set(found), key=lambda one: (one.level != WRONG, one)))


def told(found: Iterable[Finding]) -> str:
    """All findings as text, one line each."""
    return "\n".join(str(one) for one in in_order(found))
