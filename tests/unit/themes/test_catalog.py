"""Which themes there are, and what theme.toml says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lms.themes import catalog, manifest
from lms.themes.tokens import Colour


def test_a_theme_without_a_parent_stands_on_plain(theme: Any, tmp_path: Path) -> None:
    theme("sage")
    assert [one.name for one in catalog.chain("sage", tmp_path)] == ["sage", "plain"]


def test_parents_come_in_order_and_the_childs_tokens_win(theme: Any, tmp_path: Path) -> None:
    theme("sage", toml='[tokens.colour]\naccent = "#111111"\ngood = "#222222"\n')
    theme("moss", toml='parent = "sage"\n[tokens.colour]\naccent = "#333333"\n')
    chain = catalog.chain("moss", tmp_path)
    assert [one.name for one in chain] == ["moss", "sage", "plain"]
    values = catalog.values(chain)
    assert (values["accent"], values["good"]) == (Colour("#333333", "#333333"), Colour("#222222", "#222222"))
    assert values["bad"] == catalog.bundled().manifest.tokens["bad"]


def test_a_parent_that_is_missing_is_named_with_who_wants_it(theme: Any, tmp_path: Path) -> None:
    theme("moss", toml='parent = "sage"\n')
    with pytest.raises(catalog.ThemeMissing, match="moss names the parent sage, which is not there"):
        catalog.chain("moss", tmp_path)


def test_parents_in_a_circle_are_told(theme: Any, tmp_path: Path) -> None:
    theme("moss", toml='parent = "sage"\n')
    theme("sage", toml='parent = "moss"\n')
    with pytest.raises(catalog.CircularParents, match="moss → sage → moss"):
        catalog.chain("moss", tmp_path)


@pytest.mark.parametrize("name", ["", "..", "../plain", "/etc", "Plain", "a/b"])
def test_a_name_that_is_none_leads_nowhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(catalog.ThemeMissing):
        catalog.find(name, tmp_path)


def test_a_site_that_has_a_plain_of_its_own_still_stands_on_ours(theme: Any, tmp_path: Path) -> None:
    theme("plain")
    folders = [one.folder for one in catalog.chain("plain", tmp_path)]
    assert folders == [tmp_path / "themes" / "plain", catalog.bundled().folder]


def test_all_themes_are_listed_the_unreadable_too(theme: Any, tmp_path: Path) -> None:
    theme("sage")
    (theme("broken") / "theme.toml").write_text("name = ")
    assert catalog.names(tmp_path) == ["broken", "plain", "sage"]


def test_what_is_no_toml_is_told_with_its_place(theme: Any) -> None:
    folder = theme("sage")
    (folder / "theme.toml").write_text('name = "sage"\ntitle = \n')
    with pytest.raises(manifest.ThemeUnreadable, match="line 2"):
        manifest.read(folder / "theme.toml")


@pytest.mark.parametrize(
    ("toml", "line", "words"),
    [
        ('titel = "Sage"', 3, "knows no 'titel'; did you mean title?"),
        ('version = 1', 3, "version must be a text"),
        ('[tokens]\naccent = "#ffffff"', 4, "tokens stand in [tokens.colour]"),
        ('[tokens.colour]\naccent = "red"', 4, "token accent: a colour is"),
        ('[tokens.colour]\n"Accent!" = "#ffffff"', 4, "small letters, digits and hyphens only"),
        ('[tokens.space]\nr-2 = 4', 4, "token r-2: it must be a text"),
        ('stylesheets = "sage.css"', 3, "stylesheets must be a list"),
        ('[fonts]\nInter = "Inter; x"', 4, "fonts: Inter"),
        ('[places]\n"site.aside" = 1', 4, "places: site.aside needs a text"),
        ('[kinds.post]\nnews = "News"', 3, "kinds are of page, course, lesson"),
        ('[kinds.page]\nBig_One = "Big"', 4, "small letters, digits and hyphens only"),
        ('parent = "sage"', 3, "cannot be its own parent"),
        ('tokens = 3', 3, "tokens must be a table"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(theme: Any, toml: str, line: int, words: str) -> None:
    found = manifest.read(theme("sage", toml=toml) / "theme.toml").faults
    assert [(fault.line, words in fault.sentence) for fault in found] == [(line, True)], found


def test_name_and_title_are_needed_and_the_name_is_the_folders(theme: Any) -> None:
    folder = theme("sage")
    (folder / "theme.toml").write_text("")
    assert [f.sentence for f in manifest.read(folder / "theme.toml").faults] == [
        "theme.toml has no name.", "theme.toml has no title.",
    ]  # fmt: skip
    (folder / "theme.toml").write_text('name = "moss"\ntitle = "Moss"')
    assert "they must be equal" in manifest.read(folder / "theme.toml").faults[0].sentence


def test_one_wrong_token_costs_only_itself(theme: Any) -> None:
    read = manifest.read(theme("sage", toml='[tokens.colour]\naccent = "red"\nink = "#111111"\n') / "theme.toml")
    assert read.tokens == {"ink": Colour("#111111", "#111111")}
