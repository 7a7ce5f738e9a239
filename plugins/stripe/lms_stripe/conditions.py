"""The condition that only Stripe knows about."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from lms.extend import Condition
from lms_stripe import links

ALL = (
    Condition(
        name="customer",
        label=_l("Has bought through Stripe"),
        help=_l("Also when nothing runs any more: those who find the customer portal and their invoices there."),
        source_label="Stripe",
        states=("purchased", "lapsed"),
        holds=lambda ctx, _args: links.has_bought(ctx) is True,
    ),
)
