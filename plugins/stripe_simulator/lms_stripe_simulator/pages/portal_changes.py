"""Portal pages for plans and payment methods, and the page on which customers ask for a link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.exceptions import NotFound

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import portal
from lms_stripe_simulator.billing.customers import detach_method
from lms_stripe_simulator.pages.common import business, chosen_instrument, state
from lms_stripe_simulator.pages.portal import blueprint as opened
from lms_stripe_simulator.pages.visit import Answer, Visit
from lms_stripe_simulator.problem import ApiError
from lms_stripe_simulator.resources.portal import add_session
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object

login = Blueprint("portal_login", __name__, template_folder="templates")
MOST = 99


@opened.get("/subscriptions/<identifier>/update")
def ask_update(secret: str, identifier: str) -> Answer:
    """Show the plans that the configuration offers."""
    visit = Visit(secret)
    feature, subscription = visit.require("subscription_update"), visit.subscription(identifier)
    return _update_page(visit, feature, subscription)


def _update_page(visit: Visit, feature: Object, subscription: Object, **more: Any) -> str:
    return visit.render(
        "portal_update",
        feature=feature,
        entry=portal.described(visit.scope, subscription),
        plans=portal.plans(visit.scope, feature, subscription),
        most=MOST,
        **({"error": None} | more),
    )


@opened.post("/subscriptions/<identifier>/update")
def update(secret: str, identifier: str) -> Answer:
    """Change to another plan or quantity, or take a promotion code."""
    with state().change():
        visit = Visit(secret)
        feature, subscription = visit.require("subscription_update"), visit.subscription(identifier)
        allowed = feature["default_allowed_updates"]
        wanted, code = request.form.get("price", ""), request.form.get("promotion_code", "").strip()
        offered = [plan["price"]["id"] for plan in portal.plans(visit.scope, feature, subscription)]
        if wanted and wanted not in offered:
            raise NotFound("This plan is not offered.")
        if code and "promotion_code" in allowed:
            if problem := portal.apply_code(visit.scope, subscription, code):
                return _update_page(visit, feature, subscription, error=problem), 422
            subscription = visit.subscription(identifier)
        quantity = _quantity(subscription) if "quantity" in allowed else None
        if wanted or quantity:
            portal.change_plan(visit.scope, feature, subscription, wanted or None, quantity)
        return visit.done("subscription_update")


def _quantity(subscription: Object) -> int | None:
    """Return the quantity that the form asks for, or None where it is the present one."""
    text = request.form.get("quantity", "")
    if not text.isdigit() or not 1 <= int(text) <= MOST:
        return None
    return int(text) if int(text) != subscription["items"]["data"][0]["quantity"] else None


@opened.get("/subscriptions/<identifier>/update-confirm")
def ask_confirm(secret: str, identifier: str) -> Answer:
    """Show what a flow's change costs."""
    visit = Visit(secret)
    feature, subscription = visit.require("subscription_update"), visit.subscription(identifier)
    wanted = _wanted(visit, subscription)
    price = visit.scope.find(wanted["price"] or "", "price") or subscription["items"]["data"][0]["price"]
    return visit.render(
        "portal_confirm",
        entry=portal.described(visit.scope, subscription),
        price_after=price,
        name_after=visit.scope.known(price["product"], "product")["name"],
        quantity_after=wanted["quantity"],
        invoice=portal.next_invoice(visit.scope, feature, subscription, wanted["price"], wanted["quantity"]),
        discounts=visit.flow["subscription_update_confirm"]["discounts"],
    )


def _wanted(visit: Visit, subscription: Object) -> Object:
    """Return the item that a flow asks to confirm; raises a 404 for other portals and subscriptions."""
    flow = (visit.flow or {}).get("subscription_update_confirm")
    if not flow or flow["subscription"] != subscription["id"] or visit.session.get("_flow_done"):
        raise NotFound("There is nothing to confirm.")
    found: Object = flow["items"][0]
    return found


@opened.post("/subscriptions/<identifier>/update-confirm")
def confirm(secret: str, identifier: str) -> Answer:
    """Make a flow's change."""
    with state().change():
        visit = Visit(secret)
        feature, subscription = visit.require("subscription_update"), visit.subscription(identifier)
        wanted = _wanted(visit, subscription)
        if discounts := visit.flow["subscription_update_confirm"]["discounts"]:
            portal.apply_discounts(visit.scope, subscription, discounts)
            subscription = visit.subscription(identifier)
        portal.change_plan(visit.scope, feature, subscription, wanted["price"], wanted["quantity"])
        return visit.done("subscription_update_confirm")


@opened.get("/payment-method")
def ask_method(secret: str) -> Answer:
    """Show the form for another card."""
    visit = Visit(secret)
    visit.require("payment_method_update")
    return visit.render("portal_method", number="4242 4242 4242 4242", chosen="typed", errors={})


@opened.post("/payment-method")
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


@opened.post("/payment-methods/<identifier>/<action>")
def change_known_method(secret: str, identifier: str, action: str) -> Answer:
    """Make one of the customer's payment methods the default, or remove it."""
    with state().change():
        visit = Visit(secret)
        visit.require("payment_method_update")
        method = visit.method(identifier)
        if action == "default":
            portal.make_default(visit.scope, visit.customer, method)
        elif action == "remove":
            detach_method(visit.scope, method)
        else:
            raise NotFound("There is no such step.")
        return redirect(visit.home, 303)


def _configuration(secret: str) -> tuple[Scope, Object]:
    """Return the configuration whose login page this is; raises a 404 where it is off."""
    rows = state().rows("SELECT account, livemode, id FROM object WHERE kind = 'billing_portal.configuration'")
    for row in rows:
        scope = Scope(state(), row["account"], bool(row["livemode"]))
        found = scope.known(row["id"], "billing_portal.configuration")
        if found["active"] and (found["login_page"]["url"] or "").endswith(f"/p/login/{secret}"):
            return scope, found
    raise NotFound("There is no such page.")


@login.get("/p/login/<secret>")
def ask_address(secret: str) -> Answer:
    """Ask for the customer's e-mail address."""
    scope, _ = _configuration(secret)
    return render_template("simulator/portal_login.html", business=business(scope), error=None, mail=None)


@login.post("/p/login/<secret>")
def send_link(secret: str) -> Answer:
    """Show the mail that Stripe would send; the answer is the same for addresses that nobody has."""
    with state().change():
        scope, configuration = _configuration(secret)
        address = request.form.get("email", "").strip()
        try:
            rules.email(address)
        except ApiError:
            error = "Enter an e-mail address, such as name@example.org."
            page = "simulator/portal_login.html"
            return render_template(page, business=business(scope), error=error, mail=None), 422
        living = (c for c in scope.each("customer") if c["email"] == address and not c.get("_deleted"))
        customer = next(living, None)
        link = None
        if customer:
            link = add_session(scope, state().base_url, customer, configuration)["url"]
        mail = {"to": address, "link": link}
        return render_template("simulator/portal_login.html", business=business(scope), error=None, mail=mail)
