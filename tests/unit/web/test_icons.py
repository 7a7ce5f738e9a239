"""Icons and fonts as the asset build writes them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lms.testing.sites import TestSite
from lms.web import icons
from lms.web.page import asset

ROOT = Path(__file__).parents[3]
CALL = re.compile(r"""\bicon\(\s*"([a-z0-9-]+)"(?:,\s*"(outline|solid16)")?""")
KEYWORD = re.compile(r"""\b(?:icon|icon_name|mark)=["']([a-z0-9-]+)["']""")


@pytest.fixture
def no_built_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(icons, "DIST", tmp_path)
    _forget()
    yield
    _forget()


def _forget() -> None:
    for function in (icons.icon, icons.load_icons, icons.font_preloads):
        function.cache_clear()


def _used() -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for folder in ("lms", "themes", "plugins"):
        for path in (ROOT / folder).rglob("*.*"):
            if path.suffix not in {".html", ".py"} or "node_modules" in path.parts:
                continue
            text = path.read_text(encoding="utf-8")
            found |= {(name, variant or "outline") for name, variant in CALL.findall(text)}
            found |= {(name, "outline") for name in KEYWORD.findall(text)}
    return found


@pytest.mark.parametrize(("name", "variant"), sorted(_used()))
def test_every_icon_that_is_used_exists(name: str, variant: icons.Variant) -> None:
    assert icons.has_icon(name, variant)


def test_an_outline_icon_is_drawn_at_20_pixels_and_hidden_from_screen_readers() -> None:
    drawn = icons.icon("home")

    assert drawn.startswith('<svg class="icon" width="20" height="20" viewBox="0 0 24 24" fill="none"')
    assert 'aria-hidden="true"' in drawn


def test_a_solid_icon_is_drawn_at_16_pixels() -> None:
    assert 'width="16" height="16" viewBox="0 0 16 16" fill="currentColor"' in icons.icon("check", "solid16")


def test_a_class_cannot_break_out_of_its_attribute() -> None:
    assert 'class="icon &#34;&gt;&lt;script&gt;"' in icons.icon("home", css='"><script>')


def test_an_unknown_name_gives_the_puzzle_piece_and_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    icons.icon.cache_clear()

    drawn = icons.icon("no-such-icon")

    assert drawn == icons.icon("puzzle-piece")
    assert "no-such-icon" in caplog.text


def test_our_own_marks_are_among_the_icons() -> None:
    assert icons.has_icon("porch")
    assert icons.has_icon("mark")


@pytest.mark.usefixtures("no_built_assets")
def test_without_built_assets_the_place_stays_empty_and_the_log_says_what_to_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        drawn = icons.icon("home")

    assert drawn.endswith("></svg>")
    assert "python hatch_build.py" in caplog.text


@pytest.mark.usefixtures("no_built_assets")
def test_without_built_assets_whoever_asks_for_the_icons_is_told() -> None:
    with pytest.raises(icons.AssetsMissing, match="built assets are missing"):
        icons.load_icons()


def test_a_preloaded_font_has_the_very_address_that_the_stylesheet_names(site: TestSite) -> None:
    sheet = (icons.DIST / "fonts.css").read_text(encoding="utf-8")

    addresses = [asset(f"core/dist/{file}") for file in icons.font_preloads()]

    assert len(addresses) == 2
    for address in addresses:
        assert f'url("{address.removeprefix("/static/core/dist/")}")' in sheet


def test_all_fonts_that_the_stylesheet_names_are_there() -> None:
    sheet = (icons.DIST / "fonts.css").read_text(encoding="utf-8")

    named = re.findall(r'url\("([^"?]+)', sheet)

    assert len(named) == 20
    assert [name for name in named if not (icons.DIST / name).is_file()] == []
