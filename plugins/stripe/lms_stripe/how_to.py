"""The how-to on the customer portal: a page of the admin, found from its help and from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from lms.api.web import render, requires
from lms.extend import Slot
from lms_stripe.blueprint import blueprint

# An editor inserts the link, so the page is for everybody who works here.
CAPABILITY = "admin.enter"
_TOPICS = frozenset({"courses", "payments"})


@blueprint.get("/help/customer-portal")
@requires(CAPABILITY)
def customer_portal() -> str:
    """How to connect, where to insert the link, what students see."""
    return render("stripe/help/customer_portal.html")


def _row(context: Mapping[str, Any]) -> Markup:
    if context["topic"] not in _TOPICS:
        return Markup("")
    return Markup(render("stripe/help/row.html"))  # noqa: S704  a template's own text, escaped


slot = Slot(name="help", place="admin.help", render=_row)
