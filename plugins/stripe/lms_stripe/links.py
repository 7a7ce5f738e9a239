"""The dynamic link to the customer portal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select

from lms.api import clock, db
from lms.api.web import site_url
from lms.extend import DynamicLink, LinkContext, LinkRefused
from lms_stripe import connections, customers, portal, returning
from lms_stripe.failures import KeyRefused, Missing, StripeFailure, for_buyers
from lms_stripe.models import ConnectionRow, Customer

# The connection that sells comes first, then the newest purchase.
_OWN = (
    select(Customer.connection_id, Customer.stripe_id)
    .join(ConnectionRow, ConnectionRow.id == Customer.connection_id)
    .where(
        Customer.person_id == bindparam("person"),
        Customer.deleted_at.is_(None),
        Customer.first_purchase_at.is_not(None),
        ConnectionRow.portal_enabled.is_(True),
        ConnectionRow.portal_status == "active",
        ConnectionRow.status.in_(connections.USABLE),
    )
    .order_by(ConnectionRow.is_selling.desc(), Customer.first_purchase_at.desc())
)


def own_customers(ctx: LinkContext) -> list[tuple[int, str]]:
    """The person's customers with a portal: (connection, id at Stripe). One query for all links of a page."""
    if ctx.person is None:
        return []
    person_id = ctx.person.id
    return ctx.once(
        ("stripe", "customers", person_id),
        lambda: [(row.connection_id, row.stripe_id) for row in db.session.execute(_OWN, {"person": person_id})],
    )


def context_of(person: Any) -> LinkContext:
    """A context outside a page, for our own return page."""
    return LinkContext(person=person, now=clock.now())


def _available(ctx: LinkContext) -> bool | str:
    if own_customers(ctx):
        return True
    return _("There is nothing to manage until you have bought something.")


def _open(ctx: LinkContext, args: Mapping[str, Any]) -> str:
    """The address of a portal session of this very person: nothing that the browser sent chooses the customer."""
    wanted = str(args.get("return_page") or "")
    back = wanted if wanted and returning.is_allowed(wanted) else ctx.return_to or site_url(returning.HOME)
    for connection_id, customer_id in own_customers(ctx):
        connection = connections.get(connection_id)
        try:
            return portal.open_session(connection, customer_id, returning.address(back), ctx.person.locale)
        except Missing as failure:
            if failure.param != "customer":
                raise for_buyers(failure) from failure
            customers.mark_deleted(connection_id, customer_id)
            db.commit()
        except StripeFailure as failure:
            _note(connection_id, failure)
            raise for_buyers(failure) from failure
    raise LinkRefused(
        _("Your customer account at Stripe is gone"),
        next_step=_("Your courses are not affected. Write to the school if you need an invoice."),
    )


def _note(connection_id: int, failure: StripeFailure) -> None:
    if isinstance(failure, KeyRefused):
        connections.degrade(connection_id, failure.sentence, status="revoked")
        db.commit()


customer_portal = DynamicLink(
    name="customer-portal",
    label=_l("Customer portal"),
    help=_l("Each student's own page at Stripe: change the card, read invoices, cancel."),
    source_label="Stripe",
    form=returning.ReturnPageForm,
    available=_available,
    open=_open,
    hosts=connections.hosted_origins,
)

ALL = (customer_portal,)
