"""What can be wrong with a document, told so that the person who wrote it can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from lms.base.problem import Conflict, Problem

_MOST = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (a JSON path such as ``root.slots.main[2].props.text``), and what to do."""

    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}"


class DocumentInvalid(Problem):
    """The document was not saved. ``faults`` names every mistake, at most the first twenty."""

    status = 422

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults[:_MOST])
        more = len(faults) - 1
        first = str(faults[0])
        sentence = first if more < 1 else _("%(first)s (%(more)s more mistakes)", first=first, more=more)
        super().__init__(sentence, next_step=_("Mend this, then save again. Nothing was changed."))


class OperationRefused(Problem):
    """The operation cannot be applied; nothing was changed. ``faults`` name the fields, where there are any."""

    status = 422

    def __init__(self, sentence: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(sentence)
        self.faults = tuple(faults)


class BlockGone(Conflict):
    """Somebody deleted the blocks that were to be changed or entered; ``ids`` names them."""

    def __init__(self, *ids: str) -> None:
        super().__init__(
            _("This block is gone: somebody deleted it meanwhile."), next_step=_("Undo its deletion, or go on without.")
        )
        self.ids = ids
