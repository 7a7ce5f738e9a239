"""A plugin's whole life in the owner's hands: found, tried, on, broken by an upgrade, mended, off, taken out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from lms.testing.distributions import make_distribution, remove_distribution

PLUGIN = '''
    from flask import Blueprint
    from sqlalchemy import func, select

    from lms.api import db
    from lms.api.web import Form, public
    from lms.extend import Plugin, SettingsPage
    from lms.extend.fields import PlainText
    from lms_herbarium.models import Flower

    blueprint = Blueprint("herbarium", __name__)

    @blueprint.get("/")
    @public
    def index():
        count = db.session.scalar(select(func.count(Flower.id)))
        return f"{count} flowers, version __VERSION__"

    class PressForm(Form):
        paper = PlainText("Paper", default="white")

    class Herbarium(Plugin):
        """Herbarium

        Keeps pressed flowers.
        """

        category = "teaching"
        models = "lms_herbarium.models"
        migrations = "lms_herbarium.migrations"

        def blueprint(self):
            return blueprint

        def settings_pages(self):
            return (SettingsPage(name="press", label="The press", form=PressForm),)
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


def install(folder: Path, version: str, start: str = "") -> None:
    files = {
        "lms_herbarium.plugin": start or PLUGIN.replace("__VERSION__", version),
        "lms_herbarium.models": MODELS,
        "lms_herbarium/migrations/0001_flowers.py": FIRST,
    }
    make_distribution(
        folder, "herbarium", version, files, summary="Pressed flowers, kept.", entry="lms_herbarium.plugin:Herbarium"
    )


def test_a_plugin_is_found_tried_broken_mended_and_taken_out(
    demo: Any, page: Page, new_page: Any, in_every_light: Callable[[Page], None], accessible: Any, change_rows: Any
) -> None:
    visitor = new_page()
    own_page = demo.url("/ext/herbarium/")

    def shows(words: str, status: int = 200) -> None:
        """Soon every worker answers like this, whichever is asked; the site itself answers all the time."""
        alike, until = 0, time.monotonic() + 30
        while alike < 6:
            assert visitor.request.get(demo.url("/")).ok
            answer = visitor.request.get(own_page)
            alike = alike + 1 if answer.status == status and words in answer.text() else 0
            assert time.monotonic() < until, (answer.status, answer.text()[:200])

    demo.sign_in(page, "owner")
    page.goto(demo.url("/admin"))
    page.get_by_role("navigation").get_by_role("link", name="Plugins").click()
    expect(page.get_by_role("heading", name="Plugins", level=1)).to_be_visible()
    expect(page.get_by_role("article", name=re.compile("Herbarium", re.I))).to_have_count(0)

    # It appears by itself, with what its package says of it; its own code has not run yet.
    install(demo.packages, "1.0")
    page.reload()
    herbarium = page.get_by_role("article", name=re.compile("Herbarium", re.I))
    expect(herbarium).to_contain_text("Pressed flowers, kept.")
    herbarium.get_by_role("switch", name=re.compile("Activate herbarium", re.I)).click()

    # Tried, and the owner sees first what happens to the database.
    expect(page.get_by_role("heading", name="Activate Herbarium?")).to_be_visible()
    expect(page.get_by_text("It will create the tables herbarium_flower.")).to_be_visible()
    expect(page.get_by_text("Your database is backed up first")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Activate Herbarium").click()
    expect(page.get_by_text("Herbarium is active.")).to_be_visible()
    shows("0 flowers, version 1.0")
    page.get_by_role("link", name="Set it up here").click()
    page.get_by_label("Paper").fill("blue")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_label("Paper")).to_have_value("blue")
    change_rows(
        "INSERT INTO herbarium_flower (name, created_at, updated_at) VALUES ('Lily', '2026-01-01', '2026-01-01')"
    )
    shows("1 flowers, version 1.0")

    # An upgrade that does not even start: the site goes on, and the owner reads why in one sentence.
    install(demo.packages, "1.1", start="raise RuntimeError('the press is jammed')\n")
    page.goto(demo.url("/admin/plugins"))
    paused = page.get_by_text("RuntimeError: the press is jammed")
    _reload_until(page, paused)
    in_every_light(page)
    assert visitor.request.get(own_page).status == 503
    assert visitor.goto(demo.url("/")).ok
    page.goto(demo.url("/admin/health"))
    expect(page.get_by_text("the press is jammed")).to_be_visible()

    # Mended: one button.
    install(demo.packages, "1.2")
    page.goto(demo.url("/admin/plugins"))
    herbarium.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Herbarium is active.")).to_be_visible()
    shows("1 flowers, version 1.2")

    # Off, its data stays; on again, everything is as it was.
    herbarium.get_by_role("switch", name="Deactivate Herbarium").click()
    expect(page.get_by_text("Herbarium is off; its data stays.")).to_be_visible()
    shows("", status=404)
    herbarium.get_by_role("switch", name="Activate Herbarium").click()
    expect(page.get_by_text("Herbarium is active.")).to_be_visible()
    shows("1 flowers, version 1.2")
    page.get_by_role("link", name="Set it up here").click()
    expect(page.get_by_label("Paper")).to_have_value("blue")

    # Taken out, with its name typed and its data in a file.
    page.goto(demo.url("/admin/plugins"))
    herbarium.get_by_role("switch", name="Deactivate Herbarium").click()
    herbarium.get_by_role("link", name="Uninstall").click()
    expect(page.get_by_role("heading", name="Uninstall Herbarium?")).to_be_visible()
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download its data").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert lines[-1]["row"]["name"] == "Lily"
    page.get_by_label("Name").fill("the herbarium")
    page.get_by_role("button", name="Uninstall Herbarium").click()
    expect(page.get_by_text("Type herbarium to uninstall it.")).to_be_visible()
    page.get_by_label("Name").fill("herbarium")
    page.get_by_role("button", name="Uninstall Herbarium").click()
    expect(page.get_by_role("heading", name="Plugins", level=1)).to_be_visible()
    shows("", status=404)
    assert change_rows.columns("herbarium_flower") == []
    remove_distribution(demo.packages, "herbarium")
    page.reload()
    expect(herbarium).to_have_count(0)


def _reload_until(page: Page, there: Any) -> None:
    """The servers notice by themselves what lies on the disk; the owner looks again."""
    for _time in range(60):
        if there.count():
            return
        page.wait_for_timeout(250)
        page.reload()
    expect(there).to_be_visible()
