"""A whole crowd of broken plugins on one site, beside Stripe: the school goes on, and its owner reads who did what."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flask
import pytest
import stripe
from click.testing import CliRunner, Result
from lms_stripe import client, connect
from PIL import Image
from sqlalchemy import inspect, text
from werkzeug.test import TestResponse

from lms import db
from lms.cli.main import cli
from lms.content import document
from lms.host import activate, catalog, guard, patches, pieces, uninstall
from lms.host.catalog import State
from lms.jobs import services as jobs
from lms.media import services as media
from lms.testing.distributions import forget_modules, installed, remove_distribution
from lms.testing.sites import TestSite

sys.path.insert(0, str(Path(__file__).parent))

from crowd import CONTAINED, OVERRIDES, PAUSED

ALL = (*PAUSED, *CONTAINED, OVERRIDES)
PUBLIC = ("/", "/courses", "/garden", "/courses/knots", "/recover", "/login", "/register")
ADMIN = ("", "/plugins", "/health", "/settings/site", "/settings/stripe", "/jobs", "/pages", "/courses", "/orders")


@pytest.fixture
def site_options(simulator: Any) -> dict[str, Any]:
    return {"strict_plugins": "0", "plugins": ("stripe",), "stripe_api_base": simulator.url}


class Process:
    """What plugins could leave behind in the process: tables, listeners, what they replaced."""

    def __init__(self) -> None:
        self.tables = set(db.Model.metadata.tables)
        self.listeners = patches._listeners()
        self.replaced = {flask.Flask.dispatch_request, guard.call}
        self.modules = {name for name in sys.modules if name.partition(".")[0] in {f"lms_{one.name}" for one in ALL}}


class School:
    """A school with a course to sell, a page, and people."""

    def __init__(self, site: TestSite, make: Any, sign_in: Any) -> None:
        self.site, self._sign_in = site, sign_in
        self.owner, self.student = make.person(role="owner"), make.person()
        self.course = make.course(slug="knots", title="The Art of Knots", lessons=1, sections=1, preview_first=False)
        self.make = make
        self.offer = make.offer(make.product(self.course), kind="one_time", amount=4900)

    def page(self) -> None:
        """A page that uses every block and link of the crowd, with Stripe's portal and words of the school's own."""
        blocks = [document.new_block("core/text", {"html": "<p>Words of the school.</p>"})]
        for one in CONTAINED:
            if one.name.startswith("block_"):
                blocks.append(document.new_block(f"{one.name}/piece"))
            if one.name.startswith("link_"):
                link = {"kind": "dynamic", "source": one.name, "key": "away", "args": {}}
                blocks.append(document.new_block("core/button", {"text": one.name, "link": link}))
        self.make.page(*blocks, slug="garden", title="Garden")

    def picture(self) -> str:
        """The address of a picture that only its owner and staff may see."""
        drawn = io.BytesIO()
        Image.new("RGB", (4, 4)).save(drawn, "PNG")
        drawn.seek(0)
        stored = media.store(drawn, name="a.png", actor_id=None)
        db.commit()
        return str(stored.path)

    def browser(self, person: Any = None) -> Any:
        return self._sign_in(person, self.site.client()) if person else self.site.client()

    def post(self, person: Any, page: str, path: str = "", **fields: Any) -> TestResponse:
        """Fill the form of the page, as the person."""
        browser = self.browser(person)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).text)
        assert token, page
        answer: TestResponse = browser.post(path or page, data={"csrf_token": token[1], **fields})
        return answer

    def works(self) -> None:
        """Everything that a school lives by: pages, course, admin, a checkout."""
        for path in PUBLIC:
            for who in (None, self.student, self.owner):
                answer = self.browser(who).get(path)
                assert answer.status_code in ({200, 303} if who and path in PUBLIC[-2:] else {200}), path
                assert "MINE" not in answer.text
        assert "The Art of Knots" in self.browser().get("/courses/knots").text
        assert "Words of the school." in self.browser().get("/garden").text
        assert self.browser().get("/nowhere", headers={"Accept": "text/html"}).status_code == 404
        owner = self.browser(self.owner)
        assert {path: owner.get(f"/admin{path}").status_code for path in ADMIN} == dict.fromkeys(ADMIN, 200)

    def buys(self, simulator: Any) -> None:
        """A new student pays at Stripe's page, comes back, and is in."""
        student, lesson = self.make.person(), self.course.first_lesson.path
        assert self.browser(student).get(lesson).status_code != 200
        offer = {"offer": self.offer.public_id, "provider": "stripe"}
        answer = self.post(student, self.offer.checkout_path, **offer)
        assert answer.status_code == 303, words(answer)
        at_stripe = answer.headers["Location"]
        assert at_stripe.startswith(simulator.url)
        back = urlsplit(simulator.pay_checkout(at_stripe))
        assert self.browser(student).get(f"{back.path}?{back.query}").status_code == 303
        assert "Words of lesson 1." in self.browser(student).get(lesson).text
        assert self.browser(student).get("/account/billing").status_code == 200


def words(answer: TestResponse) -> str:
    """What a reader reads."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def school(site: TestSite, make: Any, sign_in: Any) -> School:
    return School(site, make, sign_in)


@pytest.fixture
def crowd(site: TestSite, school: School, tmp_path: Path) -> Iterator[Path]:
    """All of them are installed, and on: they were fine when they were tried, and are not today."""
    folder, before = tmp_path / "packages", vars(Process())
    folder.mkdir()
    with installed(folder):
        for one in ALL:
            one.install(folder)
            activate.mark_active(one.name, "1.0")
        db.commit()
        site.rebuild()
        with site.app.app_context():
            yield folder
    assert {name: found - before[name] for name, found in vars(Process()).items() if found - before[name]} == {}


@pytest.fixture
def connected(school: School, simulator: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stripe takes the school's payments."""
    http = stripe.RequestsClient(timeout=(3, 10))
    monkeypatch.setattr(client, "http_client_factory", lambda: http)
    connect.begin(simulator.key(), actor_id=None)
    db.commit()
    yield
    http.close()


def provoke(school: School) -> None:
    """Ask for every piece of the crowd that pages do not ask for by themselves."""
    for one in CONTAINED:
        if one.piece.startswith(("address", "handler")):
            answer = school.browser().get(f"/ext/{one.name}/x", headers={"Accept": "text/html"})
            assert answer.status_code == 500, one.name
            assert "Go to the home page" in answer.text
            assert school.browser().get(f"/ext/{one.name}/fine").text == "fine"
    assert school.browser(school.student).get("/go/link_breaks/away").status_code == 502
    assert school.browser(school.owner).get("/admin/orders?q=in_123").status_code == 200
    assert school.browser(school.owner).get("/admin/editor/shelf/1").status_code == 500
    picture = school.picture()
    assert school.browser(school.student).get(picture).status_code in {403, 404}
    # What listens to offers hears of this one.
    school.make.offer(school.make.product(school.course), kind="one_time", amount=100)
    jobs.enqueue("job_breaks.work")
    db.commit()
    school.site.jobs.run_due()


def run(site: TestSite, *arguments: str) -> Result:
    """``lms …`` in the school's folder."""
    environment = {
        "LMS_INSTANCE": str(site.config.instance),
        "LMS_DATABASE_URL": site.config.database_url,
        "LMS_STRIPE_API_BASE": site.config.stripe_api_base,
        "LMS_ENV": "test",
        "LMS_STRICT_PLUGINS": "0",
    }
    db.rollback()
    return CliRunner().invoke(cli, arguments, env=environment)


def commands(site: TestSite) -> None:
    """The broken command says why and is no other command's concern."""
    listed = run(site, "--help")
    assert listed.exit_code == 0
    assert {"breaking", "doctor", "stripe", "worker"} <= set(listed.output.split())
    assert "command_breaks cannot say what it does" in listed.output
    broken = run(site, "breaking")
    assert broken.exit_code == 1
    assert "command_breaks, the plugin behind lms breaking, failed: ZeroDivisionError" in broken.output
    assert "Traceback" not in broken.output
    unknown = run(site, "bad-syntax")
    assert unknown.exit_code == 2
    assert "The plugin bad_syntax cannot be asked for its commands: SyntaxError" in unknown.output


def told(site: TestSite) -> dict[str, str]:
    """What pieces failed, and why, as it stands in the database."""
    db.rollback()
    pieces.write()
    return {f"{one.plugin}: {one.piece}": one.reason for one in pieces.failing()}


def test_the_school_goes_on_and_the_owner_reads_who_did_what(
    site: TestSite, school: School, connected: None, crowd: Path, simulator: Any, both_databases: str
) -> None:
    school.page()
    school.works()
    school.buys(simulator)
    provoke(school)
    commands(site)

    db.rollback()
    stands = {view.name: (view.state, view.reason) for view in catalog.plugins()}
    assert stands["stripe"] == (State.ACTIVE, "")
    expected = {one.name: State.PAUSED if one in PAUSED else State.ACTIVE for one in ALL}
    assert {name: state for name, (state, _) in stands.items() if name in expected} == expected
    assert not {one.name: stands[one.name] for one in PAUSED if one.words not in stands[one.name][1]}
    failed = told(site)
    # SQLite goes on after a statement that failed.
    contained = [one for one in CONTAINED if one.name != "slot_spoils" or both_databases == "postgresql"]
    assert not {
        f"{one.name}: {one.piece}": failed.get(f"{one.name}: {one.piece}")
        for one in contained
        if one.words not in failed.get(f"{one.name}: {one.piece}", "it did not fail")
    }
    owner = school.browser(school.owner)
    shown = {path: words(owner.get(path)) for path in ("/admin/plugins", "/admin/health")}
    shown["lms doctor"] = " ".join(run(site, "doctor").output.split())
    reasons = [one.words for one in (*PAUSED, *contained)]
    assert not {(where, reason) for where, text in shown.items() for reason in reasons if reason not in text}
    dismissed(school)

    taken_out(site, crowd)
    school.works()
    school.buys(simulator)


def dismissed(school: School) -> None:
    """One press, and what was seen is seen."""
    answer = school.post(school.owner, "/admin/health", "/admin/health/dismiss/slot_raises", piece="slot foot")
    assert answer.status_code == 303
    page = school.browser(school.owner).get("/admin/health").text
    assert ("/dismiss/slot_raises" in page, "/dismiss/slot_leaves" in page) == (False, True)


def taken_out(site: TestSite, crowd: Path) -> None:
    """Remove their packages, forget their rows: what is left are words of people and of the audit about them."""
    names = [one.name for one in ALL]
    for name in names:
        remove_distribution(crowd, name)
    forget_modules(crowd)
    site.rebuild()
    db.rollback()
    assert {view.state for view in catalog.plugins() if view.name in names} == {State.MISSING}
    assert traces(names) == {"host_plugin", "host_piece", "audit_entry", "jobs_job", "content_revision"}
    with db.writes():
        for name in names:
            uninstall.forget(name)
    site.rebuild()
    assert traces(names) == {"audit_entry", "jobs_job", "content_revision"}


def traces(names: list[str]) -> set[str]:
    """The tables with a row that names one of them."""
    db.rollback()
    connection, word = db.session.connection(), re.compile("|".join(rf"\b{name}\b" for name in names if "_" in name))
    found = set()
    for table in inspect(connection).get_table_names():
        rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
        if any(word.search(str(row)) for row in rows):
            found.add(table)
    db.rollback()
    return found
