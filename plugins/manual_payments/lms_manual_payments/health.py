"""Can people pay by bank transfer? Answered from our database only."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from lms.extend import HealthCheck, HealthResult
from lms_manual_payments import invoices, settings
from lms_manual_payments.invoices import State


def _is_set_up() -> HealthResult:
    if not settings.terms().is_complete:
        return HealthResult(
            "advice", _("Nobody can pay by bank transfer yet."), _("Fill in Settings, Bank transfer, or switch it off.")
        )
    held = invoices.count(State.HELD)
    if held:
        sentence = ngettext(
            "%(num)s transfer came with another amount than was agreed.",
            "%(num)s transfers came with another amount than was agreed.",
            held,
        )
        return HealthResult("advice", sentence, _("Accept or refund it: Admin, Invoices, Paid."))
    return HealthResult("good", _("People can pay by bank transfer."))


is_set_up = HealthCheck(name="set-up", label=_l("Bank transfer"), check=_is_set_up)
