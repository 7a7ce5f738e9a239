"""Is money on its way that nobody sees? Answered from our database only."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from lms.base import clock
from lms.commerce import disputes, refunds, twice
from lms.extend import HealthCheck, HealthResult, Remedy

_PATIENCE = timedelta(hours=1)


def _refunds_leave() -> HealthResult:
    count, number, sentence = refunds.late(clock.real_now() - _PATIENCE)
    if not count:
        return HealthResult("good", _("Every refund that was decided is with its provider."))
    words = ngettext(
        "%(num)s refund waits for an hour or longer.", "%(num)s refunds wait for an hour or longer.", count
    )
    remedy = Remedy(label=_("See the order"), href=f"/admin/orders/{number}")
    return HealthResult(
        "broken", f"{words} {sentence}".strip(), _("Try again on the order, or refund at the provider."), remedy
    )


def _nobody_pays_twice() -> HealthResult:
    running, paid = twice.subscriptions(), twice.orders()
    if not running.count and not paid.count:
        return HealthResult("good", _("Nobody pays twice for one thing."))
    told = []
    if running.count:
        words = ngettext(
            "%(num)s person has two subscriptions to one product that run.",
            "%(num)s people have two subscriptions to one product that run.",
            running.count,
        )
        told.append(words)
    if paid.count:
        told.append(ngettext("%(num)s order was paid twice.", "%(num)s orders were paid twice.", paid.count))
    number = running.order_number or paid.order_number
    remedy = Remedy(label=_("See the order"), href=f"/admin/orders/{number}") if number else None
    return HealthResult("broken", " ".join(told), _("Cancel one of the two, and send its payment back."), remedy)


def _disputes_are_answered() -> HealthResult:
    disputed, asked, number = disputes.open_ones()
    if not disputed and not asked:
        return HealthResult("good", _("No payment is disputed."))
    told = []
    if disputed:
        told.append(
            ngettext("%(num)s payment is disputed by its buyer’s bank.", "%(num)s payments are disputed.", disputed)
        )
    if asked:
        told.append(ngettext("A bank asks about %(num)s payment.", "Banks ask about %(num)s payments.", asked))
    return HealthResult(
        "broken" if disputed else "advice",
        " ".join(told),
        _("Answer at the provider in time: without an answer the money is lost."),
        Remedy(label=_("See the order"), href=f"/admin/orders/{number}"),
    )


disputes_are_answered = HealthCheck(name="disputes", label=_l("Disputes"), check=_disputes_are_answered)
nobody_pays_twice = HealthCheck(name="nobody-pays-twice", label=_l("Double payments"), check=_nobody_pays_twice)
refunds_leave = HealthCheck(name="refunds-leave", label=_l("Refunds"), check=_refunds_leave)
