"""Forms about plugins."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, StringField, ValidationError

from lms.web import Form


class UninstallForm(Form):
    """The plugin's name, typed: what goes does not come back by a click."""

    name = StringField(_l("The plugin's name"), filters=[lambda text: (text or "").strip()])

    def __init__(self, plugin: str) -> None:
        super().__init__()
        self._plugin = plugin

    def validate_name(self, field: Field) -> None:
        """The very name, in small letters as it is written above."""
        if field.data != self._plugin:
            raise ValidationError(_("Type %(name)s to uninstall it.", name=self._plugin))
