"""What the plugin's pieces do on a site where nothing has happened yet, with the network closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app
from flask_babel.speaklater import LazyString

from lms import db
from lms.base import clock
from lms.base.problem import Problem
from lms.base.urls import is_safe_path
from lms.content import document, links
from lms.content.render import tree_html
from lms.extend import (
    Block,
    Condition,
    ContentSecuritySource,
    DynamicLabel,
    DynamicLink,
    HealthCheck,
    HealthResult,
    RenderContext,
    SettingsPage,
    Slot,
)
from lms.extend.places import PLACES
from lms.testing.contract.describing import Described
from lms.testing.contract.finding import Finding
from lms.testing.contract.items import is_origin
from lms.testing.contract.quiet import quiet
from lms.testing.contract.stage import Stage, tried, words
from lms.testing.makers import Makers, session_cookie
from lms.testing.sites import Browser

Found = Iterator[Finding]

_STATES = ("good", "advice", "broken")
_PLACE = re.compile(r"""slot\(\s*["']([a-z._]+)["']""")
_OUTSIDE = re.compile(r"https?://[\w.-]+")


def check(stage: Stage, described: Described, app: Flask) -> Found:
    """Pages are drawn, links are asked, health checks are made."""
    person = Makers().person(role="owner")
    items = [item for _method, item in described.items]
    places = _places(app)
    for item in items:
        if isinstance(item, Slot) and item.place not in places:
            do = f"There are: {', '.join(sorted(places))}."
            yield stage.finding("slot", f"There is no place called {item.place}.", do, at=item.render)
        elif isinstance(item, Block):
            yield from _block(stage, item, person)
        elif isinstance(item, DynamicLink):
            yield from _link(stage, item, person)
        elif isinstance(item, Condition):
            yield from _condition(stage, item, person)
        elif isinstance(item, DynamicLabel):
            yield from _label(stage, item, person)
        elif isinstance(item, HealthCheck):
            yield from _health(stage, item)
        elif isinstance(item, ContentSecuritySource):
            yield from _origins(stage, item.sources, f"ContentSecuritySource {item.name}")
        elif isinstance(item, SettingsPage):
            yield from _settings_page(stage, item, person)


@contextmanager
def _watched(stage: Stage, found: list[Finding], what: str, at: Any) -> Iterator[None]:
    with quiet(stage.distribution.root, database=True) as reaches:
        yield
    for reached, file, line in reaches.seen:
        where = stage.distribution.shown(file, line) if file else at
        do = "Keep what you need in your own tables, and fetch it in a job."
        found.append(stage.finding("outside", f"{what} reaches for {reached}.", do, at=where))


def _called(stage: Stage, found: list[Finding], what: str, at: Any, function: Callable[[], Any]) -> Any:
    """What a piece answers while nothing leads outside; None, and a finding, if it fails."""
    with _watched(stage, found, what, at), db.scope(db.Mode.READ), current_app.test_request_context():
        db.rollback()
        answer, error = tried(function)
        db.rollback()
    if error is not None and not isinstance(error, Problem) and not any(one.rule == "outside" for one in found):
        do = "It has to work on a site where nothing has happened yet."
        found.append(stage.finding("works", f"{what} fails: {words(error)}.", do, at=at))
    return answer


def _places(app: Flask) -> set[str]:
    """The core's places, and those of the theme."""
    loader: Any = app.jinja_env.loader
    return PLACES.keys() | {
        place
        for name in loader.list_templates()
        for place in _PLACE.findall(loader.get_source(app.jinja_env, name)[0])
        if "." in place
    }


def _block(stage: Stage, block: Block, person: Any) -> Found:
    found: list[Finding] = []
    kind = f"{stage.name}/{block.name}"
    for who in (None, person):
        tree = document.empty()
        drawn = document.new_block(kind, block.example) | {"v": block.version}
        tree["root"]["slots"]["main"] = [drawn]
        ctx = RenderContext(person=who, now=clock.now(), path="/")
        _called(stage, found, f"Block {block.name}", block.load or block.form, lambda c=ctx, t=tree: tree_html(t, c))
        if found:
            break
    yield from found


def _link(stage: Stage, link: DynamicLink, person: Any) -> Found:
    found: list[Finding] = []
    at = link.open or link.address or link.available
    for who in (None, person):
        what = f"DynamicLink {link.name}: available()"
        answer = _called(stage, found, what, link.available, lambda w=who: link.available(links.context(w)))
        if not found and answer is not True and not (isinstance(answer, str | LazyString) and answer):
            do = "Return True, or the sentence that says why not."
            found.append(stage.finding("link", f"{what} returns {answer!r}.", do, at=link.available))
        if found:
            break
    if link.address is not None:
        address = _called(stage, found, f"DynamicLink {link.name}: address()", at, lambda: _address(link, person))
        if isinstance(address, str) and address and not address.startswith("/"):
            do = "address is for paths of this site; use open and hosts for others."
            found.append(stage.finding("link", f"DynamicLink {link.name} writes {address}.", do, at=at))
    yield from found
    yield from _origins(stage, link.hosts, f"DynamicLink {link.name}")
    yield from _undeclared(stage, link, person)


def _condition(stage: Stage, condition: Condition, person: Any) -> Found:
    found: list[Finding] = []
    for who in (None, person):
        what = f"Condition {condition.name}: holds()"
        ask = lambda w=who: condition.holds(links.context(w), _arguments(condition))  # noqa: E731
        answer = _called(stage, found, what, condition.holds, ask)
        if not found and not isinstance(answer, bool | None):
            do = "Return True or False, or None where it cannot be said."
            found.append(stage.finding("condition", f"{what} returns {answer!r}.", do, at=condition.holds))
        if found:
            break
    yield from found


def _label(stage: Stage, label: DynamicLabel, person: Any) -> Found:
    found: list[Finding] = []
    for who in (None, person):
        what = f"DynamicLabel {label.name}: value()"
        ask = lambda w=who: label.value(links.context(w), _arguments(label))  # noqa: E731
        answer = _called(stage, found, what, label.value, ask)
        if not found and not isinstance(answer, str | LazyString | None):
            do = "Return words, or None where there is nothing to say."
            found.append(stage.finding("label", f"{what} returns {answer!r}.", do, at=label.value))
        if found:
            break
    yield from found


def _address(link: DynamicLink, person: Any) -> str:
    assert link.address is not None
    return link.address(links.context(person), _arguments(link))


def _arguments(item: DynamicLink | DynamicLabel | Condition) -> dict[str, Any]:
    if item.form is None:
        return {}
    return {field.short_name: field.data for field in item.form()}


def _undeclared(stage: Stage, link: DynamicLink, person: Any) -> Found:
    """A link that goes outside and declares no host, as far as a click here or its source tells."""
    if link.open is None or tried(link.hosts)[0]:
        return
    with quiet(stage.distribution.root, database=True), current_app.test_request_context():
        address, _error = tried(lambda: link.open(links.context(person), _arguments(link)))  # type: ignore[misc]
        db.rollback()
    written = _OUTSIDE.search(address) if isinstance(address, str) else _constant(link.open)
    if written:
        do = f'Declare it: hosts=lambda: ("{written[0]}",). Clicks that lead elsewhere are refused.'
        sentence = f"DynamicLink {link.name} leads to {written[0]} and declares no host."
        yield stage.finding("hosts", sentence, do, at=link.open)


def _constant(function: Any) -> re.Match[str] | None:
    constants = getattr(getattr(function, "__code__", None), "co_consts", ())
    texts = (text for text in constants[1:] if isinstance(text, str))
    return next((found for text in texts if (found := _OUTSIDE.match(text))), None)


def _origins(stage: Stage, sources: Callable[[], Any], what: str) -> Found:
    found: list[Finding] = []
    answer = _called(stage, found, f"{what}: its hosts", sources, lambda: tuple(sources()))
    yield from found
    for source in answer or ():
        if not is_origin(source):
            do = "Name origins: scheme and host without a path, such as https://pay.example."
            yield stage.finding("hosts", f"{what} names {source!r}, which is no origin.", do, at=sources)


def _health(stage: Stage, item: HealthCheck) -> Found:
    found: list[Finding] = []
    result = _called(stage, found, f"HealthCheck {item.name}", item.check, item.check)
    yield from found
    if found:
        return
    if not isinstance(result, HealthResult) or result.state not in _STATES or not str(result.sentence).strip():
        do = f"Return HealthResult(state, sentence, do); state is one of {', '.join(_STATES)}."
        yield stage.finding("health", f"HealthCheck {item.name} answers {result!r}.", do, at=item.check)
    elif result.remedy is not None and not is_safe_path(result.remedy.href):
        do = "The button leads to a path of this site."
        yield stage.finding("health", f"HealthCheck {item.name} leads to {result.remedy.href}.", do, at=item.check)
    elif result.state != "good" and not str(result.do).strip():
        do = "Add do: the one thing that mends it."
        yield stage.finding(
            "health", f"HealthCheck {item.name} says {result.state} and not what to do.", do, at=item.check
        )


def _settings_page(stage: Stage, page: SettingsPage, person: Any) -> Found:
    found: list[Finding] = []
    browser = Browser(current_app._get_current_object(), current_app.response_class)  # type: ignore[attr-defined]
    cookie, value = session_cookie(person.id)
    browser.set_cookie(cookie, value, domain=stage.config.host)
    what = f"The settings page {page.name}"
    with _watched(stage, found, what, page.context):
        answer, error = tried(lambda: browser.get(f"/admin/settings/{page.name}"))
    if not found and (error is not None or answer.status_code != 200):
        why = words(error) if error is not None else f"it answers {answer.status_code}"
        do = "It has to open on a site where nothing has happened yet."
        found.append(stage.finding("works", f"{what} does not open: {why}.", do, at=page.form))
    yield from found
