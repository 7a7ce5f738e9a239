"""The page on themes, followed to the letter: its files are written, its commands say what stands there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lms.cli.main import cli
from lms.testing import sites
from lms.testing.makers import Makers

sys.path.insert(0, str(Path(__file__).parent))

from reading import DOCS, blocks

PAGE = DOCS / "themes.md"
CODE = DOCS.parent


def run(command: str) -> str:
    name, *arguments = command.split()
    assert name == "lms"
    return CliRunner().invoke(cli, arguments).output


def test_whoever_follows_the_page_has_a_theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_INSTANCE", str(tmp_path))
    folder, said = tmp_path / "themes" / "sage", ""
    for block in blocks(PAGE):
        if block.path:
            file = folder / block.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
        elif block.language == "console":
            said = [run(command) for command in block.text.splitlines()][-1]
        else:
            assert block.language == "text", f"{block}: a block is a file, commands, or what they say"
            shown = said.replace(str(tmp_path), "…").replace(str(CODE), "…")
            assert shown == block.text, str(block)
    (folder / "templates" / "page" / "about.html").unlink()
    with sites.site(tmp_path, theme="sage") as site:
        make, client = Makers(), site.client()
        make.page(slug="about", title="About")
        make.page(slug="start", title="Start", kind="landing")
        about, start = client.get("/about").text, client.get("/start").text
        assert "Made slowly." in about
        assert 'class="site-footer"' in about
        assert '<p class="sage-mark">' in about
        assert '<p class="sage-mark">' in start
        assert "site-header" not in start
        assert "/static/theme/sage.css" in about
