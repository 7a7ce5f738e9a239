"""Rules that all stylesheets keep."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHEETS = [
    ROOT / "lms/web/static/base.css",
    ROOT / "lms/admin/static/admin.css",
    *sorted((ROOT / "themes").glob("*/assets/*.css")),
    ROOT / "plugins/manual_payments/lms_manual_payments/static/invoice.css",
]
DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;{}]+);")
PHYSICAL = re.compile(r"^(?:(?:margin|padding|border|inset)-(?:left|right|top|bottom).*|left|right|top|bottom|float)$")
SIZE = re.compile(r"(?<![\w.-])(\d*\.?\d+)(rem|px)(?=\s*(?:/|$))")


def declarations(sheet: Path) -> list[tuple[str, str]]:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    return [(name, value.strip()) for name, value in DECLARATION.findall(text)]


def _four_sided(value: str) -> tuple[str, ...]:
    return tuple(re.findall(r"(?:[\w-]+\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\s]+)", value))


def _is_physical(name: str, value: str) -> bool:
    if PHYSICAL.match(name) or (name == "text-align" and value in {"left", "right"}):
        return True
    if name in {"margin", "padding", "inset"}:
        sides = _four_sided(value)
        return len(sides) == 4 and sides[1] != sides[3]
    return False


def _pixels(name: str, value: str) -> list[float]:
    if name not in {"font", "font-size"} and not name.startswith("--t-"):
        return []
    return [float(number) * (16 if unit == "rem" else 1) for number, unit in SIZE.findall(value)]


@pytest.mark.parametrize(
    ("name", "value", "physical"),
    [
        ("margin-left", "1rem", True),
        ("padding", "0 var(--s-4) 1rem 0", True),
        ("padding", "1rem calc(1px + 2px)", False),
        ("padding", "0 1rem 2rem 1rem", False),
        ("text-align", "right", True),
        ("text-align", "end", False),
        ("inset-inline-start", "0", False),
    ],
)
def test_the_judge_of_sides_knows_one_when_it_sees_one(name: str, value: str, physical: bool) -> None:
    assert _is_physical(name, value) is physical


def test_the_judge_of_sizes_reads_the_size_out_of_a_font() -> None:
    assert _pixels("font", "600 0.75rem / 1.4 var(--sans)") == [12]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_sides_are_named_by_the_flow_of_text(sheet: Path) -> None:
    assert [(name, value) for name, value in declarations(sheet) if _is_physical(name, value)] == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_nothing_is_set_below_14_pixels(sheet: Path) -> None:
    small = [(name, value) for name, value in declarations(sheet) for pixels in _pixels(name, value) if pixels < 14]

    assert small == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_nothing_is_fetched_from_elsewhere(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8")

    assert "@import" not in text
    assert re.findall(r"url\(", text) == []


def test_no_template_holds_a_style_or_a_script_of_its_own() -> None:
    templates = [
        path
        for folder in ("lms", "themes", "plugins/stripe", "plugins/manual_payments")
        for path in (ROOT / folder).rglob("*.html")
        if "node_modules" not in path.parts and "mail" not in path.parts
    ]
    offence = re.compile(r"<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<script(?![^>]*\bsrc=)", re.IGNORECASE)

    found = [path.relative_to(ROOT).as_posix() for path in templates if offence.search(path.read_text("utf-8"))]

    assert len(templates) > 10
    assert found == []
