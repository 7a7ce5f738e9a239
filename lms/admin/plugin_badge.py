"""The number behind "Plugins" in the sidebar: how many wait for the owner. No query: the app knows what rests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_babel import ngettext
from markupsafe import Markup

from lms.extend import Slot
from lms.host.startup import Why

_NEED_SOMEBODY = {Why.PAUSED, Why.MIGRATIONS, Why.UNFIT, Why.NEWER_TABLES, Why.MISSING}
_BADGE = Markup('<span class="badge warn">{}<span class="visually-hidden"> {}</span></span>')


def _render(context: Mapping[str, Any]) -> Markup:
    if context.get("entry") != "admin/plugins":
        return Markup()
    number = sum(why in _NEED_SOMEBODY for why in current_app.extensions["lms_resting"].values())
    return _BADGE.format(number, ngettext("needs care", "need care", number)) if number else Markup()


slot = Slot(name="plugins-need-care", place="admin.nav", render=_render)
