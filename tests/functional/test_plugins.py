"""Admin → Plugins: the life of a plugin in the owner's hands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from lms import db
from lms.audit import services as audit
from lms.content import document
from lms.host import activate, catalog, state
from lms.host.catalog import State
from lms.host.site import SEEN_COOKIE
from lms.testing.distributions import forget_modules, installed, make_distribution, remove_distribution

PLUGIN = '''
    from lms.extend import Block, BlockForm, Plugin, SettingsPage
    from lms.extend.fields import PlainText
    from lms.api.web import Form

    class PressForm(Form):
        paper = PlainText("Paper", default="white")

    class Herbarium(Plugin):
        """Herbarium

        Keeps pressed flowers.
        """

        category = "teaching"
        models = "lms_herbarium.models"
        migrations = "lms_herbarium.migrations"

        def settings_pages(self):
            return (SettingsPage(name="press", label="The press", form=PressForm),)

        def blocks(self):
            return (Block(name="flower", label="Flower", form=BlockForm, template="herbarium/flower.html"),)
'''
MODELS = """
    from sqlalchemy import String
    from sqlalchemy.orm import Mapped, mapped_column

    from lms.api.db import Model

    class Flower(Model):
        __tablename__ = "herbarium_flower"
        name: Mapped[str] = mapped_column(String(80))
"""
FIRST = '''
    """Flowers."""
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision = "herbarium_0001", None

    def upgrade():
        op.create_table(
            "herbarium_flower",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(80), nullable=False),
            sa.Column("created_at", sa.DateTime, nullable=False),
            sa.Column("updated_at", sa.DateTime, nullable=False),
        )

    def downgrade():
        op.drop_table("herbarium_flower")
'''
SECOND = '''
    """Colours."""
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision = "herbarium_0002", "herbarium_0001"

    def upgrade():
        op.add_column("herbarium_flower", sa.Column("colour", sa.String(20)))

    def downgrade():
        op.drop_column("herbarium_flower", "colour")
'''


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "packages"
    folder.mkdir()
    with installed(folder):
        yield folder


@pytest.fixture
def install(packages: Path) -> Callable[..., Path]:
    """``install("1.0")`` puts the plugin there, over an older version."""

    def make(version: str = "1.0", files: dict[str, str] | None = None, **more: Any) -> Path:
        standard = {
            "lms_herbarium.plugin": PLUGIN,
            "lms_herbarium.models": MODELS,
            "lms_herbarium/migrations/0001_flowers.py": FIRST,
            "lms_herbarium/templates/herbarium/flower.html": "<p {{ root }}>{{ p.name }}</p>",
        }
        summary = "Pressed flowers, kept."
        return make_distribution(packages, "herbarium", version, {**standard, **(files or {})}, summary=summary, **more)

    return make


@pytest.fixture
def owner(site: Any, make: Any, sign_in: Any) -> Callable[[], Any]:
    """``owner()`` is a browser of the same owner in front of the site as it is built now."""
    person = make.person(role="owner")

    def browser() -> Any:
        site.rebuild()
        return sign_in(person, site.client())

    return browser


def post(browser: Any, path: str, **fields: Any) -> Any:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get("/admin/plugins").text)
    assert token is not None
    return browser.post(path, data={"csrf_token": token[1], **fields})


def words(answer: Any) -> str:
    """What a reader reads: without tags, spaces as they show."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def stands() -> State:
    db.rollback()
    view = catalog.plugin("herbarium")
    assert view is not None
    return view.state


def test_from_found_to_gone(site: Any, install: Any, owner: Any, both_databases: str) -> None:
    install()
    browser = owner()
    assert "Herbarium 1.0 Pressed flowers, kept." in words(browser.get("/admin/plugins"))

    asked = post(browser, "/admin/plugins/herbarium/on")
    assert "It will create the tables herbarium_flower." in words(asked)
    assert ("Your database is backed up first" in words(asked)) == (both_databases == "sqlite")
    assert stands() == State.FOUND
    confirmed = re.search(r'name="confirmed" value="([^"]+)"', asked.text)
    assert confirmed is not None

    done = post(browser, "/admin/plugins/herbarium/on", confirmed=confirmed[1])
    assert done.status_code == 303
    assert f"{SEEN_COOKIE}={state.generation()}" in done.headers["Set-Cookie"]
    page = browser.get("/admin/plugins")
    assert "Herbarium is active. Set it up here." in words(page)
    assert 'href="/admin/settings/press"' in page.text
    browser = owner()
    assert browser.get("/admin/settings/press").status_code == 200
    page = words(browser.get("/admin/plugins"))
    for line in ("1 settings page The press", "1 block Flower", "1 table herbarium_flower", "Keeps pressed flowers."):
        assert line in page

    assert post(browser, "/admin/plugins/herbarium/off").status_code == 303
    assert "Herbarium is off; its data stays." in words(browser.get("/admin/plugins"))
    browser = owner()
    page = words(browser.get("/admin/plugins"))
    assert "1 block Flower" in page, "what it adds is known while it is off"
    assert browser.get("/admin/settings/press").status_code == 404

    assert "Table herbarium_flower 0 rows" in words(browser.get("/admin/plugins/herbarium/uninstall"))
    wrong = post(browser, "/admin/plugins/herbarium/uninstall", name="Herbarium")
    assert (wrong.status_code, "Type herbarium to uninstall it." in words(wrong)) == (422, True)
    assert stands() == State.INACTIVE
    assert post(browser, "/admin/plugins/herbarium/uninstall", name=" herbarium ").status_code == 303
    assert stands() == State.FOUND
    told = [entry.action for entry in audit.entries(subject="plugin/herbarium")]
    assert told == ["plugins.uninstalled", "plugins.switched_off", "plugins.switched_on"]
    assert all(entry.actor_id for entry in audit.entries(subject="plugin/herbarium"))


def test_its_data_is_downloaded_before_it_goes(site: Any, install: Any, owner: Any) -> None:
    install()
    activate.activate("herbarium")
    insert = "INSERT INTO herbarium_flower (name, created_at, updated_at) VALUES ('Lily', '2026-01-01', '2026-01-01')"
    db.session.connection().exec_driver_sql(insert)
    db.commit()
    answer = post(owner(), "/admin/plugins/herbarium/export")
    assert answer.headers["Content-Disposition"] == "attachment; filename=herbarium.jsonl"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert (lines[0]["plugin"], lines[-1]["row"]["name"]) == ("herbarium", "Lily")
    assert audit.entries(limit=1)[0].action == "plugins.exported"


def test_a_refusal_is_one_sentence_above_the_list(site: Any, install: Any, owner: Any) -> None:
    install(files={"lms_herbarium.plugin": "import nothing_like_this"}, entry="lms_herbarium.plugin:Herbarium")
    answer = post(owner(), "/admin/plugins/herbarium/on")
    assert answer.status_code == 422
    assert "herbarium stays off: ModuleNotFoundError: No module named 'nothing_like_this'." in words(answer)
    assert "Nothing was changed." in words(answer)
    assert stands() == State.FOUND


def test_what_does_not_fit_says_so_and_has_no_switch(site: Any, install: Any, owner: Any) -> None:
    install(requires=["stoa>=99"])
    page = owner().get("/admin/plugins")
    assert "herbarium needs Stoa >=99; here is" in words(page).replace("Herbarium needs", "herbarium needs")
    assert "/admin/plugins/herbarium/on" not in page.text


def test_a_paused_one_says_why_and_has_one_button(site: Any, install: Any, owner: Any) -> None:
    install()
    activate.activate("herbarium")
    with db.writes():
        activate.pause("herbarium", "Its block flower failed ten times: no such colour.")
    browser = owner()
    page = browser.get("/admin/plugins")
    assert "Its block flower failed ten times: no such colour. Try again" in words(page)
    assert '<span class="badge warn"' in page.text, "the sidebar says that somebody is needed"
    assert post(browser, "/admin/plugins/herbarium/on").status_code == 303
    assert stands() == State.ACTIVE


def test_an_upgrade_is_one_button(site: Any, install: Any, owner: Any, packages: Path) -> None:
    install()
    activate.activate("herbarium")
    install("2.0", files={"lms_herbarium/migrations/0002_colours.py": SECOND})
    forget_modules(packages)
    browser = owner()
    assert "Needs an upgrade from 1.0 to 2.0." in words(browser.get("/admin/plugins"))
    assert post(browser, "/admin/plugins/herbarium/upgrade").status_code == 303
    assert "Herbarium 2.0 runs." in words(browser.get("/admin/plugins"))
    assert "Needs an upgrade" not in words(owner().get("/admin/plugins"))


def test_gone_and_back_everything_is_as_it_was_byte_for_byte(
    site: Any, make: Any, client: Any, install: Any, owner: Any, packages: Path, both_databases: str
) -> None:
    install()
    activate.activate("herbarium")
    browser = owner()
    assert post(browser, "/admin/settings/press", paper="blue").status_code == 303
    connection = db.session.connection()
    connection.exec_driver_sql(
        "INSERT INTO herbarium_flower (name, created_at, updated_at) VALUES ('Lily', '2026-01-01', '2026-01-01')"
    )
    flower = {
        "id": "flower01",
        "type": "herbarium/flower",
        "v": 1,
        "props": {"name": "Lily", "own": [1, "ü"]},
        "slots": {},
    }
    made = make.page(flower, document.new_block("core/text", {"html": "<p>Words.</p>"}), slug="garden")
    before = _everything_of_it()

    remove_distribution(packages, "herbarium")
    forget_modules(packages)
    browser = owner()
    assert browser.get("/garden").status_code == 200
    page = words(browser.get("/admin/plugins"))
    assert "Herbarium 1.0" in page
    assert "Its package is not installed any more." in page
    assert "1 block Flower" in page
    assert browser.get("/ext/herbarium/").status_code == 503
    assert _everything_of_it() == before

    install()
    browser = owner()
    assert stands() == State.ACTIVE
    assert browser.get("/admin/settings/press").text.count('value="blue"') == 1
    assert _everything_of_it() == before
    assert made.slug == "garden"


def _everything_of_it() -> dict[str, list[Any]]:
    db.rollback()
    asked = {
        "documents": "SELECT * FROM content_document ORDER BY id",
        "settings": "SELECT * FROM settings_value ORDER BY id",
        "flowers": "SELECT * FROM herbarium_flower ORDER BY id",
        "version": "SELECT * FROM alembic_version_herbarium",
    }
    connection = db.session.connection()
    return {name: [tuple(row) for row in connection.exec_driver_sql(query)] for name, query in asked.items()}


def test_a_missing_one_can_be_forgotten(site: Any, install: Any, owner: Any, packages: Path) -> None:
    install()
    activate.activate("herbarium")
    remove_distribution(packages, "herbarium")
    forget_modules(packages)
    browser = owner()
    assert "Its package is gone" in words(browser.get("/admin/plugins/herbarium/uninstall"))
    assert post(browser, "/admin/plugins/herbarium/forget").status_code == 303
    db.rollback()
    assert catalog.plugin("herbarium") is None
    assert browser.get("/admin/plugins/herbarium/uninstall").status_code == 404


def test_the_list_is_searched_and_filtered(site: Any, install: Any, owner: Any) -> None:
    install()
    activate.activate("herbarium")
    browser = owner()
    shown = {
        "": True,
        "?state=active": True,
        "?state=off": False,
        "?category=teaching&q=pressed+FLOW": True,
        "?category=payments": False,
        "?q=zebra": False,
        "?state=nonsense&q=": True,
    }
    assert {asked: 'id="plugin-herbarium"' in browser.get("/admin/plugins" + asked).text for asked in shown} == shown


def test_other_roles_have_no_say(site: Any, install: Any, make: Any, sign_in: Any) -> None:
    install()
    browser = sign_in(make.person(role="editor"))
    for path in ("on", "off", "upgrade", "uninstall", "export", "forget"):
        assert browser.post(f"/admin/plugins/herbarium/{path}").status_code in {400, 403}
    assert browser.get("/admin/plugins/herbarium/uninstall").status_code == 403
