"""Plugins of these tests: real distributions in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lms.testing.distributions import installed, make_distribution

PLUGIN = '''
    from lms.extend import Plugin

    class Shelf(Plugin):
        """Book shelf

        Keeps books.
        """

        category = "teaching"
        models = "lms_shelf.models"
        migrations = "lms_shelf.migrations"

        def on_activate(self):
            {on_activate}
'''
MODELS = """
    from sqlalchemy import String
    from sqlalchemy.orm import Mapped, mapped_column

    from lms.api.db import Model

    class Book(Model):
        __tablename__ = "shelf_book"
        title: Mapped[str] = mapped_column(String(80))
"""
FIRST = '''
    """Books."""
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision, branch_labels, depends_on = "shelf_0001", None, None, None

    def upgrade():
        op.create_table(
            "shelf_book",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("title", sa.String(80), nullable=False),
            sa.Column("created_at", sa.DateTime, nullable=False),
            sa.Column("updated_at", sa.DateTime, nullable=False),
        )

    def downgrade():
        op.drop_table("shelf_book")
'''


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    """A folder whose distributions are installed, here and in processes started here."""
    folder = tmp_path / "packages"
    folder.mkdir()
    with installed(folder):
        yield folder


@pytest.fixture
def shelf(packages: Path) -> Callable[..., Path]:
    """``shelf("1.0")`` installs a plugin with one table; its files can be given anew, or more of them."""

    def make(version: str = "1.0", files: dict[str, str] | None = None, on_activate: str = "pass", **more: Any) -> Path:
        standard = {
            "lms_shelf.plugin": PLUGIN.format(on_activate=on_activate),
            "lms_shelf.models": MODELS,
            "lms_shelf/migrations/0001_books.py": FIRST,
        }
        return make_distribution(packages, "shelf", version, {**standard, **(files or {})}, **more)

    return make
