"""The tutorial, followed to the letter: its files are written, its commands run, and what comes out works."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lms.testing.environments import Environment, make_environment

sys.path.insert(0, str(Path(__file__).parent))

from reading import DOCS, Block, blocks

TUTORIAL = DOCS / "plugins" / "tutorial.md"


class Follower:
    """Somebody who reads the tutorial and does what it says."""

    def __init__(self, environment: Environment, home: Path) -> None:
        self.environment, self.home, self.folder = environment, home, home
        self.said: dict[str, str] = {}

    def do(self, block: Block) -> None:
        if block.path:
            file = self.folder / block.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
            return
        assert block.language == "console", f"{block}: a block is a file, or commands"
        for command in block.text.splitlines():
            if command.startswith("cd "):
                self.folder = self.folder / command.removeprefix("cd ")
            else:
                self.said[command] = self.run(command)

    def run(self, command: str) -> str:
        path = f"{self.environment.folder}/bin:/usr/bin:/bin"
        of_site = {"LMS_INSTANCE": str(self.home / "instance"), "LMS_ENV": "test", "PATH": path}
        return self.environment.run("sh", "-c", command, cwd=self.folder, **of_site)


@pytest.mark.slow
def test_whoever_follows_the_tutorial_has_a_working_plugin(tmp_path: Path) -> None:
    follower = Follower(make_environment(tmp_path / "environment"), tmp_path)
    follower.run("lms db upgrade")
    drafted = ""
    for block in blocks(TUTORIAL):
        written = follower.folder / block.path
        if block.path.startswith("lms_welcome/migrations/"):
            # The command before wrote a draft of this very file.
            drafted = written.read_text()
        follower.do(block)
    assert 'op.create_table("welcome_letter"' in drafted
    assert "5 passed" in follower.said["pytest"]
    assert follower.said["lms plugin check ."] == "It keeps the contract.\n"
    assert "welcome is active." in follower.said["lms plugin on welcome"]


def test_the_tutorial_shows_everything_that_it_promises() -> None:
    files = {block.path for block in blocks(TUTORIAL)}
    for part in ("settings", "links", "blocks", "models", "letters", "plugin", "migrations/0001_letters"):
        assert f"lms_welcome/{part}.py" in files
    assert "tests/test_welcome.py" in files
