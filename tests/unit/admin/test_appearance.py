"""Admin → Appearance."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lms import db
from lms.audit import services as audit
from lms.host import state
from lms.settings import services as settings
from lms.testing.sites import TestSite
from lms.themes import appearance, tokens
from lms.themes.tokens import Colour

PAGE = "/admin/appearance"
RED = {"accent.light": "#7a2e1d", "accent.dark": "#f0b49c"}


@pytest.fixture
def sage(site: TestSite) -> Path:
    """A second theme in the site's folder."""
    folder = site.config.instance / "themes" / "sage"
    (folder / "templates" / "partials").mkdir(parents=True)
    (folder / "theme.toml").write_text(
        'name = "sage"\ntitle = "Sage"\ndescription = "Quiet green."\n'
        '[tokens.colour]\naccent = "#2f5d3a"\n[fonts]\nInter = \'"Inter", serif\'\n'
        '[tokens.space]\nhero = { label = "Height of the picture", value = "30rem" }\n'
    )
    (folder / "templates" / "partials" / "footer.html").write_text("<footer>[the foot of sage]</footer>")
    return folder


@pytest.fixture
def owner(as_role: Any) -> Any:
    return as_role("owner")


def sheets(page: str) -> list[str]:
    return re.findall(r'href="(/static/appearance/[^"]+)"', page)


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("creator", 403), ("editor", 403), ("student", 403)])
def test_only_who_manages_themes_comes_in(site: TestSite, as_role: Any, role: str, status: int) -> None:
    assert as_role(role).get(PAGE).status_code == status


def test_a_changed_colour_is_on_every_public_page_at_once_and_not_in_the_admin(
    site: TestSite, owner: Any, post: Any, client: Any
) -> None:
    assert sheets(client.get("/courses").text) == []
    assert post(owner, PAGE, page=PAGE, theme="plain", act="save", **RED).status_code == 303
    state.refresh()
    (address,) = sheets(client.get("/courses").text)
    css = client.get(address).text
    assert "--accent: light-dark(#7a2e1d, #f0b49c);" in css
    assert sheets(owner.get(PAGE).text) == []
    entry = audit.entries(subject="settings/appearance")[0]
    assert entry.detail["tokens.plain"]["to"] == {"accent": {"light": "#7a2e1d", "dark": "#f0b49c"}}
    assert entry.actor_id is not None


def test_what_goes_with_an_accent_follows_it_until_somebody_chooses(site: TestSite) -> None:
    appearance.save_tokens("plain", {"accent": "#7a2e1d"}, actor_id=None)
    values = appearance.effective(appearance.active().themes, appearance.changed(appearance.active().themes))
    follow = values["accent-soft"]
    assert follow != appearance.active().themes[0].manifest.tokens["accent-soft"]
    # As a form without script sends it: the new accent, and beside it what followed the old one.
    sent = {"accent": "#1d2e7a", "accent-soft": tokens.plain_value(follow)}
    appearance.save_tokens("plain", sent, actor_id=None)
    assert appearance.changed(appearance.active().themes) == {"accent": Colour("#1d2e7a", "#1d2e7a")}
    appearance.save_tokens("plain", {"accent": "#1d2e7a", "accent-soft": "#eeeeee"}, actor_id=None)
    assert appearance.changed(appearance.active().themes)["accent-soft"] == Colour("#eeeeee", "#eeeeee")


def test_the_whole_form_as_the_page_shows_it_changes_nothing(site: TestSite, sage: Path, owner: Any, post: Any) -> None:
    for theme in ("plain", "sage"):
        page = owner.get(f"{PAGE}?theme={theme}").text
        fields = dict(
            re.findall(r'<input (?:type="color"|class="input" id="[^"]+") name="([^"]+)" value="([^"]*)"', page)
        )
        assert len(fields) > 50
        assert post(owner, PAGE, page=PAGE, theme=theme, act="save", **fields).status_code == 303
        assert settings.get("appearance", f"tokens.{theme}") == {}


def test_going_back_forgets_what_was_changed(site: TestSite, owner: Any, post: Any) -> None:
    post(owner, PAGE, page=PAGE, theme="plain", act="save", **RED)
    assert "Back to the theme’s own values" in owner.get(PAGE).text
    post(owner, PAGE, page=PAGE, theme="plain", act="reset", **RED)
    db.rollback()
    state.refresh()
    assert appearance.changed(appearance.active().themes) == {}
    assert "Back to the theme’s own values" not in owner.get(PAGE).text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("t-md", "1rem; } body { display: none", "t-md cannot be used: it must be a length"),
        ("accent.light", "red", "accent cannot be used: a colour is"),
        ("serif", "url(x)", "serif cannot be used"),
        ("serif", "1rem", "serif cannot be used: choose a font family"),
        ("t-md", "serif", "t-md cannot be used: it must be a length"),
        ("acent", "#111111", "The theme has no token acent."),
        ("accent.middle", "#111111", "accent cannot be used"),
    ],
)
def test_what_is_no_value_is_said_and_nothing_is_stored(
    site: TestSite, owner: Any, post: Any, field: str, value: str, words: str
) -> None:
    answer = post(owner, PAGE, page=PAGE, theme="plain", act="save", **{"r-2": "0", field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert settings.get("appearance", "tokens.plain") is None


def test_a_colour_that_is_hard_to_read_is_saved_with_a_warning(site: TestSite, owner: Any, post: Any) -> None:
    post(owner, PAGE, page=PAGE, theme="plain", act="save", **{"ink.light": "#999999", "ink.dark": "#eceee9"})
    page = owner.get(PAGE).text
    assert "Hard to read" in page
    assert "In light, “Text” on “Under the pointer” has a contrast of 2.4; 4.5 is needed." in page


def test_of_two_who_save_at_once_the_second_is_told(site: TestSite, owner: Any, post: Any) -> None:
    seen = settings.version("appearance")
    post(owner, PAGE, page=PAGE, theme="plain", act="save", **RED)
    answer = post(owner, PAGE, page=PAGE, theme="plain", act="save", settings_version=seen, **{"r-2": "0"})
    assert answer.status_code == 409
    assert 'name="r-2" value="0"' in answer.text


def test_another_theme_is_looked_at_used_and_followed_by_the_next_app(
    site: TestSite, sage: Path, owner: Any, post: Any, client: Any
) -> None:
    page = owner.get(PAGE).text
    assert 'href="/admin/appearance?theme=sage"' in page
    looked_at = owner.get(f"{PAGE}?theme=sage").text
    assert 'src="/?theme-preview=sage"' in looked_at
    assert "Height of the picture" in looked_at
    assert "Inter" in looked_at
    assert "Use this theme" in looked_at
    assert "[the foot of sage]" not in client.get("/courses").text
    generation = state.generation()
    assert post(owner, PAGE, page=PAGE, theme="sage", act="use", hero="20rem").status_code == 303
    state.refresh()
    assert state.generation() == generation + 1
    site.rebuild()
    with site.app.app_context():
        assert appearance.active().name == "sage"
        assert "[the foot of sage]" in site.client().get("/courses").text
        assert "--hero: 20rem;" in appearance.stylesheet().text


def test_the_configuration_decides_about_the_theme(site: TestSite, sage: Path, owner: Any, post: Any) -> None:
    site.app.config["LMS"] = replace(site.config, theme="plain")
    page = owner.get(f"{PAGE}?theme=sage").text
    assert "Set by LMS_THEME outside this page." in page
    assert "Use this theme" not in page
    assert post(owner, PAGE, page=PAGE, theme="sage", act="use").status_code == 409


def test_a_theme_that_cannot_be_used_says_why(site: TestSite, sage: Path, owner: Any, post: Any) -> None:
    (sage / "theme.toml").write_text("name =")
    page = owner.get(f"{PAGE}?theme=sage").text
    assert "Cannot be used" in page
    assert "theme.toml cannot be read" in page
    assert post(owner, PAGE, page=PAGE, theme="sage", act="use").status_code == 422
    assert post(owner, PAGE, page=PAGE, theme="nothing", act="use").status_code == 422


def test_the_preview_is_worked_out_without_storing_anything(site: TestSite, owner: Any, post: Any) -> None:
    seen = post(
        owner, f"{PAGE}/preview", page=PAGE, theme="plain", **RED, **{"ink.light": "#999999", "ink.dark": "#fff000"}
    )
    told = seen.get_json()
    assert told["tokens"]["accent"] == "light-dark(#7a2e1d, #f0b49c)"
    assert told["follow"]["accent-strong.light"].startswith("#")
    assert told["warnings"]
    assert post(owner, f"{PAGE}/preview", page=PAGE, theme="plain", **{"t-md": "x"}).get_json()["error"]
    assert settings.get("appearance", "tokens.plain") is None


def test_a_page_in_another_theme_is_for_who_may_change_it_only(
    site: TestSite, sage: Path, owner: Any, as_role: Any, client: Any
) -> None:
    address = "/courses?theme-preview=sage"
    seen = owner.get(address)
    assert "[the foot of sage]" in seen.text
    assert "frame-ancestors 'self'" in seen.headers["Content-Security-Policy"]
    assert seen.headers["Cache-Control"] == "no-store"
    for browser in (client, as_role("editor"), as_role("student")):
        seen = browser.get(address)
        assert seen.status_code == 200
        assert "[the foot of sage]" not in seen.text
        assert "frame-ancestors 'none'" in seen.headers["Content-Security-Policy"]


def test_a_page_in_the_theme_that_is_on_can_stand_in_the_frame(site: TestSite, owner: Any) -> None:
    assert "frame-ancestors 'self'" in owner.get("/?theme-preview=plain").headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in owner.get("/").headers["Content-Security-Policy"]


def test_a_preview_of_a_theme_that_is_not_there_or_broken_says_so(site: TestSite, sage: Path, owner: Any) -> None:
    assert owner.get("/?theme-preview=nothing").status_code == 404
    (sage / "theme.toml").write_text("name =")
    broken = owner.get("/?theme-preview=sage")
    assert broken.status_code == 422
    assert "theme.toml cannot be read" in broken.text


def test_loading_the_theme_again_makes_every_process_build_anew(site: TestSite, owner: Any, post: Any) -> None:
    generation = state.generation()
    assert post(owner, f"{PAGE}/again", page=PAGE).status_code == 303
    state.refresh()
    assert state.generation() == generation + 1
    assert audit.entries()[0].action == "themes.loaded_again"
