"""The editor's addresses: the shell, the canvas in its frame, and what the two ask the server."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from lms.base.ids import new_token
from lms.base.problem import Forbidden, NotFound, Problem
from lms.content import canvas, document, render
from lms.content import services as content
from lms.content.problems import BlockGone, DocumentInvalid, OperationRefused
from lms.db import rollback
from lms.editor import answers, choosing, drafts, findings, moving, opened, panel, textlinks
from lms.editor.acts import Acts
from lms.editor.opened import Opened
from lms.editor.preview import ATTENTION, STATES, look_as
from lms.editor.situation import only_words
from lms.web import current_person, flash, redirect, row_number, signed_in
from lms.web import render as draw
from lms.web.page import asset
from lms.web.theming import let_be_framed

blueprint = Blueprint("editor", __name__, template_folder="templates")
_BELOW = "/admin/editor/<kind>/<int:owner_id>"
_LONGEST_SEARCH = 100


@blueprint.get("/admin/pages/<int:owner_id>/edit", defaults={"kind": "page"})
@blueprint.get(_BELOW)
@signed_in
def shell(kind: str, owner_id: int) -> ResponseReturnValue:
    """The page with the left column, the bar, and the frame in which the document stands."""
    found = opened.find(kind, owner_id)
    draft = drafts.find(kind, owner_id)
    can_undo, can_redo = drafts.can(kind, owner_id, _person_id())
    return draw(
        "admin/editor/shell.html", opened=found, draft=draft, can_undo=can_undo, can_redo=can_redo,
        library=panel.library(), outline=panel.outline(draft.tree), is_published=_is_published(found),
        only_words=only_words(),
    )  # fmt: skip


def _is_published(found: Opened) -> bool:
    known = content.find_document(found.kind, found.id)
    return known is not None and known.published_id is not None


@blueprint.get(f"{_BELOW}/canvas")
@signed_in
def frame(kind: str, owner_id: int) -> ResponseReturnValue:
    """The document on its own themed page: for editing, or with ``as`` the way somebody else gets it."""
    found = opened.find(kind, owner_id)
    tree = drafts.find(kind, owner_id).tree
    let_be_framed()
    state = request.args.get("as", "")
    if state:
        if state not in STATES:
            raise NotFound(_("There is no such preview."))
        person = look_as(state)
        seen = found.context(person=person, state=STATES[state], attention=ATTENTION.get(state, ""))
        return found.draw(render.tree_html(tree, seen))
    html = found.draw(canvas.page_html(tree, found.context(editing=True)))
    # The theme knows nothing of the editor.
    return html.replace("</head>", f'<link rel="stylesheet" href="{asset("editor/canvas.css")}"></head>', 1)


@blueprint.get(f"{_BELOW}/panel")
@signed_in
def options(kind: str, owner_id: int) -> ResponseReturnValue:
    """The options of one block, as HTML for the left column."""
    found = opened.find(kind, owner_id)
    tree = drafts.find(kind, owner_id).tree
    return panel.of_block(tree, request.args.get("block", ""), designs=found.may("design"))


@blueprint.get(f"{_BELOW}/copy")
@signed_in
def copy(kind: str, owner_id: int) -> ResponseReturnValue:
    """A block with all that is in it, as JSON for the clipboard."""
    opened.find(kind, owner_id)
    tree = drafts.find(kind, owner_id).tree
    wanted = request.args.get("block", "")
    node = next((each for each in document.blocks(tree["root"]) if each["id"] == wanted), None)
    if node is None or node is tree["root"]:
        return _refusal(BlockGone(wanted))
    return jsonify({"blocks": [node]})


@blueprint.get(f"{_BELOW}/places")
@signed_in
def places(kind: str, owner_id: int) -> ResponseReturnValue:
    """Where a block can be moved to, as HTML for a dialog."""
    opened.find(kind, owner_id)
    tree = drafts.find(kind, owner_id).tree
    return draw("admin/editor/places.html", places=moving.places(tree, request.args.get("block", "")))


@blueprint.get(f"{_BELOW}/link")
@signed_in
def link(kind: str, owner_id: int) -> ResponseReturnValue:
    """Where a link is chosen, as HTML for the left column."""
    opened.find(kind, owner_id)
    asked = {name: request.args.get(name, "") for name in ("block", "field", "kind", "source", "key")}
    tree = drafts.find(kind, owner_id).tree
    return panel.picker(tree, asked["block"], asked["field"], asked["kind"], asked["source"], asked["key"])


@blueprint.get(f"{_BELOW}/search")
@signed_in
def search(kind: str, owner_id: int) -> ResponseReturnValue:
    """What a field that searches finds, as options of its list."""
    opened.find(kind, owner_id, act="design")
    block, field, words = (request.args.get(name, "") for name in ("block", "field", "words"))
    found = panel.search(drafts.find(kind, owner_id).tree, block, field, words[:_LONGEST_SEARCH].strip())
    said = ngettext("One found", "%(num)s found", len(found)) if found else _("Nothing is called that.")
    return jsonify({"html": draw("admin/editor/found.html", found=found, field=field), "announce": said})


@blueprint.get(f"{_BELOW}/condition")
@signed_in
def condition(kind: str, owner_id: int) -> ResponseReturnValue:
    """Where a condition of a block is chosen, as HTML for the left column."""
    opened.find(kind, owner_id)
    return choosing.conditions(*_asked())


@blueprint.get(f"{_BELOW}/label")
@signed_in
def label(kind: str, owner_id: int) -> ResponseReturnValue:
    """Where a dynamic label is chosen, as HTML for the left column."""
    opened.find(kind, owner_id)
    return choosing.dynamic_labels(*_asked())


def _asked() -> tuple[str, str, str]:
    field, source, key = (request.args.get(name, "") for name in ("field", "source", "key"))
    return field, source, key


@blueprint.post(f"{_BELOW}/label")
@signed_in
def label_token(kind: str, owner_id: int) -> ResponseReturnValue:
    """A dynamic label as it stands in a text; nothing is stored by this."""
    try:
        opened.find(kind, owner_id)
        return jsonify({"token": choosing.label_token(request.get_json(silent=True))})
    except OperationRefused as refusal:
        return _refusal(refusal, errors={fault.path: fault.sentence for fault in refusal.faults})
    except Problem as problem:
        return _refusal(problem)


@blueprint.post(f"{_BELOW}/link")
@signed_in
def text_link(kind: str, owner_id: int) -> ResponseReturnValue:
    """A link for words of a text, as attributes that the browser sets; nothing is stored by this."""
    try:
        opened.find(kind, owner_id)
        return jsonify({"attributes": textlinks.attributes(request.get_json(silent=True))})
    except OperationRefused as refusal:
        return _refusal(refusal, errors={fault.path: fault.sentence for fault in refusal.faults})
    except Problem as problem:
        return _refusal(problem)


@blueprint.post(f"{_BELOW}/ops")
@signed_in
def operate(kind: str, owner_id: int) -> ResponseReturnValue:
    """Apply what the browser sent: all of it or nothing, once for each key."""
    try:
        found = opened.find(kind, owner_id)
        return jsonify(_operate(found, request.get_json(silent=True)))
    except BlockGone as gone:
        return _refusal(gone, gone=list(gone.ids))
    except OperationRefused as refusal:
        return _refusal(refusal, errors={fault.path.removeprefix("props."): fault.sentence for fault in refusal.faults})
    except Problem as problem:
        return _refusal(problem)


def _operate(found: Opened, sent: Any) -> dict[str, Any]:
    if not isinstance(sent, dict) or not isinstance(sent.get("base_rev"), int) or not isinstance(sent.get("key"), str):
        raise OperationRefused(_("A request is an object with “base_rev”, “key” and “ops”."))
    person = current_person()
    request_of = {"base_rev": sent["base_rev"], "key": sent["key"], "person_id": _person_id()}
    ops = sent.get("ops")
    options_of = sent["panel"] if isinstance(sent.get("panel"), str) else None
    if ops in ([{"op": "undo"}], [{"op": "redo"}]):
        again = ops[0]["op"] == "redo"
        change = drafts.undo(found.kind, found.id, again=again, **request_of)
        words = _("Done again") if again else _("Undone")
        return answers.of_change(found, change, words=words, options_of=options_of)
    acts: list[Acts] = []

    def may(capability: str) -> bool:
        return person is not None and person.can(capability)

    def make(tree: Any) -> list[dict[str, Any]]:
        acts.append(Acts(tree, may, found.may("design")))
        return acts[0].read(ops)

    change = drafts.change(found.kind, found.id, make, **request_of)
    told = acts[0] if acts else Acts({}, lambda _capability: False)
    return answers.of_change(found, change, select=told.select, words=told.words, options_of=options_of)


def _refusal(problem: Problem, **more: Any) -> Response:
    rollback()
    response = jsonify({"sentence": problem.sentence, "nextStep": problem.next_step, **more})
    response.status_code = problem.status
    return response


@blueprint.get(f"{_BELOW}/changes")
@signed_in
def changes(kind: str, owner_id: int) -> ResponseReturnValue:
    """What changed since the browser's revision; asked when its window is looked at again."""
    found = opened.find(kind, owner_id)
    since = request.args.get("since", -1, type=int)
    change = drafts.changes(kind, owner_id, base_rev=since, person_id=_person_id())
    return jsonify(answers.of_change(found, change))


@blueprint.post(f"{_BELOW}/publish")
@signed_in
def publish(kind: str, owner_id: int) -> ResponseReturnValue:
    """Let visitors have the draft; answers with what is not as it should be."""
    try:
        found = opened.find(kind, owner_id, act="publish")
        saved = drafts.publish(kind, owner_id, person_id=_person_id())
    except DocumentInvalid as refusal:
        return _refusal(refusal, findings=[fault.sentence for fault in refusal.faults])
    except Problem as problem:
        return _refusal(problem)
    if found.owner.published is not None:
        found.owner.published(found.thing, _person_id())
    return jsonify({"findings": findings.of(saved.tree), "path": found.path, "announce": _("The page is published.")})


@blueprint.get(f"{_BELOW}/revisions")
@signed_in
def revisions(kind: str, owner_id: int) -> ResponseReturnValue:
    """All versions that were published or saved, newest first."""
    found = opened.find(kind, owner_id)
    before = request.args.get("before", type=row_number)
    lines = content.revisions(kind, owner_id, before=before)
    people = opened.names(line.author_id for line in lines)
    return draw("admin/editor/revisions.html", opened=found, lines=lines, people=people)


@blueprint.get(f"{_BELOW}/revisions/<int:number>")
@signed_in
def revision(kind: str, owner_id: int, number: int) -> ResponseReturnValue:
    """An earlier version on its page, as a visitor got it."""
    found = opened.find(kind, owner_id)
    wanted = content.revision(kind, owner_id, number)
    if wanted is None:
        raise NotFound(_("There is no version %(number)s of this page.", number=number))
    person = look_as("visitor")
    return found.draw(render.tree_html(wanted.tree, found.context(person=person)))


@blueprint.post(f"{_BELOW}/revisions/<int:number>/restore")
@signed_in
def restore(kind: str, owner_id: int, number: int) -> ResponseReturnValue:
    """Go on from an earlier version. Visitors keep what they have."""
    found = opened.find(kind, owner_id, act="design")
    drafts.restore(kind, owner_id, number, person_id=_person_id(), key=new_token(16))
    flash(_("You go on from version %(number)s. Publish to let visitors have it.", number=number), "good")
    return redirect(found.owner.edit_path(found.thing))


def _person_id() -> int:
    person = current_person()
    if person is None:
        raise Forbidden(_("Sign in first."))
    return person.id
