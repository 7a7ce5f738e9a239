"""The click on a dynamic link: ``/go/<source>/<key>``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from wtforms import Form

from lms import db
from lms.audit import services as audit
from lms.base.problem import Unavailable
from lms.content import links
from lms.extend import DynamicLink, LinkRefused, Plugin
from lms.extend.fields import PlainText
from lms.testing.plugins import add_plugin, remove_plugin

PAY = "https://pay.example"


class Options(Form):
    note = PlainText()


class Acme(Plugin):
    """Acme"""

    name = "acme"

    def __init__(self) -> None:
        self.clicks: list[Any] = []
        self.answer: Any = f"{PAY}/session/secret"
        self.available: Any = True
        self.ask: Any = lambda: True

    def _open(self, ctx: Any, args: Any) -> Any:
        self.clicks.append((ctx, dict(args)))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        portal = DynamicLink(
            name="portal", label="Portal", form=Options, hosts=lambda: (PAY,), open=self._open,
            available=lambda _ctx: self.ask() and self.available,
        )  # fmt: skip
        return portal, replace(portal, name="open-to-all", for_guests=True)


@pytest.fixture
def acme(site):
    plugin = Acme()
    add_plugin(site.app, plugin)
    return plugin


@pytest.fixture
def contained(site):
    site.app.config["LMS"] = replace(site.app.config["LMS"], strict_plugins=False)


@pytest.fixture
def student(make):
    return make.person(role="student")


@pytest.fixture
def browser(student, sign_in):
    return sign_in(student)


def test_a_click_leads_to_the_persons_own_address(acme, browser, student):
    answer = browser.get(links.go_address("acme/portal", {"note": "x"}, "/manage"))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAY}/session/secret")
    ctx, args = acme.clicks[0]
    assert (ctx.person.id, args) == (student.id, {"note": "x"})


def test_nobody_keeps_the_answer_and_no_referrer_goes_along(acme, browser):
    answer = browser.get("/go/acme/portal")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.feature("B-17")
def test_the_way_back_is_the_page_that_holds_the_button_whatever_the_host_header_says(acme, browser):
    browser.get(links.go_address("acme/portal", page="/manage"), headers={"X-Forwarded-Host": "evil.example"})
    assert acme.clicks[0][0].return_to == "http://localhost/manage"


def test_an_unknown_host_is_refused(acme, browser):
    assert browser.get("/go/acme/portal", headers={"Host": "evil.example"}).status_code == 400
    assert acme.clicks == []


def test_a_guest_signs_in_first_and_comes_back_to_the_very_click(acme, client, student, sign_in):
    address = links.go_address("acme/portal", {"note": "x"}, "/manage")
    answer = client.get(address)
    assert answer.status_code == 303
    assert answer.headers["Cache-Control"] == "no-store"
    target = urlsplit(answer.headers["Location"])
    assert target.path == "/login"
    back = parse_qs(target.query)["next"][0]
    assert back == address
    assert sign_in(student).get(back).headers["Location"] == f"{PAY}/session/secret"
    assert len(acme.clicks) == 1


def test_a_link_for_guests_asks_nobody_to_sign_in(acme, client):
    assert client.get("/go/acme/open-to-all").headers["Location"] == f"{PAY}/session/secret"


def test_a_link_in_a_mail_works_without_its_signed_part(acme, browser):
    assert browser.get("/go/acme/portal").status_code == 303
    assert acme.clicks[0][0].page == "/"


def test_a_page_that_was_open_for_long_still_works(acme, browser, clock):
    address = links.go_address("acme/portal", page="/manage")
    clock.advance(days=30)
    assert browser.get(address).status_code == 303


@pytest.mark.feature("B-01")
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"X-Moz": "prefetch"},
    ],
    ids=str,
)
def test_what_looks_ahead_opens_nothing(acme, browser, headers):
    answer = browser.get("/go/acme/portal", headers=headers)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (403, "no-store")
    assert acme.clicks == []


def test_head_opens_nothing(acme, browser):
    answer = browser.head("/go/acme/portal")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert acme.clicks == []


def test_a_click_that_changes_something_by_post_does_not_exist(acme, browser):
    assert browser.post("/go/acme/portal").status_code in {400, 405}
    assert acme.clicks == []


def test_the_thirty_first_click_in_a_minute_waits(acme, browser):
    answers = [browser.get("/go/acme/portal").status_code for _ in range(31)]
    assert answers == [303] * 30 + [429]


def test_who_clicks_too_often_gets_a_plain_page_and_others_go_on(acme, browser, make, sign_in):
    for _ in range(30):
        browser.get("/go/acme/portal")
    refused = browser.get(links.go_address("acme/portal", page="/manage"))
    assert int(refused.headers["Retry-After"]) > 0
    assert 'href="/manage"' in refused.text
    assert sign_in(make.person()).get("/go/acme/portal").status_code == 303


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good, other: good[:-2] + ("aa" if good[-2:] != "aa" else "bb"),
        lambda good, other: other,
        lambda good, other: "nonsense",
        lambda good, other: good.partition(".")[0],
    ],
    ids=["changed", "of another link", "nonsense", "without signature"],
)
def test_changed_arguments_are_refused_on_a_plain_page(acme, browser, spoil):
    good = links.go_address("acme/portal", {"note": "x"}, "/manage").partition("c=")[2]
    other = links.go_address("acme/open-to-all", {}, "/manage").partition("c=")[2]
    answer = browser.get(f"/go/acme/portal?c={spoil(good, other)}")
    assert answer.status_code == 400
    assert "This link was changed on its way" in answer.text
    assert acme.clicks == []


def test_a_signed_page_that_is_no_path_of_this_site_is_refused(acme, browser):
    assert browser.get(links.go_address("acme/portal", page="//evil.example")).status_code == 400


def test_an_unknown_link_is_a_plain_page(client, browser):
    answer = browser.get("/go/gone/link")
    assert answer.status_code == 404
    assert "This link leads nowhere" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_link_of_a_plugin_that_was_removed_is_a_plain_page(acme, site, browser):
    remove_plugin(site.app, "acme")
    assert browser.get("/go/acme/portal").status_code == 404


def test_a_link_that_is_not_available_any_more_says_why_and_leads_back(acme, browser):
    acme.available = "You have not bought anything yet."
    answer = browser.get(links.go_address("acme/portal", page="/manage"))
    assert answer.status_code == 409
    assert "You have not bought anything yet." in answer.text
    assert 'href="/manage"' in answer.text
    assert acme.clicks == []


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (LinkRefused("There is no portal.", next_step="Ask us."), 409),
        (Unavailable("Stripe does not answer.", next_step="Try again in a minute."), 503),
    ],
    ids=["refused", "unavailable"],
)
def test_a_refusal_of_the_plugin_is_a_plain_page_with_a_way_back(acme, browser, problem, status):
    acme.answer = problem
    answer = browser.get(links.go_address("acme/portal", page="/manage"))
    assert answer.status_code == status
    assert problem.sentence in answer.text
    assert problem.next_step in answer.text
    assert 'href="/manage"' in answer.text


@pytest.mark.parametrize("failure", [RuntimeError("sk_live_secret"), SystemExit(1), None, 7, ""], ids=str)
def test_a_failing_plugin_is_a_plain_page_without_internals(acme, browser, contained, failure):
    acme.answer = failure
    answer = browser.get(links.go_address("acme/portal", page="/manage"))
    assert answer.status_code == 502
    assert "This did not work just now" in answer.text
    assert "sk_live" not in answer.text
    assert 'href="/manage"' in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/x",
        "https://pay.example.evil.example/x",
        "https://pay.example@evil.example/",
        "http://pay.example/x",
        "//pay.example/x",
        "/\\evil.example",
        "javascript:alert(1)",
        "https://pay.example/\r\nX: y",
    ],
)
def test_only_declared_hosts_are_led_to(acme, browser, contained, address):
    acme.answer = address
    answer = browser.get("/go/acme/portal")
    assert answer.status_code == 502
    assert "Location" not in answer.headers


@pytest.mark.parametrize("address", ["/account/billing", f"{PAY}/x?y=1", PAY, f"{PAY}?x=1"])
def test_paths_of_this_site_and_declared_hosts_are_led_to(acme, browser, address):
    acme.answer = address
    assert browser.get("/go/acme/portal").headers["Location"] == address


def test_every_click_is_recorded_without_the_secret_address(acme, browser, student):
    browser.get(links.go_address("acme/portal", page="/manage"))
    acme.answer = LinkRefused("There is no portal.")
    browser.get(links.go_address("acme/portal", page="/manage"))
    refused, opened = audit.entries(subject="link/acme/portal")
    assert (opened.action, opened.actor_id) == ("content.link_opened", student.id)
    assert opened.detail == {"page": "/manage", "to": PAY}
    assert (refused.action, refused.detail["reason"]) == ("content.link_refused", "There is no portal.")


def test_nothing_is_locked_while_the_plugin_calls_outside(acme, browser, monkeypatch):
    seen = []

    def opens(_ctx, _args):
        seen.append(db.session().in_transaction())
        return "/"

    def asks_the_database():
        return db.session.execute(text("SELECT 1")).scalar() == 1

    monkeypatch.setattr(acme, "_open", opens)
    acme.ask = asks_the_database
    remove_plugin_and_add(acme, browser)
    browser.get("/go/acme/portal")
    assert seen == [False]


def remove_plugin_and_add(acme, browser):
    remove_plugin(browser.application, "acme")
    add_plugin(browser.application, acme)


def test_a_link_that_is_equal_for_all_leads_to_its_address(client):
    assert client.get("/go/site/catalogue").headers["Location"] == "/courses"


@pytest.mark.parametrize(
    ("address", "declared"),
    [
        ("https://pay.example/x", True),
        ("https://pay.example", True),
        ("https://pay.example:444/x", False),
        ("https://pay.example.evil/x", False),
        ("http://127.0.0.1:8420/x", True),
        ("http://127.0.0.1:84200/x", False),
    ],
)
def test_a_simulator_on_this_machine_counts_as_declared_outside_production(site, address, declared):
    item = DynamicLink(
        name="x", plugin="acme", label="x", available=lambda _ctx: True, hosts=lambda: (PAY, "http://127.0.0.1:8420")
    )
    assert links.is_declared(item, address) is declared


def test_production_never_leads_to_plain_http(site):
    site.app.config["LMS"] = replace(site.app.config["LMS"], env="production")
    item = DynamicLink(
        name="x", plugin="acme", label="x", available=lambda _ctx: True, hosts=lambda: ("http://127.0.0.1:8420",)
    )
    assert not links.is_declared(item, "http://127.0.0.1:8420/x")
