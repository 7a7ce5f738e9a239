"""Every address of every room and plugin, tried by everybody: who may not is stopped before anything is looked up."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, Response, g
from werkzeug.routing import Rule

from lms.accounts import policies
from lms.extend import SettingsPage
from lms.testing import sites
from lms.testing.makers import Makers, session_cookie
from lms.testing.sites import TestSite
from lms.web import apart
from lms.web.access import Access, declared

# One process, so that the site is made once.
pytestmark = pytest.mark.xdist_group("doors")

PLUGINS = ("announcements", "manual_payments", "stripe", "stripe_simulator")
NOBODY = "nobody"
STAFF = (policies.EDITOR, policies.CREATOR, policies.OWNER)
WHO = (NOBODY, policies.STUDENT, *STAFF)

# What everybody may open: a new address has to be added here by hand, so that nobody opens one to the world without
# noticing. Links of mails and what providers call carry their own proof; pages of orders see themselves whose they are.
PUBLIC = """
    GET /  GET /<slug>  GET /courses  GET /courses/<slug>  GET /learn/<course_slug>
    GET /learn/<course_slug>/<lesson_slug>  GET /learn/<course_slug>/<lesson_slug>/take-back
    GET /learn/<course_slug>/<lesson_slug>/complete  GET /go/<source>/<key>
    GET /media/<key>  GET /media/<key>/<int:width>
    GET /static/<source>/<path:path>  GET /static/appearance/<digest>.css
    GET /login  POST /login  GET /logout  POST /logout  GET /register  POST /register  GET /forgot  POST /forgot
    GET /reset/<token>  POST /reset/<token>  GET /verify  POST /verify  GET /verify/<token>  POST /verify/<token>
    GET /recover  POST /recover  GET /recover/<token>  POST /recover/<token>  GET /recover/site
    POST /recover/site/leave  POST /recover/site/password  POST /recover/site/pause/<name>
    GET /checkout/<public_id>  POST /checkout/<public_id>  GET /claim  POST /claim  POST /claim/send
    GET /claim/<token>  POST /claim/<token>
    GET /ext/announcements/<int:announcement_id>/dismiss
    GET /ext/manual_payments/invoices/<number>  GET /ext/manual_payments/orders/<number>
    POST /ext/manual_payments/orders/<number>
    GET /ext/stripe/done  GET /ext/stripe/return  POST /ext/stripe/hook/<token>
"""
# What needs a person and no capability: what is one's own, and documents (below EDITOR): their owners say who may edit.
SIGNED_IN = """
    GET /account  GET /account/billing  GET /account/orders/<number>  GET /account/profile  POST /account/profile
    POST /account/profile/email  POST /account/profile/password  POST /account/profile/verify
    POST /account/profile/sessions/end  POST /account/profile/sessions/<int:session_id>/end
    POST /learn/<course_slug>/<lesson_slug>/complete  POST /learn/<course_slug>/<lesson_slug>/take-back
    POST /ext/announcements/<int:announcement_id>/dismiss  GET /ext/stripe/choose  POST /ext/stripe/choose
    GET /admin/pages/<int:owner_id>/edit
"""
EDITOR = "/admin/editor/<kind>/<int:owner_id>"


@dataclass(frozen=True)
class Door:
    """One address with one method."""

    rule: Rule
    method: str
    access: Access

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule.rule}"

    @property
    def kind(self) -> str:
        return "capability" if self.access.capability else "signed in" if self.access.sign_in else "public"

    def opens_to(self, who: str) -> bool:
        """Whether the role is let in, as the view declares it."""
        if not self.access.sign_in:
            return True
        if who == NOBODY:
            return False
        return not self.access.capability or self.access.capability in policies.CAPABILITIES[who]

    @property
    def ends_sessions(self) -> bool:
        return self.method == "POST" and self.rule.rule in {"/logout", "/login", "/account/profile/sessions/end"}

    @property
    def path(self) -> str:
        """The address with arguments that lead nowhere."""
        nowhere = {
            name: 999_999 if "Number" in type(c).__name__ else "nothing" for name, c in self.rule._converters.items()
        }
        for name, converter in self.rule._converters.items():
            if hasattr(converter, "items") and type(converter).__name__ == "AnyConverter":
                nowhere[name] = sorted(converter.items)[0]
        return self.rule.build(nowhere)[1]  # type: ignore[index]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSite]:
    """A site on which every plugin of this repository runs."""
    with sites.site(tmp_path_factory.mktemp("doors"), plugins=PLUGINS) as made:
        for app in (made.app, apart.app_of(made.app)):
            app.config["WTF_CSRF_ENABLED"] = False
            _note_who_comes_in(app)
        yield made


def _note_who_comes_in(app: Flask) -> None:
    for endpoint, view in app.view_functions.items():
        app.view_functions[endpoint] = _noted(view)

    @app.after_request
    def say(response: Response) -> Response:
        response.headers["X-Came-In"] = "yes" if g.get("came_in") else "no"
        return response


def _noted(view: Any) -> Any:
    @functools.wraps(view)
    def note(*arguments: Any, **options: Any) -> Any:
        g.came_in = True
        return view(*arguments, **options)

    return note


@pytest.fixture(scope="module")
def doors(school: TestSite) -> list[Door]:
    found = []
    for rule in school.app.url_map.iter_rules():
        access = declared(school.app.view_functions[rule.endpoint])
        assert access is not None, f"{rule.rule} declares nothing"
        found += [Door(rule, method, access) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return sorted(found, key=lambda door: door.name)


@pytest.fixture(scope="module")
def people(school: TestSite) -> dict[str, Any]:
    makers = Makers()
    return {who: makers.person(role=who) for who in WHO if who != NOBODY}


@pytest.fixture(scope="module")
def open_as(school: TestSite, people: dict[str, Any]) -> Callable[..., Any]:
    """``open_as(who, door)``, signed in; anew where an address may have ended the session."""
    sessions: dict[str, tuple[str, str]] = {}

    def opened(who: str, door: Door) -> Any:
        browser = school.client()
        if who != NOBODY:
            if who not in sessions or door.ends_sessions:
                sessions[who] = session_cookie(people[who].id)
            browser.set_cookie(*sessions[who], domain=school.config.host)
            if door.ends_sessions:
                del sessions[who]
        return browser.open(door.path, method=door.method, headers={"Accept": "text/html"}, buffered=True)

    return opened


def test_every_address_is_there(doors: list[Door]) -> None:
    of_rooms = {door.rule.endpoint.partition(".")[0] for door in doors}
    assert {"accounts", "courses", "commerce", "learning", "pages", "editor", "admin"} <= of_rooms
    assert {"announcements", "manual_payments", "stripe"} <= of_rooms


def test_what_is_open_to_all_is_written_down(doors: list[Door]) -> None:
    said = {kind: {door.name for door in doors if door.kind == kind} for kind in ("public", "signed in")}
    assert said["public"] ^ listed(PUBLIC) == set()
    of_documents = {door.name for door in doors if door.rule.rule.startswith(EDITOR)}
    assert (said["signed in"] - of_documents) ^ listed(SIGNED_IN) == set()


def listed(text: str) -> set[str]:
    return set(re.findall(r"[A-Z]+ /\S*", text))


def test_an_address_of_a_plugin_stands_below_its_name(doors: list[Door]) -> None:
    wrong = [
        d.name for d in doors for p in [d.rule.endpoint.partition(".")[0]] if p in PLUGINS and f"/ext/{p}" not in d.name
    ]
    assert wrong == []


@pytest.mark.parametrize("who", WHO)
def test_every_address_lets_in_whom_it_declares(doors: list[Door], open_as: Callable[..., Any], who: str) -> None:
    wrong = []
    for door in doors:
        answer = open_as(who, door)
        came_in = answer.headers.get("X-Came-In") == "yes"
        asked_to_sign_in = answer.status_code == 303 and (answer.location or "").startswith("/login")
        stopped = asked_to_sign_in if who == NOBODY else answer.status_code == 403
        if came_in != door.opens_to(who) or (not came_in and not stopped) or answer.status_code >= 500:
            wrong.append(f"{door.name}: {answer.status_code}, came in: {came_in}")
    assert wrong == []


def test_who_may_not_edit_a_document_learns_nothing_of_it(
    school: TestSite, doors: list[Door], people: dict[str, Any]
) -> None:
    makers = Makers()
    lesson = makers.course(lessons=1, sections=1).first_lesson.lesson_id
    browser = school.client()
    browser.set_cookie(*session_cookie(people[policies.STUDENT].id), domain=school.config.host)
    below = [door for door in doors if door.rule.rule.startswith(EDITOR)]
    assert len(below) > 10
    for door in below:
        paths = [door.path.replace("/nothing/999999", f"/lesson/{number}", 1) for number in (lesson, 999_999)]
        told = [browser.open(path, method=door.method, headers={"Accept": "text/html"}) for path in paths]
        assert [answer.status_code for answer in told] == [404, 404], door.name
        assert told[0].text == told[1].text, door.name


def test_sections_of_settings_open_to_whom_their_pages_declare(school: TestSite, people: dict[str, Any]) -> None:
    pages: tuple[SettingsPage, ...] = school.app.extensions["lms_registry"].items(SettingsPage)
    assert {"site", "stripe", "manual_payments"} <= {page.name for page in pages}
    wrong = []
    for who in STAFF:
        browser = school.client()
        browser.set_cookie(*session_cookie(people[who].id), domain=school.config.host)
        for page in pages:
            allowed = page.capability in policies.CAPABILITIES[who]
            for method, path in (("GET", ""), ("POST", ""), ("POST", "/nothing"), ("GET", "/remove/nothing")):
                status = browser.open(f"/admin/settings/{page.name}{path}", method=method).status_code
                if (status == 403) is allowed or status >= 500:
                    wrong.append(f"{method} {page.name}{path} as {who}: {status}")
    assert wrong == []
