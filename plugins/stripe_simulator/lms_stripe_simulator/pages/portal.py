"""The customer portal. Its address is a bearer secret: whoever holds it is the customer, for one hour."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import Forbidden, Gone, NotFound
from werkzeug.wrappers import Response

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import portal, subscriptions
from lms_stripe_simulator.pages.common import business, by_secret, chosen_instrument, state
from lms_stripe_simulator.problem import ApiError
from lms_stripe_simulator.state import Object

blueprint = Blueprint("portal", __name__, template_folder="templates", url_prefix="/p/session/<secret>")
LIFE = 3_600
Answer = str | Response | tuple[str, int]
FLOW_PAGES = {"payment_method_update": "payment-method", "customer_update": "details"}


class Visit:
    """One opened portal: whose it is, and what its configuration allows."""

    def __init__(self, secret: str) -> None:
        self.scope, self.session = by_secret("billing_portal.session", secret)
        if self.scope.now >= self.session["created"] + LIFE:
            raise Gone("expired")
        self.customer = self.scope.known(self.session["customer"], "customer")
        self.configuration = self.scope.known(self.session["configuration"], "billing_portal.configuration")
        self.home = f"/p/session/{secret}"
        self.flow = self.session["flow"]

    def require(self, feature: str) -> Object:
        """Return a feature; raises a 403 where it is off."""
        found: Object = self.configuration["features"][feature]
        if not found["enabled"]:
            raise Forbidden("This portal does not offer that.")
        return found

    def subscription(self, identifier: str) -> Object:
        """Return one of this customer's subscriptions; raises a 404."""
        found = self.scope.find(identifier, "subscription")
        if found is None or found["customer"] != self.customer["id"]:
            raise NotFound("There is no such subscription.")
        return found

    def done(self, kind: str) -> Answer:
        """Go where a finished page leads: home, or as the flow says."""
        if not self.flow or self.flow["type"] != kind:
            return redirect(self.home, 303)
        self.scope.change(self.session, _flow_done=True)
        after = self.flow["after_completion"]
        if after["type"] == "redirect":
            return redirect(after["redirect"]["return_url"], 303)
        if after["type"] == "hosted_confirmation":
            message = (after["hosted_confirmation"] or {}).get("custom_message") or "All done."
            return self.render("portal_done", message=message)
        return redirect(self.home, 303)

    def render(self, template: str, **context: Any) -> str:
        """Render one of the portal's templates."""
        return render_template(
            f"simulator/{template}.html",
            visit=self,
            business=business(self.scope),
            features=self.configuration["features"],
            **context,
        )


@blueprint.errorhandler(Gone)
def _expired(_error: Gone) -> tuple[str, int]:
    return render_template("simulator/expired.html"), 410


@blueprint.get("")
def home(secret: str) -> Answer:
    """Show what the customer has; a session with a flow begins there instead."""
    visit = Visit(secret)
    if visit.flow and not visit.session.get("_flow_done"):
        return redirect(_flow_page(visit), 303)
    scope, customer = visit.scope, visit.customer
    history = visit.configuration["features"]["invoice_history"]["enabled"]
    invoices = [i for i in scope.each("invoice", customer=customer["id"]) if i["status"] != "draft"]
    return visit.render(
        "portal",
        subscriptions=portal.overview(scope, customer),
        card=portal.shown_method(scope, customer),
        invoices=invoices if history else [],
    )


def _flow_page(visit: Visit) -> str:
    kind = visit.flow["type"]
    if kind in FLOW_PAGES:
        return f"{visit.home}/{FLOW_PAGES[kind]}"
    return f"{visit.home}/subscriptions/{visit.flow[kind]['subscription']}/{kind.removeprefix('subscription_')}"


@blueprint.get("/subscriptions/<identifier>/cancel")
def ask_cancel(secret: str, identifier: str) -> Answer:
    """Ask before a subscription is cancelled."""
    visit = Visit(secret)
    feature, subscription = visit.require("subscription_cancel"), visit.subscription(identifier)
    return visit.render("portal_cancel", feature=feature, entry=portal.described(visit.scope, subscription))


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
            subscriptions.end(visit.scope, subscription, "cancellation_requested", details)
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
            subscriptions.resume(visit.scope, subscription)
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
            subscriptions.pause(visit.scope, subscription, resumes_at=resumes_at)
        return visit.done("subscription_pause")


@blueprint.get("/subscriptions/<identifier>/update")
def ask_update(secret: str, identifier: str) -> Answer:
    """Show the plans that the configuration offers."""
    visit = Visit(secret)
    feature, subscription = visit.require("subscription_update"), visit.subscription(identifier)
    return visit.render(
        "portal_update",
        entry=portal.described(visit.scope, subscription),
        plans=portal.plans(visit.scope, feature, subscription),
    )


@blueprint.post("/subscriptions/<identifier>/update")
def update(secret: str, identifier: str) -> Answer:
    """Change to another plan."""
    with state().change():
        visit = Visit(secret)
        feature, subscription = visit.require("subscription_update"), visit.subscription(identifier)
        offered = [plan["price"]["id"] for plan in portal.plans(visit.scope, feature, subscription)]
        wanted = request.form.get("price", "")
        if wanted not in offered:
            raise NotFound("This plan is not offered.")
        portal.change_plan(visit.scope, feature, subscription, wanted)
        return visit.done("subscription_update")


@blueprint.get("/payment-method")
def ask_method(secret: str) -> Answer:
    """Show the form for another card."""
    visit = Visit(secret)
    visit.require("payment_method_update")
    return visit.render("portal_method", number="4242 4242 4242 4242", chosen="typed", errors={})


@blueprint.post("/payment-method")
def change_method(secret: str) -> Answer:
    """Use another card from now on."""
    with state().change():
        visit = Visit(secret)
        visit.require("payment_method_update")
        found, problem = chosen_instrument()
        errors = {"number_error": problem} if problem else {}
        if found and found.behaviour == "declines":
            errors["declined"] = "Your card was declined."
        if found is None or errors:
            number, chosen = request.form.get("number", ""), request.form.get("method", "typed")
            return visit.render("portal_method", number=number, chosen=chosen, errors=errors), 422
        portal.use_method(visit.scope, visit.customer, found)
        return visit.done("payment_method_update")


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
