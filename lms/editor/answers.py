"""What the browser gets after a change: the HTML of what has to be drawn again, and the order of the rest."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from lms.content import canvas, document, operations
from lms.content.compile import has_title
from lms.editor import drafts, panel
from lms.editor.acts import position
from lms.editor.opened import Opened
from lms.web import current_person

Json = dict[str, Any]


def of_change(
    opened: Opened,
    change: drafts.Change,
    *,
    select: str | None = None,
    words: str = "",
    options_of: str | None = None,
) -> Json:
    """JSON for the browser. ``reload``: it has to ask for the whole canvas.

    With ``options_of`` it brings the options of the block that is selected then, or of the one that this names: asking
    for them would cost another round trip.
    """
    person = current_person()
    can_undo, can_redo = drafts.can(opened.kind, opened.id, person.id if person else None)
    answer: Json = {
        "rev": change.rev,
        "reload": change.since is None,
        "html": {},
        "slots": {},
        "hasTitle": has_title(change.tree["root"]),
        "select": select,
        "announce": _announced(change, select, words),
        "others": _("Somebody else changed this page too.") if change.others else "",
        "canUndo": can_undo,
        "canRedo": can_redo,
        "token": generate_csrf(),
    }
    if change.since:
        _drawn(answer, opened, change)
    if options_of is not None:
        answer["panel"] = panel.of_block(change.tree, select or options_of, designs=opened.may("design"))
    if change.since is None or change.since:
        answer["outline"] = panel.outline(change.tree)
    return answer


def _drawn(answer: Json, opened: Opened, change: drafts.Change) -> None:
    blocks: set[str] = set()
    slots: set[tuple[str, str]] = set()
    for ops, inverse in change.since or ():
        more_blocks, more_slots = operations.redraw(ops, inverse)
        blocks |= more_blocks
        slots |= more_slots
    now = {each["id"]: each for each in document.blocks(change.tree["root"])}
    drawn = canvas.blocks_html(change.tree, blocks & now.keys(), opened.context(editing=True))
    answer["html"] = {identity: str(html) for identity, html in drawn.items()}
    for parent, slot in slots:
        if parent in now:
            children = now[parent].get("slots", {}).get(slot, [])
            answer["slots"][f"{parent}:{slot}"] = [child["id"] for child in children]


def _announced(change: drafts.Change, select: str | None, words: str) -> str:
    """In words what happened: "Button moved, 2 of 5"."""
    if change.words:
        return change.words
    place = position(change.tree, select) if words and change.mine else None
    if place is None:
        return words
    return _("%(what)s, %(number)s of %(count)s", what=words, number=place[0], count=place[1])
