"""``lms db new``: the next revision of a plugin, written out of what its models say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lms.cli.main import cli
from lms.testing.distributions import forget_modules, installed, make_distribution

PLUGIN = '''
    from lms.extend import Plugin

    class Hello(Plugin):
        """Hello"""
        models = "lms_hello.models"
        migrations = "lms_hello.migrations"
    '''
MODELS = """
    from datetime import datetime
    from typing import Any
    from sqlalchemy import ForeignKey, String
    from sqlalchemy.orm import Mapped, mapped_column
    from lms.api.db import Json, Model, UtcDateTime

    class Visit(Model):
        __tablename__ = "hello_visit"
        person_id: Mapped[int] = mapped_column(ForeignKey("accounts_person.id", ondelete="CASCADE"), index=True)
        seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
        words: Mapped[Any] = mapped_column(Json, nullable=True)
    """


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    make_distribution(tmp_path, "stoa-hello", "1.0", {"lms_hello/plugin.py": PLUGIN, "lms_hello/models.py": MODELS})
    with installed(tmp_path):
        yield tmp_path


def new(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["db", "new", *arguments])


def test_the_first_draft_makes_the_tables_and_the_second_what_changed(folder: Path) -> None:
    answer = new("hello", "-m", "Who came")
    assert answer.exit_code == 0, answer.output
    file = folder / "lms_hello/migrations/0001_who_came.py"
    text = file.read_text()
    assert text.startswith('"""Who came."""\n')
    assert "revision = 'hello_0001'\ndown_revision = None" in text
    assert 'op.create_table("hello_visit"' in text
    assert "lms" not in text.partition("def upgrade")[2]

    nothing = new("hello")
    assert (nothing.exit_code, nothing.output) == (
        1, "Error: The migrations of hello make what its models say; nothing is written.\n"
    )  # fmt: skip

    models = folder / "lms_hello/models.py"
    models.write_text(models.read_text() + "    place: Mapped[str | None] = mapped_column(String(40))\n")
    forget_modules(folder)
    answer = new("hello", "-m", "Where")
    assert answer.exit_code == 0, answer.output
    text = (folder / "lms_hello/migrations/0002_where.py").read_text()
    assert "down_revision = 'hello_0001'" in text
    assert 'batch_op.add_column(sa.Column("place", sa.String(length=40), nullable=True))' in text
    forget_modules(folder)
    assert new("hello").exit_code == 1


def test_nothing_of_other_plugins_and_rooms_gets_into_it(folder: Path) -> None:
    new("hello")
    text = (folder / "lms_hello/migrations/0001_tables.py").read_text()
    assert text.count("create_table") == 1
    assert text.count("drop_table") == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [("nobody", "no room and no installed plugin called nobody"), ("stripe_simulator", "add migrations = "),
     ("commerce", "nothing is written")],
)  # fmt: skip
def test_what_cannot_be_written_is_said(name: str, words: str) -> None:
    answer = new(name)
    assert answer.exit_code == 1
    assert words in answer.output
