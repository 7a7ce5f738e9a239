"""The help of the admin: what people ask when they begin."""

from __future__ import annotations

from lms.admin.blueprint import blueprint
from lms.admin.help import TOPICS
from lms.admin.policies import ENTER
from lms.web import render, requires


@blueprint.get("/admin/help")
@requires(ENTER)
def help_page() -> str:
    """All topics on one page, to be found with the browser's own search."""
    return render("admin/help.html", topics=TOPICS)
