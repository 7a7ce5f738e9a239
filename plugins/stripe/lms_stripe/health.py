"""Is the connection well? Answered from our database only."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from lms.api import clock, db
from lms.extend import HealthCheck, HealthResult
from lms_stripe import client, connections, endpoints, tasks
from lms_stripe.connections import Connection
from lms_stripe.models import Checkout

_QUIET = timedelta(hours=24)
_PAGE = _l("Open Settings, Stripe.")


def _in_use() -> list[Connection]:
    return [row for row in connections.all_of_them() if row.status not in {"disconnected", "connecting"}]


def _key_works() -> HealthResult:
    used = _in_use()
    if not used:
        return HealthResult("advice", _("Stripe is not connected."), _("Connect it in Settings, Stripe."))
    for row in used:
        if row.status != "active":
            return HealthResult("broken", row.reason or _("The connection to Stripe does not work."), str(_PAGE))
    return HealthResult("good", _("The keys work, as far as we know."))


def _webhook_arrives() -> HealthResult:
    for row in _in_use():
        result = _delivery(row)
        if result is not None:
            return result
    given_up = tasks.dead()
    if given_up:
        sentence = _("%(count)s changes at Stripe could not be read for three days.", count=given_up)
        return HealthResult("broken", sentence, str(_PAGE))
    return HealthResult("good", _("Stripe tells us what happens."))


def _delivery(row: Connection) -> HealthResult | None:
    facts = connections.facts_of(row)
    endpoint = facts.endpoint
    if row.delivery == "polling":
        return HealthResult(
            "advice", _("Stripe cannot reach this site: it has no public https address."), _("Set LMS_SITE_URL.")
        )
    if endpoint is None or not endpoint.secret:
        return HealthResult("broken", _("There is no webhook endpoint."), str(_PAGE))
    if endpoints.has_moved(endpoint):
        return HealthResult("broken", _("Stripe still tells the old address of this site."), str(_PAGE))
    if endpoint.api_version != client.PINNED:
        return HealthResult("advice", _("The webhook endpoint speaks an older version."), str(_PAGE))
    if endpoint.failures:
        sentence = _("%(count)s deliveries had a wrong signature.", count=endpoint.failures)
        return HealthResult("advice", sentence, _("If they were Stripe's, press Repair on the connection."))
    since = clock.real_now() - _QUIET
    paid = select(func.count(Checkout.id)).where(
        Checkout.connection_id == row.id, Checkout.status == "fulfilled", Checkout.updated_at > since
    )
    is_silent = facts.last_event_at is None or facts.last_event_at < since
    if is_silent and db.session.scalar(paid):
        return HealthResult("broken", _("People paid, and Stripe told us nothing for a day."), str(_PAGE))
    return None


def _portal_is_active() -> HealthResult:
    for row in _in_use():
        if row.portal_enabled and row.portal_status != "active":
            return HealthResult(
                "broken",
                _("The customer portal of %(account)s is not active.", account=row.account_name),
                _("Press Activate Customer Portal in Settings, Stripe."),
            )
    return HealthResult("good", _("The customer portal is active wherever it is switched on."))


key_works = HealthCheck(name="key-works", label=_l("Stripe: key"), check=_key_works)
webhook_arrives = HealthCheck(name="webhook-arrives", label=_l("Stripe: webhook"), check=_webhook_arrives)
portal_is_active = HealthCheck(name="portal-is-active", label=_l("Stripe: customer portal"), check=_portal_is_active)
