"""The simulator inside a test process, and a buyer without a browser.

with testing.start() as simulator:
    client = stripe.StripeClient(simulator.key(), base_addresses={"api": simulator.url})
    ...
    simulator.pay_checkout(session.url)
"""

from __future__ import annotations

import html.parser
import json
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from flask import Flask

from lms_stripe_simulator.billing.instruments import instrument
from lms_stripe_simulator.server import Server, build

TIMEOUT = 60


@dataclass(frozen=True)
class Answer:
    """What a page answered; a redirect is not followed."""

    status: int
    location: str | None
    text: str


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Stops at a redirect."""

    def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
        """Follow nothing."""


_OPENER = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))


def fetch(url: str, form: dict[str, str] | None = None) -> Answer:
    """Get a page, or post a form to it; any status is an answer."""
    data = None if form is None else urllib.parse.urlencode(form).encode()
    try:
        with _OPENER.open(urllib.request.Request(url, data), timeout=TIMEOUT) as response:  # noqa: S310
            return Answer(response.status, response.headers.get("Location"), response.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers.get("Location"), error.read().decode())


class Links(html.parser.HTMLParser):
    """The addresses of a page's links and forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where links and forms lead."""
        given = dict(attrs)
        if tag == "a":
            self.links.append(given.get("href") or "")
        elif tag == "form":
            self.forms.append(given.get("action") or "")


class Declined(RuntimeError):
    """The checkout page did not take the payment."""


def pay_checkout(
    url: str, card: str = "4242424242424242", email: str | None = None, *, confirm: bool = True, **fields: str
) -> str:
    """Submit a hosted checkout page; return the address that the buyer is sent to.

    ``card`` is a test number, or ``sepa``, ``sepa_fails``, ``3ds``, ``declines``, ``declines_later``. 3-D Secure is
    confirmed unless ``confirm`` is false. ``fields`` are further ones of the page, such as ``country``. Raises
    ``Declined`` where the page shows itself again.
    """
    form = {"action": "pay", "method": "typed", "number": card, "email": email or "buyer@example.org"} | fields
    if (found := instrument(card)) is not None:
        form["method"] = found.name
    answer = fetch(url, form)
    if answer.status == 200 and 'name="authentication"' in answer.text:
        answer = fetch(url, form | {"authentication": "confirmed" if confirm else "failed"})
    if answer.status != 303 or answer.location is None:
        raise Declined(f"The checkout page answered {answer.status}.")
    return answer.location


def _portal_home(url: str) -> tuple[str, str]:
    """Return a portal page's own address and its text, a flow's first redirect followed."""
    answer = fetch(url)
    if answer.status == 303 and answer.location:
        url = urllib.parse.urljoin(url, answer.location)
        answer = fetch(url)
    if answer.status != 200:
        raise RuntimeError(f"The portal answered {answer.status}.")
    return url, answer.text


def portal_cancel(url: str, subscription: str = "") -> str:
    """Cancel the first subscription of a portal page (or the named one); return where the portal leads then."""
    return _portal_step(url, "cancel", subscription)


def portal_resume(url: str, subscription: str = "") -> str:
    """Take the planned end of the first such subscription back; return where the portal leads then."""
    return _portal_step(url, "resume", subscription)


def _portal_step(url: str, step: str, subscription: str) -> str:
    where, text = _portal_home(url)
    if not where.endswith(f"/{step}"):
        found = Links(text)
        ends = [a for a in found.links + found.forms if a.endswith(f"{subscription}/{step}")]
        if not ends:
            raise RuntimeError(f"The portal does not offer to {step}.")
        where = urllib.parse.urljoin(url, ends[0])
    answer = fetch(where, {"feedback": ""})
    if answer.status not in (200, 303):
        raise RuntimeError(f"The portal answered {answer.status}.")
    return urllib.parse.urljoin(url, answer.location or where)


def portal_card(url: str, card: str = "4242424242424242") -> str:
    """Change the card on a portal page; return where the portal leads then."""
    where = url.rstrip("/") + "/payment-method"
    answer = fetch(where, {"method": "typed", "number": card})
    if answer.status not in (200, 303):
        raise Declined(f"The portal answered {answer.status}.")
    return urllib.parse.urljoin(url, answer.location or where)


@dataclass
class Running:
    """A simulator that answers on a free port of this machine."""

    url: str
    _server: Server | None = None
    _thread: threading.Thread | None = None
    _directory: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    @property
    def app(self) -> Flask:
        """Return the Flask application, for hooks of a test suite; only where it runs in this process."""
        if self._server is None:
            raise RuntimeError("this simulator runs in another process")
        return self._server.app

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request to ``/_simulator/<path>``; return its JSON. Raises ``ValueError`` with its sentence."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        address = f"{self.url}/_simulator/{path}"
        request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310
        try:
            with _OPENER.open(request, timeout=TIMEOUT) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(json.load(error).get("error", error.reason)) from error

    def state(self) -> Any:
        """Return accounts, keys, endpoints, clock, pending deliveries, events."""
        return self.control("GET", "state")

    def key(self, kind: str = "restricted", mode: str = "test", deny: tuple[str, ...] | None = None) -> str:
        """Return a key of the first account; ``deny`` makes a new one without those permissions."""
        if deny is not None:
            made = self.control("POST", "keys", {"kind": kind, "mode": mode, "deny": list(deny)})
            return str(made["key"])
        found = self.state()["keys"]
        return next(str(k["key"]) for k in found if k["kind"] == kind and k["mode"] == mode and not k["deny"])

    def advance(self, seconds: float, *, deliver: bool = True) -> int:
        """Move the clock; return the new time after everything due has happened and was delivered once."""
        answer = self.control("POST", "clock", {"advance": seconds, "deliver": deliver})
        return int(answer["epoch"])

    def faults(self, fault: str | None = None, route: str = "*", **options: Any) -> Any:
        """Set a fault; with no name, clear all of them. ``next``, ``share``, ``seconds``, ``seed`` … are options."""
        if fault is None:
            return self.control("DELETE", "faults")
        return self.control("POST", "faults", {"fault": fault, "route": route} | options)

    def requests(self) -> list[Any]:
        """Return recent API requests, newest first."""
        found: list[Any] = self.control("GET", "requests")["requests"]
        return found

    def forget_requests(self) -> None:
        """Empty the log of requests."""
        self.control("DELETE", "requests")

    def settle(self, payment_intent: str, outcome: str = "succeeded") -> Any:
        """Let a bank debit arrive or fail now."""
        return self.control("POST", f"payments/{payment_intent}/settle", {"outcome": outcome})

    def dispute(self, payment: str, reason: str = "fraudulent", status: str = "needs_response") -> Any:
        """Dispute a charge, or the charge of a payment intent; return the dispute."""
        name = "payment_intent" if payment.startswith("pi_") else "charge"
        return self.control("POST", "disputes", {name: payment, "reason": reason, "status": status})

    def decide(self, dispute: str, outcome: str) -> Any:
        """Let a dispute be ``won``, ``lost``, ``prevented``, ``warning_closed``, ``escalate`` or ``appeal`` it."""
        return self.control("POST", f"disputes/{dispute}", {"outcome": outcome})

    def end_refund(self, refund: str, outcome: str) -> Any:
        """Let a refund end as ``succeeded``, ``failed`` or ``canceled``."""
        return self.control("POST", f"refunds/{refund}", {"outcome": outcome})

    def deliver(self) -> Any:
        """Try every pending delivery now."""
        return self.control("POST", "deliver", {})

    def resend(self, event: str) -> Any:
        """Deliver an event again."""
        return self.control("POST", f"events/{event}/resend", {})

    def pay(self, url: str, method: str = "4242424242424242", email: str | None = None) -> str:
        """Pay a checkout page; see ``pay_checkout``."""
        return pay_checkout(url, method, email)

    pay_checkout = staticmethod(pay_checkout)
    portal_cancel = staticmethod(portal_cancel)
    portal_resume = staticmethod(portal_resume)
    portal_card = staticmethod(portal_card)

    def stop(self) -> None:
        """Stop answering, and remove temporary data."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join(timeout=TIMEOUT)
        if self._directory is not None:
            self._directory.cleanup()

    def __enter__(self) -> Running:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def start(port: int = 0, data: Path | None = None, *, epoch: int | None = None) -> Running:
    """Start a simulator in a thread of this process; without ``data`` its data goes away with it."""
    directory = None
    if data is None:
        directory = tempfile.TemporaryDirectory(prefix="stripe_simulator_")
        data = Path(directory.name)
    server = build(data, port=port, epoch=epoch)
    thread = threading.Thread(target=server.serve, name="stripe-simulator", daemon=True)
    thread.start()
    return Running(server.url, server, thread, directory)


def attach(url: str) -> Running:
    """Return the helper for a simulator that runs elsewhere on this machine."""
    return Running(url.rstrip("/"))
