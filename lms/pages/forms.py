"""The form of a page."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from lms.web import Form


class PageForm(Form):
    """Title, address, and the document as JSON. What the services refuse is shown at its field."""

    title = StringField(_l("Title"))
    slug = StringField(
        _l("Address"), description=_l("Small letters, digits and hyphens. Old addresses go on leading here.")
    )
    document = TextAreaField(
        _l("Document"), description=_l("The blocks of the page as JSON. Mistakes are named with their place.")
    )
