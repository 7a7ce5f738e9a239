"""Settings from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lms import db
from lms.base.seal import read_keys
from lms.cli.main import cli
from lms.host import activate
from lms.settings import rotation
from lms.settings import services as settings
from lms.testing.sites import TestSite


@pytest.fixture
def here(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the site that commands see, with one secret in it."""
    monkeypatch.setenv("LMS_INSTANCE", str(site.config.instance))
    monkeypatch.setattr(rotation, "_SETTLE_SECONDS", 0)
    settings.set_secret("shop", "key", "rk_test_0123456789abcd", actor_id=None)
    db.commit()
    return site.config.instance


def test_the_key_is_replaced_and_links_and_forms_that_are_out_stay_valid(here: Path) -> None:
    before, signing = read_keys(here / "secret.key"), (here / "signing.key").read_text()
    answer = CliRunner().invoke(cli, ["settings", "rotate-key"])
    assert answer.exit_code == 0, answer.output
    assert "1 secrets are sealed with the new key." in answer.output
    assert "The old key is gone." in answer.output
    assert read_keys(here / "secret.key")[0] not in before
    assert (here / "signing.key").read_text() == signing
    assert settings.secret("shop", "key") == "rk_test_0123456789abcd"


def test_a_plugin_that_is_gone_is_named_and_the_old_key_stays(here: Path) -> None:
    activate.mark_active("gone_plugin", "1.0")
    db.commit()
    answer = CliRunner().invoke(cli, ["settings", "rotate-key"])
    assert answer.exit_code == 1
    assert "The plugin gone_plugin could not be asked for its secrets." in answer.output
    assert len(read_keys(here / "secret.key")) == 2
