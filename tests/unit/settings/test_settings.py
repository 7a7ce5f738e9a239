from __future__ import annotations

import pytest

from lms import db
from lms.app import create_app
from lms.audit import services as audit
from lms.base.seal import CannotOpen
from lms.host import state
from lms.settings import services as settings
from lms.settings import store


def test_a_setting_that_nobody_changed_is_the_default_of_its_field(site):
    assert settings.get("site", "registration") == "open"


def test_a_saved_setting_is_read_again(site, both_databases):
    settings.save("site", {"name": "Long Table", "menu": [{"label": "Home", "href": "/"}]}, actor_id=None)
    db.commit()
    assert (settings.get("site", "name"), settings.get("site", "menu")[0]["href"]) == ("Long Table", "/")


def test_the_transaction_that_changed_a_setting_sees_it_at_once(site):
    settings.get("site", "name")
    settings.save("site", {"name": "Long Table"}, actor_id=None)
    assert settings.get("site", "name") == "Long Table"


def test_a_change_that_was_rolled_back_is_forgotten(site):
    settings.save("site", {"name": "Long Table"}, actor_id=None)
    db.rollback()
    assert settings.get("site", "name") == "Stoa"


def test_a_setting_that_the_form_lacks_is_refused_and_nothing_is_stored(site):
    with pytest.raises(settings.UnknownSetting):
        settings.save("site", {"name": "Long Table", "nmae": "Typo"}, actor_id=None)
    assert settings.get("site", "name") == "Stoa"


def test_reading_a_setting_that_the_form_lacks_is_refused(site):
    with pytest.raises(settings.UnknownSetting):
        settings.get("site", "nmae")


def test_reading_costs_no_query_while_nothing_changes(site, queries):
    settings.get("site", "name")
    with queries.at_most(0):
        settings.get("site", "tagline")


def test_another_process_sees_a_change_at_its_next_look(site):
    settings.get("site", "name")
    kept = site.app.extensions["lms_settings"]
    settings.save("site", {"name": "Long Table"}, actor_id=None)
    db.commit()
    site.app.extensions["lms_settings"] = kept
    state.refresh()
    assert settings.get("site", "name") == "Long Table"


def test_saving_a_setting_makes_pages_of_guests_new(site):
    before = state.content_version()
    settings.save("site", {"name": "Long Table"}, actor_id=None)
    db.commit()
    assert state.content_version() > before


def test_the_environment_wins_over_what_is_stored(site, monkeypatch):
    settings.save("site", {"name": "Stored"}, actor_id=None)
    monkeypatch.setenv("LMS_SITE_NAME", "From outside")
    assert settings.get("site", "name") == "From outside"
    assert settings.fixed("site") == {"name"}


def test_a_saved_value_that_is_the_same_is_no_change(site):
    settings.save("site", {"name": "Long Table"}, actor_id=1)
    assert settings.save("site", {"name": "Long Table"}, actor_id=1) == []
    assert len(audit.entries(subject="settings/site")) == 1


def test_a_change_is_told_to_the_audit_with_old_and_new(site):
    settings.save("site", {"name": "Long Table"}, actor_id=7)
    entry = audit.entries(subject="settings/site")[0]
    assert (entry.actor_id, entry.detail) == (7, {"name": {"from": None, "to": "Long Table"}})


def test_a_secret_is_sealed_and_never_in_the_audit(site, both_databases):
    settings.set_secret("shop", "key", "rk_test_0123456789abcd", actor_id=7)
    stored = store.everything()[("shop", "key")]
    assert "0123456789" not in f"{stored} {audit.entries()}"
    assert settings.secret("shop", "key") == "rk_test_0123456789abcd"


@pytest.mark.parametrize(("secret", "shown"), [("rk_test_0123456789abcd", "abcd"), ("short", "…"), (None, "")])
def test_of_a_secret_only_the_end_is_shown(site, secret, shown):
    settings.set_secret("shop", "key", secret, actor_id=None)
    assert settings.secret_last4("shop", "key") == shown


def test_a_secret_copied_into_another_row_does_not_open(site):
    settings.set_secret("shop", "key", "rk_test_0123456789abcd", actor_id=None)
    store.write("shop", "other", sealed=store.everything()[("shop", "key")].sealed)
    with pytest.raises(CannotOpen):
        settings.secret("shop", "other")


def test_a_secret_is_not_among_the_values(site):
    settings.set_secret("shop", "key", "rk_test_0123456789abcd", actor_id=None)
    settings.save("shop", {"colour": "blue"}, actor_id=None)
    assert settings.values("shop") == {"colour": "blue"}


def test_a_deleted_section_leaves_nothing(site):
    settings.set_secret("shop", "key", "rk_test_0123456789abcd", actor_id=None)
    settings.delete_section("shop")
    assert settings.secret("shop", "key") is None


def test_what_is_no_json_is_refused(site):
    with pytest.raises(TypeError):
        settings.save("shop", {"when": object()}, actor_id=None)


def test_a_secret_that_another_process_just_stored_counts_at_once(site):
    other = create_app(site.config)
    with other.app_context():
        assert settings.secret("mail", "key") is None
        db.rollback()
    settings.set_secret("mail", "key", "first", actor_id=None)
    db.commit()
    # Within the second in which the other process still believes what it knows.
    with other.app_context():
        assert settings.secret("mail", "key") == "first"
        db.rollback()
    db.dispose(other)
