"""Grants in words: what one is, and what changed about it, for staff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask_babel import format_date, get_timezone
from flask_babel import gettext as _

from lms.access.decision import GrantState
from lms.access.grants import GrantChange, GrantView


def state_words(grant: GrantView, now: datetime) -> str:
    """What the grant is at ``now`` (UTC), in a word or two."""
    if grant.state is GrantState.REVOKED:
        return _("Closed")
    if grant.ends_at is not None and grant.ends_at <= now:
        return _("Ended")
    if grant.starts_at is not None and grant.starts_at > now:
        return _("Not begun")
    return {
        GrantState.PENDING: _("Waits for the money"),
        GrantState.ACTIVE: _("Open"),
        GrantState.GRACE: _("Open, a charge is unpaid"),
        GrantState.SUSPENDED: _("Suspended"),
    }[grant.state]


def until_words(ends_at: datetime | None) -> str:
    """Until when: "until 3 May 2026", the last day on which it is open where the reader is; "without end"."""
    if ends_at is None:
        return _("without end")
    local = ends_at.astimezone(get_timezone())
    # What ends at midnight was open until the day before.
    return _("until %(date)s", date=format_date((local - timedelta(microseconds=1)).date(), "long"))


def source_words(source: str) -> str:
    """Where a grant comes from."""
    return {
        "order": _("Order"),
        "manual": _("Given by staff"),
        "import": _("Imported"),
        "role": _("By role"),
        "group": _("By group"),
        "invite": _("Invited"),
        "seat": _("A seat"),
        "api": _("Another program"),
    }.get(source, source)


def change_title(change: GrantChange, product: str) -> str:
    """What became of the access to the product."""
    match change.after.get("state"):
        case GrantState.PENDING:
            return _("Access to %(product)s waits for the money", product=product)
        case GrantState.ACTIVE:
            return _("Access to %(product)s", product=product)
        case GrantState.GRACE:
            return _("Access to %(product)s goes on, though a charge is open", product=product)
        case GrantState.SUSPENDED:
            return _("Access to %(product)s is suspended", product=product)
        case _unused:
            return _("Access to %(product)s is closed", product=product)


def change_detail(change: GrantChange, names: Mapping[int, str]) -> str:
    """Until when, why, and by whom."""
    ends = change.after.get("ends_at")
    until = until_words(datetime.fromisoformat(ends) if ends else None)
    by = names.get(change.actor_id or 0, "")
    reason = reason_words(str(change.after.get("reason") or ""))
    return ", ".join(part for part in (until, reason, _("by %(name)s", name=by) if by else "") if part)


def change_tone(change: GrantChange) -> str:
    """Whether the change is good or bad news for the person."""
    tones = {GrantState.ACTIVE: "good", GrantState.SUSPENDED: "bad", GrantState.REVOKED: "bad"}
    return tones.get(GrantState(change.after["state"]), "")


def reason_words(reason: str) -> str:
    """A grant's reason: the system's words in the reader's language, staff's own as they wrote them."""
    known = {
        "paid": _("paid"),
        "trial": _("trial"),
        "ended": _("the subscription ended"),
        "past_due": _("a charge failed"),
        "unpaid": _("unpaid"),
        "paused": _("paused"),
        "refunded": _("refunded"),
        "test_purged": _("a test purchase that was removed"),
        "awaiting": _("the money is on its way"),
        "held": _("another amount came than was agreed"),
        "payment_failed": _("the payment did not arrive"),
        "plan_changed": _("changed to another plan"),
    }
    return known.get(reason, reason)
