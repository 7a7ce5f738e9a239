"""Words about learning that several pages use."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext


def duration(minutes: int) -> str:
    """A length as people say it: "25 min", "1 h 48 min", "2 h"."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s min", minutes=rest)
    if not rest:
        return _("%(hours)s h", hours=hours)
    return _("%(hours)s h %(minutes)s min", hours=hours, minutes=f"{rest:02d}")


def lessons(count: int) -> str:
    """ "1 lesson", "9 lessons"."""
    return ngettext("%(num)s lesson", "%(num)s lessons", count)


def lessons_and_sections(lesson_count: int, section_count: int) -> str:
    """ "9 lessons in 3 sections"; a single section is not worth a word."""
    if section_count < 2:
        return lessons(lesson_count)
    inside = lessons(lesson_count)
    return ngettext("%(lessons)s in %(num)s section", "%(lessons)s in %(num)s sections", section_count, lessons=inside)
