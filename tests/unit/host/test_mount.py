"""A plugin's blueprint: what it may register, and what happens at its addresses when it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from flask import Blueprint, Flask, Response, abort, request_started
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from lms import db
from lms.app import create_app
from lms.base.problem import Conflict
from lms.host import guard, mount, patches
from lms.host.checks import ContractBroken
from lms.web import access
from lms.web.access import public


def own(name: str = "shelf") -> Blueprint:
    made = Blueprint(name, __name__)
    made.add_url_rule("/", "index", public(lambda: "books"))
    return made


def mounted(app: Flask, blueprint: Any) -> None:
    mount.mount(app, "shelf", blueprint, lambda view: access.declared(view) is not None)


def undeclared() -> Blueprint:
    made = own()
    made.add_url_rule("/open", "open", lambda: "open")
    return made


def recorded(act: Callable[[Flask], Any]) -> Blueprint:
    made = own()
    made.record(lambda state: act(state.app))
    return made


def hooked(how: str) -> Blueprint:
    made = own()
    hook = getattr(made, how)
    (hook(404) if how == "app_errorhandler" else hook)(lambda *_: None)
    return made


def templated(how: str) -> Blueprint:
    made = own()
    getattr(made, how)("mine")(lambda *_: None)
    return made


HOOKS = [
    "before_app_request", "after_app_request", "teardown_app_request", "app_context_processor",
    "app_url_value_preprocessor", "app_url_defaults", "app_errorhandler",
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "words"),
    [
        *((lambda how=how: hooked(how), how) for how in HOOKS),
        *((lambda how=how: templated(how), how) for how in ("app_template_filter", "app_template_test")),
        (lambda: recorded(lambda app: app.before_request(lambda: None)), "before_app_request"),
        (lambda: recorded(lambda app: setattr(app, "wsgi_app", print)), "app.wsgi_app"),
        (lambda: recorded(lambda app: app.config.update(SECRET_KEY="mine")), "app.config"),
        (lambda: recorded(lambda app: app.teardown_appcontext(lambda _e: None)), "teardown_appcontext"),
        (
            lambda: recorded(lambda app: app.add_url_rule("/", "home", public(lambda: "mine"))),
            "/ is not below /ext/shelf",
        ),
        (undeclared, "shelf.open declares neither a capability nor that it is public"),
        (lambda: own("admin"), "must be called shelf, not admin"),
        (lambda: "blueprint", r"returned a str, expected was a Blueprint"),
    ],
    ids=[
        *HOOKS,
        "filter",
        "test",
        "record",
        "wsgi_app",
        "config",
        "teardown",
        "foreign address",
        "undeclared",
        "foreign name",
        "no blueprint",
    ],
)
def test_what_reaches_beyond_its_own_addresses_is_refused_and_the_app_is_as_it_was(
    site: Any, make: Callable[[], Any], words: str
) -> None:
    app = create_app(site.config)
    before = (len(list(app.url_map.iter_rules())), list(app.before_request_funcs[None]), app.config["SECRET_KEY"])
    with pytest.raises(ContractBroken, match=words):
        mounted(app, make())
    assert (len(list(app.url_map.iter_rules())), app.before_request_funcs[None], app.config["SECRET_KEY"]) == before
    db.dispose(app)


def test_a_nested_blueprint_is_fine(site: Any) -> None:
    made, inner = own(), own("inner")
    made.register_blueprint(inner, url_prefix="/inner")
    mounted(site.app, made)
    assert site.client().get("/ext/shelf/inner/").text == "books"


def test_a_receiver_of_flasks_signals_is_refused(site: Any) -> None:
    module = type(sys)("hostile_signals")
    exec("def hears(sender, **_): raise RuntimeError", module.__dict__)
    with request_started.connected_to(module.hears), pytest.raises(ContractBroken, match="signal request_started"):
        mounted(site.app, Blueprint("shelf", "hostile_signals"))


@pytest.mark.parametrize(
    ("place", "name"), [(flask.Flask, "dispatch_request"), (flask.Flask, "new_thing"), (flask.Request, "path")]
)
def test_what_an_import_replaces_is_put_back_and_refused(place: type, name: str) -> None:
    before = vars(place).get(name)
    with pytest.raises(ContractBroken, match=f"replaces flask.*{name}"), patches.refused():
        setattr(place, name, lambda self: "mine")
    assert vars(place).get(name) is before


def test_a_function_of_the_core_is_put_back_and_refused() -> None:
    before = guard.call
    with pytest.raises(ContractBroken, match=r"replaces lms\.host\.guard\.call"), patches.refused():
        guard.call = lambda *_: "mine"  # type: ignore[assignment]
    assert guard.call is before


@pytest.mark.parametrize("target", [Engine, db.session], ids=["engine", "session"])
def test_who_would_hear_everybodys_statements_is_refused_and_hears_nothing(site: Any, target: Any) -> None:
    heard: list[Any] = []
    name = "before_cursor_execute" if target is Engine else "after_begin"
    with pytest.raises(ContractBroken, match=f"it listens to {name} of"), patches.refused():
        event.listen(target, name, lambda *seen: heard.append(seen))
    db.rollback()
    db.session.execute(text("SELECT 1"))
    assert not heard


def test_it_is_put_back_too_when_the_import_fails() -> None:
    before = flask.Flask.dispatch_request

    def fails() -> None:
        flask.Flask.dispatch_request = lambda self: "mine"  # type: ignore[assignment,method-assign,return-value]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), patches.refused():
        fails()
    assert flask.Flask.dispatch_request is before


# Failing at its own addresses ---------------------------------------------------------------------------------------


class Broken:
    """A blueprint whose views and handlers fail in every way."""

    def __init__(self) -> None:
        self.blueprint = made = Blueprint("shelf", __name__)
        self.failing_handler = ""
        for name in (
            "raises",
            "exits",
            "endless",
            "garbage",
            "missing",
            "refuses",
            "absent",
            "writes",
            "stream",
            "fine",
        ):
            view = getattr(self, name)
            made.add_url_rule(f"/{name}", name, public(writes=True)(lambda view=view: view()))
        made.before_request(lambda: self.handler("before"))
        made.after_request(lambda response: self.handler("after") or response)
        made.teardown_request(lambda _error: self.handler("teardown"))
        made.context_processor(lambda: self.handler("context") or {})

    def handler(self, name: str) -> None:
        if self.failing_handler == name:
            raise ZeroDivisionError(name)

    def raises(self) -> str:
        return str(1 / 0)

    def exits(self) -> str:
        sys.exit(3)

    def endless(self) -> str:
        return self.endless()

    def garbage(self) -> Any:
        return None

    def missing(self) -> str:
        return flask.render_template("shelf/not_there.html")

    def refuses(self) -> str:
        raise Conflict("The book is out.")

    def absent(self) -> str:
        abort(404)

    def writes(self) -> str:
        db.session.execute(text("INSERT INTO host_state (name, value, created_at, updated_at) VALUES ('x', 1, 0, 0)"))
        raise ZeroDivisionError

    def stream(self) -> Response:
        def parts() -> Iterator[str]:
            yield "first"
            raise ZeroDivisionError

        return Response(parts())

    def fine(self) -> str:
        return flask.render_template_string("fine {{ site.name }}")


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"strict_plugins": "0"}


@pytest.fixture
def broken(site: Any) -> Broken:
    made = Broken()
    mounted(site.app, made.blueprint)
    return made


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("raises", 500, "ZeroDivisionError: division by zero"),
        ("exits", 500, "SystemExit: 3"),
        ("endless", 500, "RecursionError"),
        ("garbage", 500, "did not return a valid response"),
        ("missing", 500, "TemplateNotFound: shelf/not_there.html"),
        ("refuses", 409, ""),
        ("absent", 404, ""),
    ],
)
def test_only_the_address_fails_and_health_names_it(
    site: Any, broken: Broken, path: str, status: int, words: str
) -> None:
    client = site.client()
    answer = client.get(f"/ext/shelf/{path}", headers={"Accept": "text/html"})
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert "debugger" not in answer.text.lower()
    assert words in guard.why("shelf", f"address shelf.{path}")
    assert client.get("/courses").status_code == client.get("/ext/shelf/fine").status_code == 200


def test_what_it_wrote_before_it_failed_is_forgotten(site: Any, broken: Broken) -> None:
    assert site.client().get("/ext/shelf/writes").status_code == 500
    assert db.session.execute(text("SELECT count(*) FROM host_state WHERE name = 'x'")).scalar() == 0


def test_an_answer_that_breaks_while_it_is_sent_is_named_and_broken_off(site: Any, broken: Broken) -> None:
    with pytest.raises(ZeroDivisionError):
        site.client().get("/ext/shelf/stream", buffered=True)
    assert "ZeroDivisionError" in guard.why("shelf", "address shelf.stream")


@pytest.mark.parametrize(("handler", "status"), [("before", 500), ("after", 200), ("teardown", 200), ("context", 200)])
def test_a_handler_that_fails_costs_at_most_its_own_address(
    site: Any, broken: Broken, handler: str, status: int
) -> None:
    broken.failing_handler = handler
    assert site.client().get("/ext/shelf/fine").status_code == status
    assert guard.incidents()[-1].reason == f"ZeroDivisionError: {handler}"
    assert site.client().get("/courses").status_code == 200


def test_an_error_that_it_has_a_page_for_is_its_own_affair(site: Any) -> None:
    made = own()
    made.add_url_rule("/out", "out", public(lambda: 1 / 0))
    made.errorhandler(ZeroDivisionError)(lambda error: ("Come back later.", 418))
    mounted(site.app, made)
    answer = site.client().get("/ext/shelf/out")
    assert (answer.status_code, answer.text) == (418, "Come back later.")
    assert not guard.incidents()


@pytest.mark.parametrize("kind", [500, Exception, ZeroDivisionError])
def test_a_page_for_errors_that_fails_itself_is_the_cores(site: Any, kind: Any) -> None:
    made = own()
    made.add_url_rule("/out", "out", public(lambda: 1 / 0))
    made.errorhandler(kind)(lambda error: {}["page"])
    mounted(site.app, made)
    answer = site.client().get("/ext/shelf/out", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert "This page does not work at the moment." in answer.text


def test_a_database_that_is_away_is_not_the_plugins_fault(site: Any, broken: Broken) -> None:

    def away() -> str:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    site.app.view_functions["shelf.fine"] = mount._view("shelf", "address shelf.fine", public(away))
    assert site.client().get("/ext/shelf/fine").status_code == 503
    assert not guard.incidents()
