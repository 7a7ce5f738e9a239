"""Fields of blocks that are more than words: what is declared, what documents may hold, and the schema that says so."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.content import catalog, checking, entries, schema, values
from lms.content.document import blocks as walk
from lms.content.document import empty, new_block
from lms.content.problems import DocumentInvalid
from lms.editor import history
from lms.extend import BlockForm, fields
from lms.testing.plugins import add_plugin
from tests.kiln import FiringForm, Kiln

LONG = "x" * 201
WRONG = [
    ({"colour": "red"}, "props.colour", "Choose one of"),
    ({"page": "7"}, "props.page", "Write its number"),
    ({"page": True}, "props.page", "Write its number"),
    ({"page": 0}, "props.page", "Write its number"),
    ({"course": 2**40}, "props.course", "Write its number"),
    ({"product": 7}, "props.product", "Write its short name"),
    ({"glaze": 7}, "props.glaze", "at most 200 characters"),
    ({"glaze": LONG}, "props.glaze", "at most 200 characters"),
    ({"steps": {}}, "props.steps", "This is a list"),
    ({"steps": ["x"]}, "props.steps[0]", "This is an object"),
    ({"steps": [{}] * 5}, "props.steps", "At most 4 fit in here."),
    ({"rules": []}, "props.rules", "At least one has to stay."),
    ({"rules": [{}] * 3}, "props.rules", "At most 2 fit in here."),
    ({"steps": [{"id": "No"}]}, "props.steps[0].id", "small letters"),
    ({"steps": [{"id": "a"}, {"id": "a"}]}, "props.steps[1].id", "Another one"),
    ({"steps": [{}, {"weight": 1}]}, "props.steps[1].weight", "There is no property"),
    ({"steps": [{}, {"degrees": "9"}]}, "props.steps[1].degrees", "Write a whole number"),
    ({"steps": [{"title": "x" * 21}]}, "props.steps[0].title", "20"),
    ({"steps": [{"link": {"kind": "x"}}]}, "props.steps[0].link.kind", "Choose one of"),
    ({"steps": [{"picture": {"key": "a.png"}}]}, "props.steps[0].picture.alt", "what the picture shows"),
    ({"rules": [{"words": "LOUD"}]}, "props.rules[0].words", "Small letters only."),
    ({"rules": [{"words": ""}]}, "props.rules[0].words", "required"),
    ({"country": "gr", "city": "sev"}, "props.city", "Choose one of"),
]
RIGHT = {
    "colour": "clay", "page": 7, "course": None, "product": "all", "glaze": "any", "country": "es", "city": "sev",
    "steps": [{"id": "a", "page": 9, "colour": "paper"}, {"title": "x"}], "rules": [{"words": "be kind"}],
}  # fmt: skip


@pytest.fixture
def kiln(site):
    add_plugin(site.app, Kiln())


def document(props):
    tree = empty()
    tree["root"]["slots"]["main"] = [new_block("kiln/firing", props)]
    return tree


def checked(props):
    return list(walk(checking.checked(document(props), catalog.current())["root"]))[1]["props"]


def test_what_is_wrong_in_such_a_field_is_told_with_its_place(kiln):
    for props, path, words in WRONG:
        with pytest.raises(DocumentInvalid) as refused:
            checked(props)
        told = [(fault.path, fault.sentence) for fault in refused.value.faults]
        assert [at for at, said in told if at == f"root.slots.main[0].{path}" and words in said], (props, told)


def test_what_is_right_is_stored_as_it_is_and_entries_get_ids_that_stay(kiln):
    stored = checked(RIGHT)
    assert stored == RIGHT | {
        "steps": [RIGHT["steps"][0], {"title": "x", "id": "i1"}], "rules": [{"words": "be kind", "id": "i1"}]
    }  # fmt: skip
    assert checked(stored) == stored


def test_a_reference_to_what_is_not_there_can_be_stored_because_what_is_there_may_go(kiln):
    assert checked({"page": 123456, "course": 7, "product": "gone", "glaze": "g9"})["page"] == 123456


def test_the_schema_says_what_such_a_field_holds(kiln):
    found = schema.of_props(catalog.current().blocks["kiln/firing"])
    assert found["colour"] == {"title": "Colour", "enum": ["", "clay", "ochre", "accent"], "default": ""}
    assert found["page"]["type"] == ["integer", "null"]
    assert found["product"]["type"] == ["string", "null"]
    assert found["glaze"] == {"title": "Glaze", "type": "string", "maxLength": 200, "default": ""}
    steps = found["steps"]
    assert (steps["type"], steps["maxItems"], found["rules"]["minItems"]) == ("array", 4, 1)
    assert steps["default"] == [{"title": "Warm up"}, {"title": "Cool"}]
    assert set(steps["items"]["properties"]) == {
        "id", "title", "degrees", "colour", "glaze", "page", "link", "picture"
    }  # fmt: skip
    assert steps["items"]["additionalProperties"] is False
    assert json.loads(json.dumps(found)) == found


def test_the_defaults_of_the_schema_can_be_stored(kiln):
    found = schema.of_props(catalog.current().blocks["kiln/firing"])
    defaults = {name: one["default"] for name, one in found.items() if "default" in one}
    assert [each["title"] for each in checked(defaults)["steps"]] == ["Warm up", "Cool"]


@pytest.mark.parametrize(
    "field",
    [fields.RichText("a"), fields.Conditions("a"), fields.Secret("a"), fields.Items("a", form=BlockForm)],
    ids=["formatted text", "conditions", "a secret", "a list"],
)
def test_a_list_refuses_when_it_is_declared_what_cannot_stand_in_it(field):
    form = type("Held", (BlockForm,), {"held": field})
    with pytest.raises(TypeError, match=r"Held\.held: Items cannot hold"):
        type("Holder", (BlockForm,), {"all": fields.Items("All", form=form)})()


def test_a_list_keeps_the_name_of_its_ids_to_itself():
    form = type("Held", (BlockForm,), {"id": fields.PlainText("Id")})
    with pytest.raises(TypeError, match="this name is taken"):
        type("Holder", (BlockForm,), {"all": fields.Items("All", form=form)})()


def test_a_colour_is_one_of_the_themes():
    with pytest.raises(KeyError):
        type("Loud", (BlockForm,), {"colour": fields.Colour("Colour", ("mauve",))})()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.sampled_from(["id", "title", "page"]), inside),
    max_leaves=12,
)
ENTRY = st.fixed_dictionaries({}, optional={"id": st.sampled_from(["a", "b", "i1", "i2", "A", 3]), "title": JSON})


@given(st.lists(ENTRY, max_size=8) | JSON)
def test_whatever_is_stored_entries_have_ids_that_differ_and_stay(stored):
    found = entries.of(stored)
    ids = [each["id"] for each in found]
    assert len(set(ids)) == len(ids)
    assert all(map(entries.is_id, ids))
    assert entries.of(found) == found
    if isinstance(stored, list) and all(isinstance(each, dict) for each in stored):
        assert [{**each, "id": 0} for each in found] == [{**each, "id": 0} for each in stored]


@given(st.dictionaries(st.sampled_from([each.name for each in FiringForm()]), JSON))
def test_whatever_stands_in_such_fields_is_refused_with_sentences_or_can_be_read(props):
    said = []
    values.check(FiringForm, props, "props", lambda path, sentence: said.append((path, sentence)))
    assert all(path.startswith("props.") and sentence for path, sentence in said)
    for name, field, value in entries.places(tuple(FiringForm()), props):
        if isinstance(field, fields.Reference) and not said and value is not None:
            assert values.names(field, value), name


def typed(before, after, field="steps"):
    op = {"op": "set", "id": "a", "part": "props", "without": []}
    return [op | {"values": {field: after}}], [op | {"values": {field: before}}]


def test_words_typed_into_one_place_of_an_entry_go_on_and_anything_else_does_not():
    first = typed([{"id": "a", "t": ""}, {"id": "b"}], [{"id": "a", "t": "x"}, {"id": "b"}])
    assert history.goes_on(first, typed([{"id": "a", "t": "x"}], [{"id": "a", "t": "xy"}]))
    others = [
        typed([{"id": "b", "t": "x"}], [{"id": "b", "t": "xy"}]),
        typed([{"id": "a", "u": "x"}], [{"id": "a", "u": "xy"}]),
        typed([{"id": "a", "t": "x"}], [{"id": "a", "t": "x"}, {"id": "c"}]),
        typed([{"id": "a", "t": "x"}, {"id": "b"}], [{"id": "b"}, {"id": "a", "t": "x"}]),
        typed([{"id": "a", "t": "x", "n": 1}], [{"id": "a", "t": "x", "n": 2}]),
        typed([{"id": "a", "t": "x"}], [{"id": "a"}]),
        typed(None, [{"id": "a", "t": "x"}]),
        typed("a", "b", "title"),
    ]
    assert not [each for each in others if history.goes_on(first, each)]
