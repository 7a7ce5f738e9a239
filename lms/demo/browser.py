"""A small browser: pages, cookies and forms, so that the sample is made through the same doors that people use."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin


class FlowFailed(RuntimeError):
    """A page was not what the flow expected."""


@dataclass
class Form:
    """A form of a page: where it goes, how, and what its fields hold."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            return
        if not self.forms or not (given.get("name") or tag == "option"):
            return
        form, kind = self.forms[-1], given.get("type", "text")
        if tag in {"input", "select", "textarea", "button"}:
            form.names.append(given["name"])
        if tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and ("selected" in given or self._select not in form.fields):
            form.fields[self._select] = given.get("value", "")
        elif tag == "input" and kind not in {"submit", "button", "file"}:
            if kind not in {"radio", "checkbox"} or "checked" in given:
                form.fields[given["name"]] = given.get("value", "on" if kind == "checkbox" else "")
        elif tag == "textarea":
            form.fields[given["name"]] = ""


@dataclass
class Page:
    """What came back: the address after all redirects, status, text."""

    address: str
    status: int
    text: str

    def form(self, action_contains: str = "", *, holding: str = "") -> Form:
        """The first form whose action contains the words and that has the field. Raises ``FlowFailed``."""
        parser = _Forms()
        parser.feed(self.text)
        for form in parser.forms:
            if action_contains in form.action and (not holding or holding in form.names):
                return form
        raise FlowFailed(f"{self.address} ({self.status}) has no form {action_contains!r} with {holding!r}.")


class Browser:
    """One person's browser. ``home`` is the address that paths are relative to."""

    def __init__(self, home: str) -> None:
        self.home = home
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def _open(self, request: urllib.request.Request) -> Page:
        try:
            with self._opener.open(request, timeout=60) as answer:
                return Page(answer.url, answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.url or request.full_url, error.code, error.read().decode())

    def get(self, address: str) -> Page:
        """Open a page, redirects followed."""
        return self._open(urllib.request.Request(urljoin(self.home, address)))  # noqa: S310

    def submit(self, page: Page, form: Form, **changes: str) -> Page:
        """Send a form of the page with some fields changed, redirects followed."""
        target = urljoin(page.address, form.action or page.address)
        body = urlencode({**form.fields, **changes}).encode()
        request = urllib.request.Request(target, data=body, headers={"Referer": page.address})  # noqa: S310
        return self._open(request)

    def sign_in(self, email: str, password: str) -> Page:
        """Sign in through the sign-in page. Raises ``FlowFailed``."""
        page = self.get("/login")
        page = self.submit(page, page.form(holding="password"), email=email, password=password)
        if "/login" in page.address:
            raise FlowFailed(f"{email} could not sign in.")
        return page
