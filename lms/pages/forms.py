"""The form of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from lms.web import Form


class PageForm(Form):
    """Title and address. What the services refuse is shown at its field. What stands on the page is edited on it.

    The kind can be chosen where the theme has kinds of page (``kinds``: name → words); one that it does not know stays.
    """

    title = StringField(_l("Title"))
    slug = StringField(
        _l("Address"), description=_l("Small letters, digits and hyphens. Old addresses go on leading here.")
    )
    kind = SelectField(_l("Kind"), description=_l("Decides which template of the theme draws the page."))

    def __init__(self, *args: Any, kinds: Mapping[str, str], **values: Any) -> None:
        super().__init__(*args, **values)
        stored = values.get("kind") or ""
        if not kinds and not stored:
            del self.kind
            return
        unknown = {stored: _("%(kind)s (not in this theme)", kind=stored)} if stored and stored not in kinds else {}
        self.kind.choices = [("", _("Ordinary page")), *kinds.items(), *unknown.items()]
