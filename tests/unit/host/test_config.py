"""Configuration: the file, then the environment; mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from lms.host.config import ConfigurationError, load


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "lms.toml").write_text('site_url = "https://a.example"\nenv = "production"\n')
    assert load(tmp_path, {}).site_url == "https://a.example"
    assert load(tmp_path, {"LMS_SITE_URL": "https://b.example/"}).site_url == "https://b.example"


def test_a_heroku_style_address_reaches_psycopg(tmp_path: Path) -> None:
    config = load(tmp_path, {"LMS_DATABASE_URL": "postgres://u@h/d"})
    assert config.database_url == "postgresql+psycopg://u@h/d"


def test_the_key_is_made_once(tmp_path: Path) -> None:
    assert load(tmp_path, {}).secret_key == load(tmp_path, {}).secret_key != ""


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LMS_ENV": "prod"}, "LMS_ENV"),
        ({"LMS_SITE_URL": "school.example"}, "LMS_SITE_URL"),
        ({"LMS_SITE_URL": "https://school.example/path"}, "LMS_SITE_URL"),
        ({"LMS_STRIPE_API_BASE": "http://127.0.0.1:8420"}, "cannot be set in production"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load(tmp_path, environment)


def test_an_unknown_setting_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "lms.toml").write_text('site_ulr = "https://a.example"\n')
    with pytest.raises(ConfigurationError, match="site_ulr"):
        load(tmp_path, {})
