"""The owner's choices about the portal as a form, and in words for the settings page."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.api.web import Form
from lms.extend import fields
from lms_stripe.portal_features import PAUSE_MONTHS, Choices


class ChoicesForm(Form):
    """What students may do in the portal. The fields are named as in ``Choices``."""

    cancel = fields.Choice(
        _l("Cancel a subscription"),
        [
            ("period_end", _l("At the end of the paid period")),
            ("immediately", _l("At once")),
            ("off", _l("Not in the portal")),
        ],
    )
    reasons = fields.Toggle(_l("Ask for a reason"), description=_l("Shown in Stripe’s Dashboard."))
    update_card = fields.Toggle(_l("Update the card"))
    invoices = fields.Toggle(_l("See invoices"))
    details = fields.Toggle(
        _l("Change address, name and tax number"),
        description=_l("Never the e-mail address: people change that here."),
    )
    pause_months = fields.Choice(
        _l("Pause a subscription"),
        [(0, _l("Not in the portal")), (1, _l("For one month")), (2, _l("Up to two months")), (3, _l("Up to three"))],
        coerce=int,
    )
    change_plan = fields.Toggle(
        _l("Change to another plan"),
        description=_l("Among the subscription prices of this site; the difference is charged or credited."),
    )

    @classmethod
    def of(cls, choices: Choices) -> ChoicesForm:
        """The form as the choices stand."""
        return cls(formdata=None, data=choices.as_stored())

    def choices(self) -> Choices:
        """What was chosen, after ``validate``."""
        return Choices(**{each.name: self[each.name].data for each in dataclass_fields(Choices)})


def in_words(choices: Choices) -> list[str]:
    """What students may do, for a line of the settings page."""
    cancel = {"period_end": _("Cancel, at the end of the period"), "immediately": _("Cancel, at once"), "off": ""}
    words = (
        _("Update the card") if choices.update_card else "",
        _("See invoices") if choices.invoices else "",
        cancel[choices.cancel],
        _("Take back a cancellation") if choices.cancel == "period_end" else "",
        _("Pause") if choices.pause_months in PAUSE_MONTHS[1:] else "",
        _("Change the plan") if choices.change_plan else "",
        _("Change address and tax number") if choices.details else "",
    )
    return [word for word in words if word]
