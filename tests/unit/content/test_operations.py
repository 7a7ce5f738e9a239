"""Operations on documents: what they do, that they can be taken back, and that two people end with one document."""

from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms.content import catalog, checking, document, operations
from lms.content.document import MAX_BLOCKS, MAX_DEPTH
from lms.content.problems import BlockGone, OperationRefused

ROOT = "rootrootrt"


def block(identity, kind="core/heading", props=None, **slots):
    made = {"id": identity, "type": kind, "v": 1, "props": props if props is not None else {"text": identity}}
    return made | ({"slots": slots} if slots else {})


def columns(identity, left=(), right=()):
    return block(identity, "core/columns", {}, left=list(left), right=list(right))


def document_of(*blocks):
    return {"schema": 1, "root": block(ROOT, "core/page", {}, main=list(blocks))}


def sample():
    return document_of(
        block("headinga"), columns("columnsb", [block("headingc")], [block("headingd")]), block("headinge")
    )


def place(parent=ROOT, slot="main", after=None):
    return {"parent": parent, "slot": slot, "after": after}


def run(tree, *ops):
    return operations.apply(tree, ops, catalog.current())


def ids(tree):
    return [each["id"] for each in document.blocks(tree["root"])]


ACTS = [
    ({"op": "insert", "place": place(after="headinga"), "block": block("newnewnew")},
     [ROOT, "headinga", "newnewnew", "columnsb", "headingc", "headingd", "headinge"]),
    ({"op": "insert", "place": place(after="gonegone"), "block": block("newnewnew")},
     [ROOT, "headinga", "columnsb", "headingc", "headingd", "headinge", "newnewnew"]),
    ({"op": "insert", "place": place("columnsb", "right"), "block": block("newnewnew")},
     [ROOT, "headinga", "columnsb", "headingc", "newnewnew", "headingd", "headinge"]),
    ({"op": "delete", "id": "columnsb"}, [ROOT, "headinga", "headinge"]),
    ({"op": "move", "id": "headinge", "place": place("columnsb", "left", "headingc")},
     [ROOT, "headinga", "columnsb", "headingc", "headinge", "headingd"]),
    ({"op": "move", "id": "headinga", "place": place(after="columnsb")},
     [ROOT, "columnsb", "headingc", "headingd", "headinga", "headinge"]),
]  # fmt: skip


@pytest.mark.parametrize(("op", "expected"), ACTS)
def test_an_operation_does_what_it_says_and_is_taken_back(site, op, expected):
    tree = sample()
    done = run(tree, op)
    assert ids(done.tree) == expected
    assert tree == sample()
    assert run(done.tree, *done.inverse).tree == tree


def test_setting_writes_only_what_it_names_and_cleans_it(site):
    tree = document_of(block("texttext", "core/text", {"html": "<p>a</p>", "look": "lead"}))
    done = run(tree, {"op": "set", "id": "texttext", "values": {"html": '<p onclick="x()">b</p><script>1</script>'}})
    assert done.tree["root"]["slots"]["main"][0]["props"] == {"html": "<p>b</p>", "look": "lead"}
    assert run(done.tree, *done.inverse).tree == tree


def test_a_property_that_was_not_there_goes_again(site):
    done = run(sample(), {"op": "set", "id": "headinga", "values": {"level": 3}})
    assert run(done.tree, *done.inverse).tree == sample()


def test_what_changes_nothing_is_no_step(site):
    same = {"op": "set", "id": "headinga", "values": {"text": "headinga"}}
    assert run(sample(), same, {"op": "delete", "id": "gonegone"}).ops == []
    assert run(sample(), {"op": "move", "id": "headinga", "place": place()}).ops == []
    assert run(sample(), {"op": "move", "id": "headinga", "place": place(after="headinga")}).ops == []


REFUSED = [
    ({"op": "set", "id": "headinga", "values": {"text": "x" * 201}}, "200"),
    ({"op": "set", "id": "headinga", "values": {"colour": "red"}}, "no property"),
    ({"op": "set", "id": "headinga", "values": {"level": "2"}}, "Choose one of"),
    ({"op": "set", "id": "headinga", "part": "slots", "values": {}}, "props, style, visibility"),
    ({"op": "set", "id": ROOT, "values": {}}, "The page itself"),
    ({"op": "delete", "id": ROOT}, "The page itself"),
    ({"op": "move", "id": ROOT, "place": place()}, "The page itself"),
    ({"op": "move", "id": "columnsb", "place": place("columnsb", "left")}, "in itself"),
    ({"op": "insert", "place": place("headinga", "left"), "block": block("newnewnew")}, "Nothing can stand"),
    ({"op": "insert", "place": place(), "block": block("headinga")}, "there already"),
    ({"op": "insert", "place": place(), "block": block("newnewnew", "core/page", {})}, "Only the root"),
    ({"op": "insert", "place": place(), "block": block("newnewnew", props={"text": 3})}, "quotation marks"),
    ({"op": "insert", "place": place(), "block": block("no")}, "8 to 16"),
    ({"op": "insert", "place": place(), "block": "x"}, "A block is an object"),
    ({"op": "insert", "place": None, "block": block("newnewnew")}, "A place is"),
    ({"op": "jump"}, "There is no such operation"),
    ({"op": []}, "There is no such operation"),
    ("set", "An operation is an object"),
]  # fmt: skip


@pytest.mark.parametrize(("op", "words"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_bad_operation_is_refused_with_a_reason_and_nothing_of_its_request_is_done(site, op, words):
    tree = sample()
    with pytest.raises(OperationRefused, match=words):
        run(tree, {"op": "delete", "id": "headinge"}, op)
    assert tree == sample()


GONE = [
    {"op": "set", "id": "gonegone", "values": {}},
    {"op": "move", "id": "gonegone", "place": place()},
    {"op": "insert", "place": place("gonegone", "left"), "block": block("newnewnew")},
]


@pytest.mark.parametrize("op", GONE, ids=lambda op: op["op"])
def test_only_editing_or_entering_what_is_gone_is_a_conflict(site, op):
    with pytest.raises(BlockGone) as conflict:
        run(sample(), op)
    assert conflict.value.ids == ("gonegone",)


def test_a_field_can_be_mended_while_another_one_is_wrong(site):
    tree = document_of(block("headinga", props={"text": "a", "level": 9}))
    done = run(tree, {"op": "set", "id": "headinga", "values": {"text": "b"}})
    assert done.tree["root"]["slots"]["main"][0]["props"] == {"text": "b", "level": 9}


def test_what_a_missing_plugin_left_is_moved_whole_but_not_changed(site):
    ghost = block("ghostghost", "acme/box", {"z": 1, "a": [2]}, body=[block("headingc")])
    tree = document_of(ghost, block("headinga"))
    done = run(tree, {"op": "move", "id": "ghostghost", "place": place(after="headinga")})
    assert done.tree["root"]["slots"]["main"][1] == ghost
    with pytest.raises(OperationRefused, match="acme"):
        run(tree, {"op": "set", "id": "ghostghost", "values": {"z": 2}})
    assert run(tree, {"op": "set", "id": "headingc", "values": {"text": "b"}}).ops


def test_a_document_has_limits(site):
    full = document_of(*[block(f"block{n:05d}") for n in range(MAX_BLOCKS - 1)])
    with pytest.raises(OperationRefused, match="2000"):
        run(full, {"op": "insert", "place": place(), "block": block("newnewnew")})
    deep = block("innermost")
    for n in range(MAX_DEPTH - 2):
        deep = columns(f"columns{n:05d}", [deep])
    inmost = place("columns00000", "left")
    twins = columns("newnewnew", [block("inside12")])
    with pytest.raises(OperationRefused, match="12 deep"):
        run(document_of(deep), {"op": "insert", "place": inmost, "block": twins})
    tree = document_of(deep, columns("columnsb", [block("headingc")]))
    with pytest.raises(OperationRefused, match="12 deep"):
        run(tree, {"op": "move", "id": "columnsb", "place": inmost})


def test_a_copy_has_ids_and_anchors_of_its_own():
    tree = columns("columnsb", [block("headingc") | {"style": {"anchor": "prices"}}])
    twin = operations.fresh(tree)
    assert not {each["id"] for each in document.blocks(twin)} & {"columnsb", "headingc"}
    assert twin["slots"]["left"][0]["style"] == {}
    assert tree["slots"]["left"][0]["style"] == {"anchor": "prices"}


# Random edits. Names are few, so that operations meet blocks that exist, that are gone, and that come back.

NAMES = [f"name{letter}0000" for letter in "abcdefgh"]
known = st.sampled_from([*NAMES, ROOT])
places = st.fixed_dictionaries(
    {"parent": known, "slot": st.sampled_from(["main", "left", "right"]), "after": st.none() | st.sampled_from(NAMES)}
)
kinds = st.sampled_from(["core/heading", "core/columns", "core/text", "acme/ghost"])


@st.composite
def blocks(draw):
    kind, identity = draw(kinds), draw(st.sampled_from(NAMES))
    if kind == "core/columns":
        inside = [block(name) for name in draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))]
        return columns(identity, [each for each in inside if each["id"] != identity])
    return block(identity, kind, {"html": "<p>a</p>"} if kind == "core/text" else {"text": "a"})


op = st.one_of(
    st.builds(lambda p, b: {"op": "insert", "place": p, "block": b}, places, blocks()),
    st.builds(lambda i: {"op": "delete", "id": i}, known),
    st.builds(lambda i, p: {"op": "move", "id": i, "place": p}, known, places),
    st.builds(lambda i, t: {"op": "set", "id": i, "values": {"text": t}}, known, st.text("ab", max_size=3)),
    st.builds(lambda i, s: {"op": "set", "id": i, "part": "style", "values": {"anchor": s}}, known, st.text("ab")),
)  # fmt: skip
quick = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip


def tried(tree, *ops):
    """What came of the operations; None where they are refused."""
    try:
        return run(tree, *ops)
    except (OperationRefused, BlockGone):
        return None


def without_empty_slots(tree):
    """An inverse may leave an empty slot where none was written; both mean the same."""
    tree = copy.deepcopy(tree)
    for each in document.blocks(tree["root"]):
        slots = {name: children for name, children in each.get("slots", {}).items() if children}
        each.pop("slots", None)
        if slots:
            each["slots"] = slots
    return tree


@given(st.lists(op, max_size=25))
@quick
def test_any_edits_leave_a_valid_document_with_unique_ids_and_can_all_be_undone(site, ops):
    start = tree = document_of(block("headinga"), columns("columnsb"))
    inverses = []
    for each in ops:
        done = tried(tree, each)
        if done is None:
            continue
        assert len(set(ids(done.tree))) == len(ids(done.tree))
        assert checking.checked(done.tree, catalog.current()) == done.tree
        assert run(tree, *done.ops).tree == done.tree
        tree = done.tree
        inverses.append(done.inverse)
    for inverse in reversed(inverses):
        tree = run(tree, *inverse).tree
    assert without_empty_slots(tree) == without_empty_slots(start)


class Window:
    """What one person's browser holds: a document that is brought up to date from the parts of answers."""

    def __init__(self, tree):
        self.tree = copy.deepcopy(tree)

    def take(self, newest, log):
        """Bring up to date after the logged (ops, inverse): redraw the blocks, then put the slots in order."""
        marks = [operations.redraw(*entry) for entry in log]
        blocks = set().union(*(each for each, _slots in marks)) if marks else set()
        slots = set().union(*(each for _blocks, each in marks)) if marks else set()
        now = {each["id"]: each for each in document.blocks(newest["root"])}
        held = {each["id"]: each for each in document.blocks(self.tree["root"])}
        for identity in blocks & now.keys():
            drawn = copy.deepcopy(now[identity])
            for each in document.blocks(drawn):
                held[each["id"]] = each
            for each in document.blocks(self.tree["root"]):
                for children in each.get("slots", {}).values():
                    children[:] = [drawn if child["id"] == identity else child for child in children]
        for parent, name in slots:
            if parent in now and name in now[parent].get("slots", {}):
                order = [child["id"] for child in now[parent]["slots"][name]]
                held[parent].setdefault("slots", {})[name] = [held[identity] for identity in order]


steps = st.lists(st.tuples(st.booleans(), st.booleans(), op), max_size=20)


@given(steps)
@quick
def test_two_people_end_with_the_same_document_whatever_they_did_and_whoever_lagged(site, steps):
    server = document_of(block("namea0000"), columns("nameb0000", [block("namec0000")]))
    windows, seen, log = (Window(server), Window(server)), [0, 0], []
    for is_second, catches_up, each in steps:
        done = tried(server, each)
        if done is not None:
            server = done.tree
            log.append((done.ops, done.inverse))
        if catches_up:
            windows[is_second].take(server, log[seen[is_second] :])
            seen[is_second] = len(log)
    for window, since in zip(windows, seen, strict=True):
        window.take(server, log[since:])
        assert without_empty_slots(window.tree) == without_empty_slots(server)
