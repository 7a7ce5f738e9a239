"""The banner of somebody whose charge failed, on every page of the site, with the one thing to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from markupsafe import Markup

from lms.base import clock
from lms.commerce import posting, subscriptions
from lms.commerce.orders import BILLING_PATH
from lms.extend import Slot
from lms.host.kept import kept
from lms.web import current_person, render
from lms.web.person import previewed_attention


def banner(_context: Mapping[str, Any]) -> Markup:
    """Nothing for guests, and on the page that tells more about it. No query unless something of theirs is unpaid."""
    if previewed_attention() == "past_due":
        return Markup(render("commerce/unpaid_preview.html"))  # noqa: S704  a template's own text, escaped
    person = current_person()
    if person is None or request.path == BILLING_PATH or person.id not in _debtors():
        return Markup("")
    found = subscriptions.unpaid_of(person.id)
    if found is None:
        return Markup("")
    drawn = render(
        "commerce/unpaid.html", subscription=found, now=clock.now(), pay=posting.way_to(found.provider, "pay")
    )
    return Markup(drawn)  # noqa: S704  a template's own text, escaped


def _debtors() -> frozenset[int]:
    """Ids of all who owe something, from memory: this is asked on every page of everybody who is signed in."""
    return kept("commerce.unpaid", subscriptions.read_debtors)


slot = Slot(name="unpaid", place="site.top", render=banner, order=10)
