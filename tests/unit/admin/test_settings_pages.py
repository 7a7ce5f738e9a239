from __future__ import annotations

import logging
import re
from dataclasses import replace

import pytest

from lms import db
from lms.audit import services as audit
from lms.settings import general, store
from lms.settings import services as settings
from lms.testing.plugins import add_plugin, remove_plugin

GENERAL = {
    "name": "Long Table",
    "tagline": "",
    "home_page": "home",
    "registration": "open",
    "language": "en",
    "timezone": "Europe/Berlin",
}


def test_settings_lead_to_the_first_section_that_the_person_may_change(shop, as_role):
    assert as_role("owner").get("/admin/settings").headers["Location"] == "/admin/settings/site"
    assert as_role("creator").get("/admin/settings").headers["Location"] == "/admin/settings/checkout"
    assert as_role("editor").get("/admin/settings").status_code == 403


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("creator", 200), ("editor", 403), ("student", 403)])
def test_a_section_opens_to_the_capability_that_it_declares(shop, as_role, role, status):
    assert as_role(role).get("/admin/settings/shop").status_code == status


def test_an_unknown_section_is_no_page(site, as_role):
    assert as_role("owner").get("/admin/settings/nothing").status_code == 404


@pytest.mark.feature("TA-02")
def test_the_column_marks_the_section_shown_and_the_one_that_needs_care(shop, as_role):
    page = as_role("owner").get("/admin/settings/site").text
    assert '<a href="/admin/settings/site" aria-current="page">General</a>' in page
    assert '<a href="/admin/settings/shop">Shop<span class="dot"></span>' in page


def test_a_saved_section_is_stored_and_said_so(site, as_role, post):
    browser = as_role("owner")
    answer = post(browser, "/admin/settings/site", **GENERAL)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/settings/site")
    page = browser.get("/admin/settings/site").text
    assert "General: saved." in page
    assert 'value="Long Table"' in page
    assert "Last changed by" in page


@pytest.mark.parametrize("language", [code for code, _words in general.LANGUAGES])
def test_the_site_speaks_every_language_that_can_be_chosen(site, as_role, post, language):
    browser = as_role("owner")
    assert post(browser, "/admin/settings/site", **{**GENERAL, "language": language}).status_code == 303
    assert f'<html lang="{language}"' in browser.get("/admin").text


def test_the_menu_is_not_emptied_by_the_page_that_does_not_show_it(site, as_role, post):
    settings.save("site", {"menu": [{"label": "Home", "href": "/"}]}, actor_id=None)
    db.commit()
    post(as_role("owner"), "/admin/settings/site", **GENERAL)
    assert settings.get("site", "menu") == [{"label": "Home", "href": "/"}]


def test_a_wrong_value_is_said_at_its_field_and_nothing_is_stored(site, as_role, post):
    answer = post(as_role("owner"), "/admin/settings/site", **{**GENERAL, "name": ""})
    assert answer.status_code == 422
    assert "The site needs a name." in answer.text
    assert settings.get("site", "timezone") == "UTC"


def test_without_the_token_nothing_is_stored(site, as_role):
    assert as_role("owner").post("/admin/settings/site", data=GENERAL).status_code == 400
    assert settings.get("site", "name") == "Stoa"


@pytest.mark.parametrize("foreign", ["secret_key", "menu", "name-0", "settings_versions"])
def test_a_foreign_key_in_the_form_is_refused_and_nothing_is_stored(site, as_role, post, foreign):
    answer = post(as_role("owner"), "/admin/settings/site", **GENERAL, **{foreign: "[]"})
    assert answer.status_code == 422
    assert f"These settings have no field {foreign}." in answer.text
    assert 'value="Long Table"' in answer.text
    assert settings.get("site", "name") == "Stoa"


def test_what_the_environment_decides_is_refused_too(site, as_role, post, monkeypatch):
    browser = as_role("owner")
    monkeypatch.setenv("LMS_SITE_NAME", "From outside")
    answer = post(browser, "/admin/settings/site", **GENERAL)
    assert answer.status_code == 422
    assert "name is set by LMS_SITE_NAME outside this page" in answer.text


def seen(browser, section):
    return re.search(r'name="settings_version" value="(\w+)"', browser.get(f"/admin/settings/{section}").text)[1]


def test_of_two_who_save_at_once_the_second_sees_both_values_and_loses_nothing(shop, make, sign_in, post):
    first, second = sign_in(make.person(role="owner", name="Ada")), sign_in(make.person(role="owner", name="Ben"))
    version = seen(second, "shop")
    post(first, "/admin/settings/shop", title="Ada's", colour="green", api_key="rk_test_0123456789abcd")
    fields = {"title": "Ben's", "colour": "blue", "coupons": "y", "api_key": "rk_test_9876543210dcba"}
    answer = post(second, "/admin/settings/shop", **fields, settings_version=version)
    assert answer.status_code == 409
    assert "Ada saved these settings while this page was open." in answer.text
    assert 'value="Ben&#39;s"' in answer.text
    assert "Stored meanwhile: Ada&#39;s" in answer.text
    assert "Stored meanwhile: Green" in answer.text
    assert "Stored meanwhile: off" in answer.text
    assert "Stored meanwhile: a secret that ends in abcd" in answer.text
    assert "rk_test_9876543210dcba" not in answer.text
    assert settings.get("shop", "title") == "Ada's"
    assert settings.secret("shop", "api_key") == "rk_test_0123456789abcd"
    offered = re.search(r'name="settings_version" value="(\w+)"', answer.text)[1]
    assert post(second, "/admin/settings/shop", **fields, settings_version=offered).status_code == 303
    assert (settings.get("shop", "title"), settings.get("shop", "coupons")) == ("Ben's", True)
    assert settings.secret("shop", "api_key") == "rk_test_9876543210dcba"


def test_what_differs_in_nothing_is_not_shown_as_theirs(shop, as_role, post):
    browser = as_role("owner")
    version = seen(browser, "shop")
    post(browser, "/admin/settings/shop", title="Ours", colour="green")
    answer = post(browser, "/admin/settings/shop", title="Ours", colour="blue", settings_version=version)
    assert answer.status_code == 409
    assert answer.text.count("Stored meanwhile:") == 1


def test_nobody_saves_without_seeing_what_was_saved_between(site, shop, both_databases):
    version = settings.version("shop")
    assert settings.save("shop", {"title": "One"}, actor_id=None, seen=version) == ["title"]
    db.commit()
    with pytest.raises(settings.ChangedMeanwhile):
        settings.save("shop", {"title": "Two"}, actor_id=None, seen=version)
    db.rollback()
    assert settings.save("shop", {"title": "Two"}, actor_id=None, seen=settings.version("shop")) == ["title"]


def test_another_sections_change_is_no_reason_to_ask(site, shop):
    version = settings.version("shop")
    settings.save("site", {"name": "Long Table"}, actor_id=None)
    db.commit()
    assert settings.version("shop") == version


def test_a_stored_secret_is_removed_after_a_second_look(shop, as_role, post):
    browser = as_role("creator")
    settings.set_secret("shop", "api_key", "rk_test_0123456789abcd", actor_id=None)
    db.commit()
    page = browser.get("/admin/settings/shop").text
    assert 'href="/admin/settings/shop/remove/api_key"' in page
    assert "The stored secret is forgotten." in browser.get("/admin/settings/shop/remove/api_key").text
    answer = post(browser, "/admin/settings/shop/remove/api_key", page="/admin/settings/shop")
    assert answer.status_code == 303
    assert settings.secret("shop", "api_key") is None
    assert audit.entries(subject="settings/shop")[0].detail == {"api_key": "secret removed"}
    assert "/remove/api_key" not in browser.get("/admin/settings/shop").text


@pytest.mark.parametrize("name", ["api_key", "title", "nothing"])
def test_what_is_no_stored_secret_cannot_be_removed(shop, as_role, post, name):
    answer = post(as_role("creator"), f"/admin/settings/shop/remove/{name}", page="/admin/settings/shop")
    assert answer.status_code == 404


def test_a_secret_is_removed_only_by_who_may_change_the_section(shop, as_role, post):
    settings.set_secret("shop", "api_key", "rk_test_0123456789abcd", actor_id=None)
    db.commit()
    assert post(as_role("editor"), "/admin/settings/shop/remove/api_key", page="/admin/media").status_code == 403
    assert settings.secret("shop", "api_key") == "rk_test_0123456789abcd"


def test_a_secret_of_the_environment_is_shown_read_only_and_cannot_be_removed(shop, as_role, monkeypatch):
    monkeypatch.setenv("LMS_SHOP_API_KEY", "rk_live_0123456789wxyz")
    browser = as_role("creator")
    page = browser.get("/admin/settings/shop").text
    assert "Ends in wxyz. Set by LMS_SHOP_API_KEY outside this page." in page
    assert "0123456789wxyz" not in page
    assert browser.get("/admin/settings/shop/remove/api_key").status_code == 404


@pytest.mark.feature("TA-02")
def test_a_section_goes_with_its_plugin_and_its_values_stay(site, shop_plugin, as_role):
    add_plugin(site.app, shop_plugin)
    settings.save("shop", {"title": "Kept"}, actor_id=None)
    settings.set_secret("shop", "api_key", "rk_test_0123456789abcd", actor_id=None)
    db.commit()
    remove_plugin(site.app, "shop")
    browser = as_role("owner")
    assert browser.get("/admin/settings/shop").status_code == 404
    assert "/admin/settings/shop" not in browser.get("/admin/settings/site").text
    add_plugin(site.app, shop_plugin)
    assert settings.values("shop")["title"] == "Kept"
    assert settings.secret("shop", "api_key") == "rk_test_0123456789abcd"


def test_a_stored_key_that_the_form_does_not_know_is_kept(site, shop, as_role, post):
    store.write("shop", "of_a_later_version", value={"kept": True})
    db.commit()
    post(as_role("creator"), "/admin/settings/shop", page="/admin/settings/shop", title="Shop", colour="blue")
    db.rollback()
    assert store.everything()[("shop", "of_a_later_version")].value == {"kept": True}


def test_switches_can_be_switched_off(shop, as_role, post):
    post(as_role("creator"), "/admin/settings/shop", page="/admin/settings/shop", title="Shop", colour="green")
    assert (settings.get("shop", "coupons"), settings.get("shop", "colour")) == (False, "green")


def test_a_secret_is_in_no_page_and_no_audit_row_and_stays_when_left_empty(shop, as_role, post):
    browser = as_role("creator")
    fields = {"page": "/admin/settings/shop", "title": "Shop", "colour": "blue"}
    post(browser, "/admin/settings/shop", **fields, api_key="rk_test_0123456789abcd")
    post(browser, "/admin/settings/shop", **fields, api_key="")
    page = browser.get("/admin/settings/shop").text
    assert "rk_test_0123456789" not in page + str(audit.entries())
    assert "ends in abcd" in page
    assert settings.secret("shop", "api_key") == "rk_test_0123456789abcd"


def test_a_secret_is_in_no_log_also_where_something_fails(site, shop, as_role, post, caplog, monkeypatch):
    secret = "rk_test_0123456789abcd"
    caplog.set_level(logging.DEBUG)
    site.app.config["LMS"] = replace(site.app.config["LMS"], strict_plugins=False)
    browser = as_role("creator")
    fields = {"page": "/admin/settings/shop", "title": "Shop", "colour": "blue", "api_key": secret}
    post(browser, "/admin/settings/shop", **fields)
    post(browser, "/admin/settings/shop", **{**fields, "title": "x" * 11})
    post(browser, "/admin/settings/shop/break", **fields)
    monkeypatch.setenv("LMS_SHOP_API_KEY", secret)
    browser.get("/admin/settings/shop")
    assert settings.secret("shop", "api_key") == secret
    assert caplog.text
    assert secret not in caplog.text


def test_what_the_environment_decides_is_shown_and_cannot_be_changed(site, as_role, post, monkeypatch):
    monkeypatch.setenv("LMS_SITE_NAME", "From outside")
    browser = as_role("owner")
    page = browser.get("/admin/settings/site").text
    assert "Set by LMS_SITE_NAME" in page
    assert "disabled" in page
    fields = {name: value for name, value in GENERAL.items() if name != "name"}
    assert post(browser, "/admin/settings/site", **fields).status_code == 303
    monkeypatch.delenv("LMS_SITE_NAME")
    assert settings.get("site", "name") == "Stoa"


def test_an_action_says_what_it_did(shop, as_role, post):
    browser = as_role("creator")
    answer = post(browser, "/admin/settings/shop/refresh", page="/admin/settings/shop")
    assert answer.status_code == 303
    assert "Fresh." in browser.get("/admin/settings/shop").text
    assert audit.entries(subject="settings/shop")[0].detail == {"action": "refresh"}


def test_a_refused_action_shows_its_sentence_and_next_step(shop, as_role, post):
    answer = post(as_role("creator"), "/admin/settings/shop/connect", page="/admin/settings/shop", api_key="wrong")
    assert answer.status_code == 422
    assert "This key opens nothing. Copy it again." in answer.text


def test_a_form_of_an_action_is_checked(shop, as_role, post):
    answer = post(as_role("creator"), "/admin/settings/shop/connect", page="/admin/settings/shop", api_key="x" * 40)
    assert answer.status_code == 422
    assert "cannot be longer than 30" in answer.text


def test_an_action_that_needs_a_second_look_asks_first(shop, as_role, post):
    browser = as_role("creator")
    asked = post(browser, "/admin/settings/shop/leave", page="/admin/settings/shop")
    assert "All sales stop." in asked.text
    assert audit.entries() == ()
    done = post(browser, "/admin/settings/shop/leave", page="/admin/settings/shop", confirmed="1")
    assert done.status_code == 303


def test_an_action_that_breaks_costs_only_itself(site, shop, as_role, post):
    site.app.config["LMS"] = replace(site.app.config["LMS"], strict_plugins=False)
    answer = post(as_role("creator"), "/admin/settings/shop/break", page="/admin/settings/shop")
    assert answer.status_code == 500
    assert "This did not work" in answer.text
    assert "ZeroDivisionError" not in answer.text


def test_an_action_is_closed_to_who_may_not_see_the_section(shop, as_role, post):
    answer = post(as_role("editor"), "/admin/settings/shop/refresh", page="/admin/media")
    assert answer.status_code == 403


def test_ids_on_a_page_with_several_forms_are_unique(shop, as_role):
    page = as_role("creator").get("/admin/settings/shop").text
    ids = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids))
