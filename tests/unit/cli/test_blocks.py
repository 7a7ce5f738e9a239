"""``lms blocks``: what there is, what it looks like as JSON, and which documents cannot be drawn."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from lms import db
from lms.cli.main import cli
from lms.content import services as content
from lms.content.document import empty, new_block
from lms.content.models import Revision
from lms.testing.makers import Makers


@pytest.fixture
def lms(site: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LMS_INSTANCE", str(site.config.instance))
    monkeypatch.setenv("LMS_DATABASE_URL", site.config.database_url)
    monkeypatch.setenv("LMS_ENV", "test")
    monkeypatch.setenv("LMS_SITE_URL", "http://localhost")
    return lambda *words: CliRunner().invoke(cli, ["blocks", *words])


def test_the_list_names_every_block_with_what_it_is_for(lms: Any) -> None:
    rows = {row["type"]: row for row in json.loads(lms("list", "--json").output)}
    assert rows["core/columns"]["slots"] == ["left", "right"]
    assert rows["accounts/login-form"]["depends_on"] == ["person"]
    assert "core/quote" in lms("list").output


def test_the_schema_of_a_block_says_what_its_properties_may_be(lms: Any) -> None:
    told = json.loads(lms("schema", "core/button").output)
    props = told["properties"]["props"]["properties"]
    assert props["text"] == {"title": "Text", "type": "string", "maxLength": 80, "default": "Click me"}
    assert props["style"]["enum"] == ["primary", "ghost", "quiet"]
    assert props["link"]["$ref"].endswith("/link")
    accordion = json.loads(lms("schema", "core/accordion").output)
    assert accordion["properties"]["slots"]["properties"]["questions"]["items"] == {
        "properties": {"type": {"enum": ["core/question"]}}
    }
    count = json.loads(lms("schema", "learning/course-list").output)["properties"]["props"]["properties"]["count"]
    assert (count["minimum"], count["maximum"]) == (1, 48)
    assert len(json.loads(lms("schema").output)) > 30
    refused = lms("schema", "core/nothing")
    assert refused.exit_code == 1
    assert "lms blocks list" in refused.output


def test_check_names_what_cannot_be_drawn_and_only_that(lms: Any, make: Makers) -> None:
    page = make.page()
    assert "0 findings" in lms("check").output
    tree = empty()
    tree["root"]["slots"]["main"] = [new_block("gone/widget"), new_block("gone/widget"), new_block("core/heading")]
    saved = content.save_document("page", page.id, tree, author_id=None)
    # What a database holds that our own writing would have refused.
    row = db.session.get(Revision, saved.id)
    assert row
    broken = json.loads(json.dumps(row.tree))
    broken["root"]["slots"]["main"][2]["props"] = {"level": 9}
    row.tree = broken
    db.commit()
    told = lms("check", "--json")
    assert told.exit_code == 1
    found = {(one["path"], one["sentence"]) for one in json.loads(told.output)}
    assert ("gone/widget", "2 of them need the plugin gone; visitors see nothing there.") in found
    assert any(path == "root.slots.main[2].props.level" for path, _sentence in found)
    assert len(found) == 2
