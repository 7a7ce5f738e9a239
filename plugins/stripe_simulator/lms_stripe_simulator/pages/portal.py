"""The customer portal. Its address is a bearer secret: whoever holds it is the customer, for one hour."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import Gone, NotFound

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import pausing, portal, subscriptions
from lms_stripe_simulator.pages.common import state
from lms_stripe_simulator.pages.visit import Answer, Visit
from lms_stripe_simulator.problem import ApiError
from lms_stripe_simulator.state import Object

blueprint = Blueprint("portal", __name__, template_folder="templates", url_prefix="/p/session/<secret>")


@blueprint.errorhandler(Gone)
def _expired(_error: Gone) -> tuple[str, int]:
    return render_template("simulator/expired.html"), 410


@blueprint.get("")
def home(secret: str) -> Answer:
    """Show what the customer has; a session with a flow begins there instead."""
    visit = Visit(secret)
    if visit.first_page:
        return redirect(visit.first_page, 303)
    scope, customer = visit.scope, visit.customer
    history = visit.configuration["features"]["invoice_history"]["enabled"]
    invoices = [i for i in scope.each("invoice", customer=customer["id"]) if i["status"] != "draft"]
    return visit.render(
        "portal",
        subscriptions=portal.overview(scope, customer),
        card=portal.shown_method(scope, customer),
        methods=list(scope.each("payment_method", customer=customer["id"])),
        invoices=invoices if history else [],
    )


@blueprint.get("/subscriptions/<identifier>/cancel")
def ask_cancel(secret: str, identifier: str) -> Answer:
    """Ask before a subscription is cancelled."""
    visit = Visit(secret)
    feature, subscription = visit.require("subscription_cancel"), visit.subscription(identifier)
    entry, offer = portal.described(visit.scope, subscription), _offer(visit)
    if offer and "decline_offer" not in request.args:
        return visit.render("portal_offer", entry=entry, offer=portal.coupon_in_words(offer))
    return visit.render("portal_cancel", feature=feature, entry=entry)


def _offer(visit: Visit) -> Object | None:
    """Return the coupon that a flow offers to those who would stay, or None."""
    if not visit.flow or visit.flow["type"] != "subscription_cancel" or visit.session.get("_flow_done"):
        return None
    retention = visit.flow["subscription_cancel"]["retention"]
    return visit.scope.find(retention["coupon_offer"]["coupon"], "coupon") if retention else None


@blueprint.post("/subscriptions/<identifier>/stay")
def stay(secret: str, identifier: str) -> Answer:
    """Take the offered coupon and keep the subscription."""
    with state().change():
        visit = Visit(secret)
        visit.require("subscription_cancel")
        subscription, offer = visit.subscription(identifier), _offer(visit)
        if offer is None:
            raise NotFound("There is no offer.")
        portal.apply_discounts(visit.scope, subscription, [{"coupon": offer["id"]}])
        return visit.done("subscription_cancel")


@blueprint.post("/subscriptions/<identifier>/cancel")
def cancel(secret: str, identifier: str) -> Answer:
    """Cancel a subscription as the configuration says: at the period's end, or at once."""
    with state().change():
        visit = Visit(secret)
        feature, subscription = visit.require("subscription_cancel"), visit.subscription(identifier)
        if subscription["status"] in subscriptions.OVER:
            return redirect(visit.home, 303)
        reason = request.form.get("feedback") or None
        if reason not in feature["cancellation_reason"]["options"]:
            reason = None
        details = {"feedback": reason, "comment": request.form.get("comment") or None}
        if feature["mode"] == "immediately":
            portal.cancel_now(visit.scope, feature, subscription, details)
        else:
            end = subscriptions.period_end(subscription)
            subscriptions.plan_end(visit.scope, subscription, end, details)
        return visit.done("subscription_cancel")


@blueprint.post("/subscriptions/<identifier>/resume")
def resume(secret: str, identifier: str) -> Answer:
    """Take a planned end back, or resume a paused subscription."""
    with state().change():
        visit = Visit(secret)
        subscription = visit.subscription(identifier)
        if subscription["status"] == "paused":
            visit.require("subscription_pause")
            pausing.resume(visit.scope, subscription)
        elif subscription["cancel_at"] and subscription["status"] not in subscriptions.OVER:
            visit.require("subscription_cancel")
            subscriptions.plan_end(visit.scope, subscription, None)
        return redirect(visit.home, 303)


@blueprint.get("/subscriptions/<identifier>/pause")
def ask_pause(secret: str, identifier: str) -> Answer:
    """Ask before a subscription is paused."""
    visit = Visit(secret)
    feature, subscription = visit.require("subscription_pause"), visit.subscription(identifier)
    return visit.render("portal_pause", feature=feature, entry=portal.described(visit.scope, subscription))


@blueprint.post("/subscriptions/<identifier>/pause")
def pause(secret: str, identifier: str) -> Answer:
    """Pause a subscription, for as long as was chosen."""
    with state().change():
        visit = Visit(secret)
        feature, subscription = visit.require("subscription_pause"), visit.subscription(identifier)
        if subscription["status"] in ("active", "trialing"):
            resumes_at = portal.pause_end(visit.scope, feature, request.form.get("duration", ""))
            pausing.pause(visit.scope, subscription, resumes_at=resumes_at)
        return visit.done("subscription_pause")


@blueprint.get("/details")
def ask_details(secret: str) -> Answer:
    """Show the form for the customer's own details."""
    visit = Visit(secret)
    feature = visit.require("customer_update")
    return visit.render("portal_details", allowed=feature["allowed_updates"], error=None)


@blueprint.post("/details")
def change_details(secret: str) -> Answer:
    """Change the customer's details, as far as the configuration allows."""
    with state().change():
        visit = Visit(secret)
        allowed = visit.require("customer_update")["allowed_updates"]
        given: dict[str, Any] = {
            name: request.form[name].strip() or None
            for name in ("email", "name", "phone")
            if name in allowed and name in request.form
        }
        try:
            rules.email(given.get("email"))
        except ApiError as error:
            return visit.render("portal_details", allowed=allowed, error=error.message), 422
        if "address" in allowed and "line1" in request.form:
            names = ("line1", "line2", "postal_code", "city", "state", "country")
            given["address"] = {name: request.form.get(name, "").strip() or None for name in names}
        visit.scope.change(visit.customer, "customer.updated", **given)
        return visit.done("customer_update")
