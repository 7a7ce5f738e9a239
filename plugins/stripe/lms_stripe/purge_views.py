"""The owner's page on which test purchases are removed, once it was read what that means."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import ValidationError

from lms.api import audit
from lms.api.web import Form, flash, redirect, render, requires
from lms.extend import fields
from lms_stripe import presses, purge
from lms_stripe.blueprint import blueprint
from lms_stripe.settings import CAPABILITY

SETTINGS = "/admin/settings/stripe"
WORD = "test"
"""What is typed, in every language: what is shut does not open again by a click."""


class PurgeForm(Form):
    """The word, typed."""

    word = fields.PlainText(_l("To go on"), max_length=20, description=_l("Type the word test."))

    def validate_word(self, field: Any) -> None:
        """The very word."""
        if (field.data or "").strip().casefold() != WORD:
            raise ValidationError(_("Type %(word)s to remove them.", word=WORD))


@blueprint.get("/test-purchases")
@requires(CAPABILITY)
def ask_purge() -> Any:
    """What would be shut, in numbers."""
    return render("stripe/purge.html", form=PurgeForm(), found=purge.found())


@blueprint.post("/test-purchases")
@requires(CAPABILITY)
def purge_tests() -> Any:
    """Shut it. A second press finds nothing, and says so."""
    form = PurgeForm()
    if not form.validate_on_submit():
        return render("stripe/purge.html", form=form, found=purge.found()), 422
    gone = purge.purge(presses.person_id())
    if gone.orders:
        detail = {"orders": gone.orders, "people": gone.people, "doors": gone.doors}
        audit.record("stripe.tests_purged", actor_id=presses.person_id(), subject="stripe/test", detail=detail)
    said = ngettext("%(num)s test purchase was removed.", "%(num)s test purchases were removed.", gone.orders)
    flash(said if gone.orders else _("There was nothing left to remove."), "success")
    return redirect(SETTINGS)
