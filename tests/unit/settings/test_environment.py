"""What the environment decides, and what happens when it says nonsense."""

from __future__ import annotations

from typing import Any

import pytest

from lms.settings import fields
from lms.settings import services as settings
from lms.testing.sites import TestSite


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("LMS_SITE_NAME", "From outside", "name", "From outside"),
        ("LMS_SITE_LANGUAGE", "en-GB", "language", "en-GB"),
        ("LMS_SITE_MENU", '[{"label": "Home", "href": "/"}]', "menu", [{"label": "Home", "href": "/"}]),
    ],
)
def test_a_variable_counts_as_its_field_reads_it(
    site: TestSite, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, name: str, value: Any
) -> None:
    monkeypatch.setenv(variable, text)
    assert settings.get("site", name) == value
    assert settings.fixed("site") == {name}
    assert fields.faults_outside() == {}


@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("LMS_SITE_NAME", "x" * 61, "longer than 60"),
        ("LMS_SITE_NAME", "", "The site needs a name."),
        ("LMS_SITE_LANGUAGE", "xx", "Not a valid choice"),
        ("LMS_SITE_TIMEZONE", "Europe/Atlantis", "Not a valid choice"),
        ("LMS_SITE_MENU", "[", "It is no JSON."),
        ("LMS_SITE_HOME_PAGE", "About Us", "An address has small letters"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_and_the_pages_still_answer(
    site: TestSite, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, words: str
) -> None:
    monkeypatch.setenv(variable, text)
    assert site.client().get("/courses").status_code == 200
    assert words in fields.faults_outside()[variable]
    assert settings.fixed("site") == frozenset()
    assert settings.get("site", "name") == "Stoa"


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Off", False), ("", False), ("perhaps", None)])
def test_a_switch_is_on_or_off(text: str, value: bool | None) -> None:
    assert fields._read_word(text).value is value
