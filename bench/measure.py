"""Processor time of a WSGI call, and the plain page that everything is compared with."""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask, render_template
from werkzeug.test import EnvironBuilder

ROUNDS = 25

PLAIN = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ title }}</title></head><body>
<h1>{{ title }}</h1><ul>{% for item in items %}<li class="row"><a href="/items/{{ item.id }}">{{ item.title }}</a>
<span>{{ item.minutes }} min</span></li>{% endfor %}</ul></body></html>"""


def plain_app() -> Flask:
    """A Flask app whose only page is a plain Jinja page of 20 kB without a database."""
    app = Flask("plain", static_folder=None)
    items = [{"id": n, "title": f"A row of the plain page, number {n}", "minutes": n % 17} for n in range(200)]
    template = app.jinja_env.from_string(PLAIN)

    def page() -> str:
        return render_template(template, title="Plain", items=items)

    app.add_url_rule("/", "page", page)
    return app


def call(app: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> tuple[str, bytes]:
    """One WSGI call: its status line and body."""
    seen: list[str] = []

    def answer() -> bytes:
        return b"".join(app(dict(environ), lambda status, headers, exc_info=None: seen.append(status)))

    # In an empty context: Flask would lend a request the app context that is pushed, and its database session.
    body = contextvars.Context().run(answer)
    return seen[0], body


def environ(path: str, cookies: str = "", headers: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """The WSGI environment of a request."""
    headers = {**(headers or {}), **({"Cookie": cookies} if cookies else {})}
    made = EnvironBuilder(path=path, base_url="http://localhost", headers=headers, **options).get_environ()
    return dict(made)


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of processor time of one call, and how many plain pages that is."""

    milliseconds: float
    ratio: float


def compared(work: Callable[[], object], plain: Callable[[], object], repeat: int = 20) -> Measured:
    """What a call of ``work`` costs, measured in turn with ``plain``.

    Whatever else the machine does slows both; the best of many short rounds is what each costs undisturbed.
    """
    best = best_plain = float("inf")
    for _ in range(ROUNDS):
        best_plain = min(best_plain, processor_time(plain, repeat))
        best = min(best, processor_time(work, repeat))
    return Measured(best, best / best_plain)


def processor_time(work: Callable[[], object], repeat: int) -> float:
    """Milliseconds of processor time of one call, on average."""
    started = time.process_time()
    for _ in range(repeat):
        work()
    return (time.process_time() - started) / repeat * 1000
