"""Does the theme draw what it should?"""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from lms.extend import HealthResult, Remedy
from lms.health.words import advice, broken, good
from lms.host import pieces
from lms.themes import appearance


def theme() -> HealthResult:
    """The theme is there, and no page of it failed."""
    active = appearance.active()
    if active.problem:
        return broken(
            _(
                "The theme “%(name)s” cannot be shown, so visitors see Plain: %(why)s",
                name=active.wanted,
                why=active.problem,
            ),
            _("Choose another theme."),
            Remedy(_("Open Appearance"), "/admin/appearance"),
        )
    failed = [one for one in pieces.failing() if one.plugin in appearance.layers()]
    if failed:
        sentence = ngettext(
            "The theme broke %(num)s page, which visitors see without it. “%(piece)s”: %(reason)s",
            "The theme broke %(num)s pages, which visitors see without it. The last was “%(piece)s”: %(reason)s",
            len(failed), piece=failed[0].piece, reason=failed[0].reason,
        )  # fmt: skip
        return advice(
            sentence,
            _("Mend it, then load it again."),
            Remedy(_("Load the theme again"), "/admin/appearance/again", post=True),
        )
    return good(_("The site is shown in “%(title)s”.", title=active.themes[0].title))
