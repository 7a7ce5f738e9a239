"""Distributions that tests make are as real as those of pip."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from lms import db
from lms.host import discover, load
from lms.testing.distributions import forget_modules, installed, make_distribution, remove_distribution

FILES = {
    "lms_shelf/plugin.py": '''
        from lms.extend import Plugin

        class Shelf(Plugin):
            """Shelf"""

            models = "lms_shelf.models"
    ''',
    "lms_shelf.models": """
        from sqlalchemy.orm import Mapped

        from lms.api.db import Model

        class Board(Model):
            __tablename__ = "shelf_board"
            length: Mapped[int]
    """,
    "lms_shelf/templates/shelf/board.html": "<p></p>",
}


def test_it_is_found_here_and_in_a_process_of_its_own(tmp_path: Path) -> None:
    with installed(tmp_path):
        make_distribution(tmp_path, "stoa-shelf", "1.0", FILES, ["stoa>=0.1"], summary="Holds books.")
        found = discover.found()["shelf"]
        assert (found.version, found.summary, found.distribution) == ("1.0", "Holds books.", "stoa-shelf")
        assert load.external(found.entry_point).title() == "Shelf"
        assert distribution("stoa-shelf").requires == ["stoa>=0.1"]
        print_version = "from lms.host import discover; print(discover.found()['shelf'].version)"
        seen = subprocess.run([sys.executable, "-c", print_version], capture_output=True, text=True, check=True)
        assert seen.stdout.strip() == "1.0"
    assert "shelf" not in discover.found()


def test_a_new_version_takes_the_place_of_the_old_one_and_the_files_go_with_it(tmp_path: Path) -> None:
    with installed(tmp_path):
        make_distribution(tmp_path, "shelf", "1.0", {**FILES, "lms_shelf.old": "x = 1"})
        make_distribution(tmp_path, "shelf", "2.0", FILES)
        assert discover.found()["shelf"].version == "2.0"
        assert not (tmp_path / "lms_shelf" / "old.py").exists()
        remove_distribution(tmp_path, "shelf")
        assert "shelf" not in discover.found()
    assert list(tmp_path.iterdir()) == []


def test_what_was_imported_is_forgotten_with_its_tables(tmp_path: Path) -> None:
    with installed(tmp_path):
        make_distribution(tmp_path, "shelf", "1.0", FILES)
        load.external(discover.found()["shelf"].entry_point)
        assert "shelf_board" in db.Model.metadata.tables
        forget_modules(tmp_path)
        assert "shelf_board" not in db.Model.metadata.tables
        load.external(discover.found()["shelf"].entry_point)
    assert "shelf_board" not in db.Model.metadata.tables
    assert "lms_shelf" not in sys.modules
