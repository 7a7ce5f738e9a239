"""An owner in trouble: a link that works once, a page where no plugin runs, and a site that was started without any."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import update

from lms import db
from lms.accounts import roles, services
from lms.accounts.models import MailedLink
from lms.accounts.tokens import Purpose
from lms.audit import services as audit
from lms.base import clock
from lms.cli.main import cli
from lms.host import activate, catalog, rows
from lms.host.catalog import State
from lms.testing.distributions import installed, make_distribution
from lms.testing.makers import Makers
from lms.testing.sites import TestSite
from lms.web import COOKIE

OLGA = "olga@example.org"
PASSWORD = "seven-open-windows"
PAGE = {"Accept": "text/html"}

# Fine while it is tried and built. The first page that it draws a piece of, it breaks, and with it all others.
BREAKS_ALL = """
    from flask import current_app, has_request_context
    from lms.extend import Plugin, Slot

    def boom(*_, **__):
        raise RuntimeError("every page")

    def draw(context):
        app = current_app._get_current_object()
        app.before_request_funcs[None].insert(0, boom)
        app.after_request_funcs[None].insert(0, boom)
        app.jinja_env.globals["asset"] = boom
        app.view_functions = {}
        return ""

    class Breaks(Plugin):
        \"\"\"Breaks all

        It breaks every page.
        \"\"\"

        def slots(self):
            return (Slot(name="x", place="site.footer", render=draw),)
"""


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"strict_plugins": "0"}


@pytest.fixture
def olga(make: Makers) -> Any:
    return make.person(role="owner", email=OLGA, name="Olga", password="a porch in the morning")


@pytest.fixture
def broken(site: TestSite, tmp_path: Path) -> Iterator[None]:
    """A plugin has broken every page of the site."""
    folder = tmp_path / "packages"
    folder.mkdir()
    with installed(folder):
        make_distribution(folder, "breaks", "1.0", {"lms_breaks.plugin": dedent(BREAKS_ALL)})
        with db.writes():
            activate.mark_active("breaks", "1.0")
        site.rebuild()
        with site.app.app_context():
            site.app.config["PROPAGATE_EXCEPTIONS"] = site.app.testing = False
            assert [site.client().get(path, headers=PAGE).status_code for path in ("/courses", "/login")] == [500, 500]
            yield


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found, page
    return found[1]


def press(browser: FlaskClient, page: str, path: str = "", **fields: str) -> Any:
    """Fill the form that stands on a page."""
    token = token_of(browser.get(page, headers=PAGE).text)
    return browser.post(path or page, data={"csrf_token": token, **fields}, headers=PAGE)


def mailed(site: TestSite, letters: Callable[[], list[EmailMessage]]) -> list[str]:
    """The recovery links that were mailed, oldest first."""
    site.jobs.run_due()
    texts = [letter.get_body(("plain",)).get_content() for letter in letters()]  # type: ignore[union-attr]
    return [found for text in texts for found in re.findall(r"http://localhost(/recover/\S+)", text)]


def lms(site: TestSite, *arguments: str) -> Result:
    db.rollback()
    environment = {
        "LMS_INSTANCE": str(site.config.instance),
        "LMS_DATABASE_URL": site.config.database_url,
        "LMS_SITE_URL": site.config.site_url,
        "LMS_ENV": "test",
    }
    return CliRunner().invoke(cli, arguments, env=environment)


def begun(site: TestSite, link: str) -> FlaskClient:
    """A browser in which the link was used."""
    browser = site.client()
    answer = press(browser, link)
    assert (answer.status_code, answer.location) == (303, "/recover/site")
    return browser


def actions(subject: str = "") -> list[str]:
    db.rollback()
    return [entry.action for entry in audit.entries(subject=subject or None)]


def test_an_owner_gets_back_in_where_a_plugin_breaks_every_page(
    site: TestSite, olga: Any, broken: None, letters: Callable[[], list[EmailMessage]]
) -> None:
    guest = site.client()
    answer = press(guest, "/recover", email=OLGA.upper())
    assert answer.status_code == 200
    (link,) = mailed(site, letters)

    # Looking uses nothing up: mail programs look at links.
    for _ in range(2):
        looked = site.client().get(link, headers=PAGE)
        assert looked.status_code == 200
        assert (looked.headers["Referrer-Policy"], looked.headers["Cache-Control"]) == ("no-referrer", "no-store")
    browser = begun(site, link)
    page = browser.get("/recover/site", headers=PAGE)
    assert page.status_code == 200
    assert "Breaks" in page.text
    assert not {COOKIE} & {cookie.key for cookie in browser._cookies.values()}, "nobody is signed in yet"

    answer = press(browser, "/recover/site", "/recover/site/pause/breaks")
    assert answer.status_code == 303
    assert "Breaks is paused." in browser.get("/recover/site", headers=PAGE).text
    db.rollback()
    assert [(one.state, one.reason) for one in catalog.plugins() if one.name == "breaks"] == [
        (State.PAUSED, "Olga paused it while mending the site.")
    ]
    site.rebuild()
    browser.application = site.app
    assert site.client().get("/courses").status_code == 200

    assert press(browser, "/recover/site", "/recover/site/password", password="short").status_code == 422
    answer = press(browser, "/recover/site", "/recover/site/password", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/admin/plugins")
    page = browser.get("/admin/plugins")
    assert "you are signed in" in page.text
    assert "Olga paused it while mending the site." in page.text
    assert browser.get("/recover/site", headers=PAGE).status_code in {404, 410}, "done is done"
    assert actions(f"person/{olga.id}")[:3] == [
        "accounts.recovered", "accounts.recovery_begun", "accounts.recovery_asked",
    ]  # fmt: skip
    paused = audit.entries(subject="plugin/breaks")[0]
    assert (paused.action, paused.actor_id) == ("plugins.paused", olga.id)


def test_the_link_works_once_and_for_an_hour(site: TestSite, olga: Any) -> None:
    first = lms(site, "user", "recover", OLGA).stdout.strip().removeprefix("http://localhost")
    second = lms(site, "user", "recover", OLGA).stdout.strip().removeprefix("http://localhost")
    assert site.client().get(first, headers=PAGE).status_code == 410, "a newer one has replaced it"
    begun(site, second)
    assert site.client().get(second, headers=PAGE).status_code == 410
    third = lms(site, "user", "recover", OLGA).stdout.strip().removeprefix("http://localhost")
    age(Purpose.RECOVER, hours=1)
    assert "has expired" in site.client().get(third, headers=PAGE).text
    assert site.client().get("/recover/nothing", headers=PAGE).status_code == 404


def age(purpose: Purpose, **duration: float) -> None:
    db.rollback()
    with db.writes():
        past = clock.real_now() - timedelta(seconds=1)
        db.session.execute(update(MailedLink).where(MailedLink.purpose == purpose).values(expires_at=past))


def test_what_the_browser_holds_ends_too(site: TestSite, olga: Any) -> None:
    for path in ("/recover/site/pause/stripe", "/recover/site/password", "/recover/site/leave"):
        browser = begun(site, issued(site))
        cookie = next(one for one in browser._cookies.values() if one.key == "lms_recovery")
        assert (cookie.path, cookie.http_only, cookie.same_site) == ("/recover", True, "Strict")
        age(Purpose.RECOVERING)
        token = token_of(browser.get("/recover", headers=PAGE).text)
        answer = browser.post(path, data={"csrf_token": token, "password": PASSWORD}, headers=PAGE)
        assert answer.status_code == (303 if path.endswith("leave") else 410), path
    db.rollback()
    assert "accounts.recovered" not in actions()


def issued(site: TestSite) -> str:
    return lms(site, "user", "recover", OLGA).stdout.strip().removeprefix("http://localhost")


def test_a_thief_of_the_cookie_of_another_site_gets_nothing_without_the_form(site: TestSite, olga: Any) -> None:
    browser = begun(site, issued(site))
    assert browser.post("/recover/site/pause/stripe", headers=PAGE).status_code == 400
    assert browser.post("/recover/site/password", data={"password": PASSWORD}, headers=PAGE).status_code == 400


@pytest.mark.parametrize("loses", ["role", "account", "address", "password"])
def test_who_no_longer_manages_plugins_is_out(site: TestSite, make: Makers, olga: Any, loses: str) -> None:
    make.person(role="owner")
    waiting, browser = issued(site), None
    if loses != "address":
        browser = begun(site, waiting)
        waiting = issued(site)
    with db.writes():
        if loses == "role":
            roles.take_role(olga.id, "owner", actor_id=None)
        elif loses == "account":
            roles.block(olga.id, actor_id=None)
        elif loses == "password":
            services.set_password(olga.id, "x")
        else:
            link = services.tokens.issue(olga.id, Purpose.CHANGE, "new@example.org")
            services.confirm_address(link.token)
    assert site.client().get(waiting, headers=PAGE).status_code == 410
    if browser is not None:
        assert browser.get("/recover/site", headers=PAGE).status_code == 410


@pytest.mark.parametrize("role", ["", "student", "editor", "creator"])
def test_the_answer_is_the_same_for_every_address(
    site: TestSite, make: Makers, olga: Any, letters: Callable[[], list[EmailMessage]], role: str
) -> None:
    other = make.person(role=role, email="anna@example.org").email if role else "nobody@example.org"
    answers = [press(site.client(), "/recover", email=email) for email in (OLGA, other)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].text.replace(OLGA, "") == answers[1].text.replace(other, "")
    assert len(mailed(site, letters)) == 1


def test_asking_is_limited_for_each_address_alike(site: TestSite, olga: Any) -> None:
    for email in (OLGA, "nobody@example.org"):
        told = [press(site.client(), "/recover", email=email).status_code for _ in range(6)]
        assert told == [200] * 5 + [429]


def test_a_plugin_that_does_not_run_is_not_paused(site: TestSite, olga: Any) -> None:
    browser = begun(site, issued(site))
    assert press(browser, "/recover/site", "/recover/site/pause/stripe").status_code == 303
    assert "It does not run any more." in browser.get("/recover/site", headers=PAGE).text
    db.rollback()
    assert rows.get("stripe") is None


def test_leaving_ends_it_and_leads_to_the_sign_in_page(site: TestSite, olga: Any) -> None:
    browser = begun(site, issued(site))
    answer = press(browser, "/recover/site", "/recover/site/leave")
    assert (answer.status_code, answer.location) == (303, "/login?next=/admin/plugins")
    assert browser.get("/recover/site", headers=PAGE).status_code == 404


def test_the_pages_work_behind_https(site: TestSite, olga: Any) -> None:
    """Pages that tell nobody their address send no Referer, and a form of theirs counts all the same."""
    browser = site.client()
    link = issued(site)
    token = token_of(browser.get(link, base_url="https://localhost", headers=PAGE).text)
    answer = browser.post(link, base_url="https://localhost", data={"csrf_token": token}, headers=PAGE)
    assert answer.status_code == 303


def test_no_connection_is_left_behind_by_it(site: TestSite) -> None:
    def descriptors() -> list[str]:
        files = [os.readlink(file) for file in Path("/proc/self/fd").iterdir() if os.path.lexists(file)]
        return sorted(file for file in files if file.startswith(str(site.config.instance)))

    site.client().get("/recover")
    before = descriptors()
    for _ in range(3):
        assert site.client().get("/recover").status_code == 200
    assert descriptors() == before


# The command --------------------------------------------------------------------------------------------------------


def test_the_command_prints_the_link_and_mails_it(
    site: TestSite, olga: Any, letters: Callable[[], list[EmailMessage]]
) -> None:
    done = lms(site, "user", "recover", OLGA)
    assert done.exit_code == 0
    assert "put in the mail to olga@example.org" in done.stderr
    (link,) = mailed(site, letters)
    assert done.stdout == f"http://localhost{link}\n"
    begun(site, link)


def test_the_command_prints_the_link_where_the_mail_does_not_work(
    site: TestSite, olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lms.mail.services._write", lambda *_: 1 / 0)
    done = lms(site, "user", "recover", OLGA)
    assert done.exit_code == 0
    assert "could not be mailed (ZeroDivisionError" in done.stderr
    begun(site, done.stdout.strip().removeprefix("http://localhost"))


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("nobody@example.org", "Nobody has the address"),
        ("anna@example.org", "lms user role anna@example.org --give owner"),
        ("bert@example.org", "is blocked"),
    ],
)
def test_the_command_refuses_with_what_to_do(site: TestSite, make: Makers, olga: Any, email: str, words: str) -> None:
    make.person(email="anna@example.org", role="creator")
    bert = make.person(email="bert@example.org", role="owner")
    with db.writes():
        roles.block(bert.id, actor_id=None)
    done = lms(site, "user", "recover", email)
    assert done.exit_code == 1
    assert words in done.stderr
    assert not done.stdout


def test_the_command_imports_no_plugin(site: TestSite, olga: Any, tmp_path: Path) -> None:
    folder = tmp_path / "packages"
    folder.mkdir()
    with installed(folder):
        source = "raise BaseException('not even this')\nclass Hangs(Plugin): pass"
        make_distribution(folder, "hangs", "1.0", {"lms_hangs.plugin": source}, entry="lms_hangs.plugin:Hangs")
        with db.writes():
            activate.mark_active("hangs", "1.0")
        assert lms(site, "user", "recover", OLGA).exit_code == 0
        db.rollback()
        row = rows.get("hangs")
        assert row is not None
        assert row.state == rows.ACTIVE, "nobody looked at it"


# Started without plugins --------------------------------------------------------------------------------------------


@pytest.fixture
def safe_options() -> dict[str, Any]:
    return {"safe_mode": "1", "strict_plugins": "0", "plugins": ("stripe", "manual_payments")}


class TestSafeMode:
    """``lms run --safe``: Stripe is on, and Invoices is paused."""

    @pytest.fixture
    def site_options(self, safe_options: dict[str, Any]) -> dict[str, Any]:
        return safe_options

    @pytest.fixture
    def owner(self, site: TestSite, make: Makers, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
        with db.writes():
            activate.pause("manual_payments", "It broke.")
        return sign_in(make.person(role="owner"))

    def test_every_admin_page_says_so_and_what_to_do(self, site: TestSite, make: Makers, owner: FlaskClient) -> None:
        page = make.page()
        plain = {
            rule.rule
            for rule in site.app.url_map.iter_rules()
            if rule.rule.startswith("/admin") and not rule.arguments and "GET" in (rule.methods or ())
        }
        seen = set()
        for path in sorted(plain | {"/admin/settings/site", f"/admin/pages/{page.id}/edit"}):
            answer = owner.get(path, headers=PAGE, buffered=True)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                seen.add(path)
                assert "No plugin runs: the site was started with lms run --safe." in answer.text, path
                assert "Paused: Manual payments." in answer.text or "Paused: Invoices." in answer.text, path
                assert "start it without --safe" in answer.text
        assert {"/admin", "/admin/plugins", "/admin/health", "/admin/people", "/admin/settings/site"} <= seen
        assert len(seen) > 15

    def test_staff_who_cannot_mend_it_read_that_nothing_is_lost(
        self, make: Makers, sign_in: Callable[..., FlaskClient]
    ) -> None:
        page = sign_in(make.person(role="editor")).get("/admin").text
        assert "No plugin runs at the moment." in page
        assert "--safe" not in page

    def test_addresses_of_plugins_ask_to_try_again(self, client: FlaskClient) -> None:
        answer = client.post("/ext/stripe/hook/x")
        assert (answer.status_code, bool(answer.headers.get("Retry-After"))) == (503, True)

    def test_a_plugin_that_is_switched_on_is_tried_all_the_same(self, site: TestSite, owner: FlaskClient) -> None:
        answer = press(owner, "/admin/plugins", "/admin/plugins/manual_payments/on", confirmed="")
        assert answer.status_code == 303
        assert "is active, and runs once the site is started without --safe." in owner.get("/admin/plugins").text

    def test_the_way_back_in_is_there_too(self, site: TestSite, olga: Any) -> None:
        assert "Stripe" in begun(site, issued(site)).get("/recover/site", headers=PAGE).text


def test_a_site_that_runs_as_usual_says_nothing(make: Makers, sign_in: Callable[..., FlaskClient]) -> None:
    assert "No plugin runs" not in sign_in(make.person(role="owner")).get("/admin").text
