"""Is the connection well? Answered from our database only."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, select

from lms.api import clock, commerce, db
from lms.extend import HealthCheck, HealthResult, Remedy
from lms_stripe import (
    catalog,
    client,
    connections,
    coupon_words,
    coupons,
    detours,
    drift,
    mirror,
    operations,
    reconcile,
    records,
    tasks,
)
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
    if connections.moved_from(row):
        sentence = _("This site has another address than when Stripe was connected.")
        return HealthResult("broken", sentence, _("Say in Settings, Stripe, whether it has moved or is a copy."))
    if row.delivery == "polling":
        return HealthResult(
            "advice", _("Stripe cannot reach this site: it has no public https address."), _("Set LMS_SITE_URL.")
        )
    if endpoint is None or not endpoint.secret:
        return HealthResult("broken", _("There is no webhook endpoint."), str(_PAGE))
    if endpoint.api_version != client.PINNED:
        return HealthResult("advice", _("The webhook endpoint speaks an older version."), str(_PAGE))
    in_the_way = detours.known(row.id)
    if in_the_way:
        return HealthResult("broken", in_the_way, _("Set LMS_SITE_URL to the address that answers by itself."))
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


def _nothing_drifts() -> HealthResult:
    for row in _in_use():
        page = Remedy(label=_("See what differed"), href=f"/ext/stripe/connections/{row.id}/drift")
        open_lines = drift.unsettled(row.id)
        if open_lines:
            sentence = _("%(count)s objects are not as we knew them, and have not been read again.", count=open_lines)
            return HealthResult("broken", sentence, _("Look whether Stripe answers."), page)
        last = [reconcile.last(row.id, kind) for kind in reconcile.THOROUGH]
        count = sum(found[1] for found in last if found is not None)
        if count:
            return HealthResult(
                "advice",
                ngettext(
                    "%(num)s subscription or payment was not as we knew it last night; it was read again.",
                    "%(num)s subscriptions and payments were not as we knew them last night; they were read again.",
                    count,
                ),
                _("If this comes every night, send a test event in Settings, Stripe."),
                page,
            )
    return HealthResult("good", _("What we know agrees with Stripe, as last looked over."))


def _invoices_go_out() -> HealthResult:
    for row in _in_use():
        stuck = operations.noted(row.id, mirror.STUCK, "failed")
        if stuck:
            words = ngettext(
                "Stripe cannot finish %(num)s invoice, so nothing is charged: %(why)s",
                "Stripe cannot finish %(num)s invoices, so nothing is charged: %(why)s",
                len(stuck),
                why=stuck[0].error,
            )
            href = records.dashboard(row, stuck[0].business_key)
            remedy = Remedy(label=_("Open it in Stripe"), href=href) if href else None
            return HealthResult("broken", words, _("Mend it in Stripe, then finalize the invoice there."), remedy)
    return HealthResult("good", _("Every invoice went out."))


def _picked_prices_are_there() -> HealthResult:
    for row in _in_use():
        lost = catalog.lost_price(row.id)
        offer = commerce.find_offer(lost.offer_id) if lost is not None else None
        if offer is not None:
            sentence = _(
                "The price that %(offer)s of “%(product)s” was tied to is archived in Stripe, or gone. It is sold with "
                "another one of the same amount, which this site makes.",
                offer=offer.label,
                product=offer.product_name,
            )
            page = f"/admin/products/{offer.product_id}/offers/{offer.id}/edit#prices"
            remedy = Remedy(label=_("Choose another price"), href=page)
            return HealthResult("advice", sentence, _("Choose another price, or leave it to this site."), remedy)
    return HealthResult("good", _("Every offer has the price that was picked for it."))


def _given_codes_count() -> HealthResult:
    row = connections.selling()
    # What was never read, or may not be, is not known to be missing.
    if row is not None and coupons.read_at(row.id) is not None:
        now = clock.now()
        for offer in commerce.active_offers():
            found = coupons.codes_named(row.id, offer.promotion_code) if offer.promotion == "fixed" else None
            if found is None or any(not coupon_words.why_off(code, coupon, now) for code, coupon in found):
                continue
            sentence = _(
                "Every buyer of %(offer)s of “%(product)s” should get the code %(code)s, which does not count. "
                "They pay the full price.",
                offer=offer.label,
                product=offer.product_name,
                code=offer.promotion_code,
            )
            remedy = Remedy(label=_("Open the coupons"), href=f"/ext/stripe/connections/{row.id}/coupons")
            todo = _("Switch the code on, make it again, or take it off the offer.")
            return HealthResult("advice", sentence, todo, remedy)
    return HealthResult("good", _("Every code that buyers are given counts."))


given_codes_count = HealthCheck(name="given-codes-count", label=_l("Codes of offers"), check=_given_codes_count)
picked_prices_are_there = HealthCheck(
    name="picked-prices-are-there", label=_l("Picked prices"), check=_picked_prices_are_there
)
invoices_go_out = HealthCheck(name="invoices-go-out", label=_l("Invoices"), check=_invoices_go_out)
nothing_drifts = HealthCheck(name="nothing-drifts", label=_l("Agreement"), check=_nothing_drifts)
key_works = HealthCheck(name="key-works", label=_l("Key"), check=_key_works)
webhook_arrives = HealthCheck(name="webhook-arrives", label=_l("Webhook"), check=_webhook_arrives)
portal_is_active = HealthCheck(name="portal-is-active", label=_l("Customer portal"), check=_portal_is_active)
