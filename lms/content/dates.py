"""The condition that goes by the calendar. It is equal for all, so pages that have it stay in memory for guests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import DateTimeLocalInput

from lms.extend import Condition, LinkContext
from lms.extend.fields import PlainText
from lms.web.pagecache import good_until
from lms.web.site import site_view

_FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")


def _moment(text: Any) -> datetime | None:
    """The moment in UTC that the text names in the site's zone; None for none. Raises ``ValueError``."""
    if not text:
        return None
    if not _FORM.fullmatch(str(text)):
        raise ValueError(str(text))
    return datetime.fromisoformat(str(text)).replace(tzinfo=ZoneInfo(site_view().timezone)).astimezone(UTC)


def _is_moment(_form: Form, field: Any) -> None:
    try:
        _moment(field.data)
    except (ValueError, OverflowError) as error:
        raise ValidationError(_("Write a date and a time, such as 2027-03-01T09:00.")) from error


class DatesForm(Form):
    """From when until when, in the zone of the site. One of the two may be empty."""

    since = PlainText(_l("From"), widget=DateTimeLocalInput(), validators=[Optional(), _is_moment])
    until = PlainText(_l("Until"), widget=DateTimeLocalInput(), validators=[Optional(), _is_moment])


def _holds(ctx: LinkContext, args: Mapping[str, Any]) -> bool:
    since, until = _moment(args.get("since")), _moment(args.get("until"))
    good_until(min((each for each in (since, until) if each is not None and each > ctx.now), default=None))
    return (since is None or since <= ctx.now) and (until is None or ctx.now < until)


between = Condition(
    name="between",
    source="time",
    source_label=_l("Time"),
    label=_l("Between two dates"),
    help=_l("In the time zone of the site. Visitors need not reload anything: the page changes by itself."),
    form=DatesForm,
    holds=_holds,
    depends_on=("time",),
)
