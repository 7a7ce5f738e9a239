"""Portal configurations and sessions."""

from __future__ import annotations

from typing import Any

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing.customers import living
from lms_stripe_simulator.identifiers import new_id, token
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.resources.portal_flows import flow_of
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

CONFIGURATIONS = "/v1/billing_portal/configurations"
MOST_PRODUCTS = 10
REASONS = ["too_expensive", "missing_features", "switched_service", "unused", "other"]
DEFAULTS: dict[str, Any] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": REASONS},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


def merged_features(scope: Scope, before: Object, given: Object) -> Object:
    """Return features after a change; raises where an enabled one lacks what it needs."""
    result: dict[str, Any] = {}
    for name, default in before.items():
        both = default | {n: ([] if v == "" else v) for n, v in given.get(name, {}).items()}
        result[name] = both
    reason = given.get("subscription_cancel", {}).get("cancellation_reason")
    if reason:
        old = before["subscription_cancel"]["cancellation_reason"]
        said = {name: [] if value == "" else value for name, value in reason.items()}
        result["subscription_cancel"]["cancellation_reason"] = old | said
    duration = given.get("subscription_pause", {}).get("duration")
    if duration:
        options = [{"interval_count": 1} | option for option in duration.get("interval_options") or []]
        result["subscription_pause"]["duration"] = {"interval_options": options, "type": duration["type"]}
    _check_updates(scope, result)
    return result


def _check_updates(scope: Scope, features: Object) -> None:
    if features["customer_update"]["enabled"] and not features["customer_update"]["allowed_updates"]:
        raise rules.missing_param("features[customer_update][allowed_updates]")
    update = features["subscription_update"]
    where = "features[subscription_update]"
    if update["enabled"]:
        for name in ("default_allowed_updates", "products"):
            if not update[name]:
                raise rules.missing_param(f"{where}[{name}]")
    if (update.get("schedule_at_period_end") or {}).get("conditions"):
        message = "The simulator does not model changes that wait for the end of the period."
        raise invalid(message, f"{where}[schedule_at_period_end]", "simulator_unsupported")
    if len(update["products"]) > MOST_PRODUCTS:
        raise invalid(f"A portal configuration takes at most {MOST_PRODUCTS} products.", f"{where}[products]")
    for index, entry in enumerate(update["products"]):
        entry.setdefault("adjustable_quantity", {"enabled": False, "maximum": None, "minimum": 1})
        scope.get("product", entry["product"], f"{where}[products][{index}][product]")
        for number, price in enumerate(entry["prices"]):
            found = scope.get("price", price, f"{where}[products][{index}][prices][{number}]")
            if not found["recurring"]:
                raise invalid("Only recurring prices can be offered.", f"{where}[products][{index}][prices][{number}]")


@operation(
    "POST",
    CONFIGURATIONS,
    params="billing_portal.ConfigurationCreateParams",
    permission="billing_portal_configuration",
)
def create_configuration(call: Call) -> Object:
    """Store a configuration; those made by the API are never the default."""
    _check_addresses(call.params)
    return make_configuration(call.scope, call.params, call.base_url)


def make_configuration(scope: Scope, params: dict[str, Any], base_url: str, *, is_default: bool = False) -> Object:
    """Store a configuration from checked parameters and emit ``billing_portal.configuration.created``."""
    if not params["features"]:
        raise rules.missing_param("features")
    login = params.get("login_page", {}).get("enabled", False)
    configuration = blank(
        "billing_portal.configuration",
        id=new_id("bpc"),
        active=True,
        application=None,
        business_profile=dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url"))
        | params.get("business_profile", {}),
        created=scope.now,
        features=merged_features(scope, DEFAULTS, params["features"]),
        is_default=is_default,
        livemode=scope.livemode,
        login_page=_login_page(base_url, {"enabled": False, "url": None}, enabled=login),
        metadata=params.get("metadata") or {},
        updated=scope.now,
        **rules.picked(params, "default_return_url", "name"),
    )
    scope.add(configuration)
    scope.emit("billing_portal.configuration.created", configuration)
    return configuration


DEFAULT_FEATURES = {
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True},
}


def default_configuration(scope: Scope, base_url: str) -> Object:
    """Return the account's default configuration; made where there is none, as by saving it in the Dashboard."""
    for found in scope.each("billing_portal.configuration"):
        if found["is_default"]:
            return found
    return make_configuration(scope, {"features": DEFAULT_FEATURES}, base_url, is_default=True)


def _login_page(base_url: str, before: Object, *, enabled: bool) -> Object:
    """Return where customers ask for a link to the portal; the address stays while the page is on."""
    url = (before["url"] or f"{base_url}/p/login/{token(20)}") if enabled else None
    return {"enabled": enabled, "url": url}


def _check_addresses(params: dict[str, Any]) -> None:
    rules.metadata(params.get("metadata"))
    rules.address(params.get("default_return_url") or None, "default_return_url")
    profile = params.get("business_profile", {})
    rules.lengths(profile, {"headline": 60})
    for name in ("privacy_policy_url", "terms_of_service_url"):
        rules.address(profile.get(name) or None, f"business_profile[{name}]")


@operation(
    "GET",
    f"{CONFIGURATIONS}/{{configuration}}",
    params="billing_portal.ConfigurationRetrieveParams",
    permission="billing_portal_configuration",
)
def retrieve_configuration(call: Call) -> Object:
    """Return a configuration."""
    return call.target("billing_portal.configuration", "configuration")


@operation(
    "POST",
    f"{CONFIGURATIONS}/{{configuration}}",
    params="billing_portal.ConfigurationUpdateParams",
    permission="billing_portal_configuration",
)
def update_configuration(call: Call) -> Object:
    """Change a configuration."""
    _check_addresses(call.params)
    configuration = call.target("billing_portal.configuration", "configuration")
    if call.params.get("active") is False and configuration["is_default"]:
        raise invalid("The default configuration cannot be deactivated.", "active")
    changes = rules.picked(call.params, "active", "default_return_url", "name")
    if "features" in call.params:
        changes["features"] = merged_features(call.scope, configuration["features"], call.params["features"])
    if "business_profile" in call.params:
        given = {n: v or None for n, v in call.params["business_profile"].items()}
        changes["business_profile"] = configuration["business_profile"] | given
    if "login_page" in call.params:
        wanted = call.params["login_page"]["enabled"]
        changes["login_page"] = _login_page(call.base_url, configuration["login_page"], enabled=wanted)
    if "metadata" in call.params:
        changes["metadata"] = rules.merged(configuration["metadata"], call.params["metadata"])
    event = "billing_portal.configuration.updated"
    return call.scope.change(configuration, event, updated=call.scope.now, **changes)


@operation(
    "GET",
    CONFIGURATIONS,
    params="billing_portal.ConfigurationListParams",
    permission="billing_portal_configuration",
)
def list_configurations(call: Call) -> Object:
    """List configurations."""
    wanted = {name: call.params[name] for name in ("active", "is_default") if name in call.params}
    found = call.scope.each("billing_portal.configuration")
    return call.page(c for c in found if all(c[name] == value for name, value in wanted.items()))


@operation(
    "POST",
    "/v1/billing_portal/sessions",
    params="billing_portal.SessionCreateParams",
    permission="billing_portal_session",
)
def create_session(call: Call) -> Object:
    """Open a session; its ``url`` opens the customer's portal for whoever holds it."""
    params, scope = call.params, call.scope
    known = ("customer", "configuration", "return_url", "locale", "flow_data", "after_expiration")
    rules.modelled(params, known, "portal sessions")
    rules.required(params, "customer")
    rules.address(params.get("return_url"), "return_url")
    customer = living(scope, params["customer"])
    configuration = _configuration(scope, params.get("configuration"))
    return add_session(
        scope,
        call.base_url,
        customer,
        configuration,
        after_expiration=params.get("after_expiration"),
        flow=flow_of(scope, params.get("flow_data"), configuration, customer),
        locale=params.get("locale"),
        return_url=params.get("return_url") or configuration["default_return_url"],
    )


def add_session(scope: Scope, base_url: str, customer: Object, configuration: Object, **fields: Any) -> Object:
    """Store a portal session and emit ``billing_portal.session.created``."""
    secret = token(48)
    session = {
        "id": new_id("bps"),
        "object": "billing_portal.session",
        "after_expiration": None,
        "configuration": configuration["id"],
        "created": scope.now,
        "customer": customer["id"],
        "customer_account": None,
        "flow": None,
        "livemode": scope.livemode,
        "locale": None,
        "on_behalf_of": None,
        "return_url": configuration["default_return_url"],
        "url": f"{base_url}/p/session/{scope.mode}_{secret}",
        "_secret": f"{scope.mode}_{secret}",
        "_opened": scope.state.wall(),
    } | fields
    scope.add(session)
    scope.emit("billing_portal.session.created", session)
    return session


def _configuration(scope: Scope, identifier: str | None) -> Object:
    if identifier:
        found = scope.get("billing_portal.configuration", identifier, "configuration")
        if not found["active"]:
            raise invalid(f"The configuration {identifier} is not active.", "configuration")
        return found
    default = next((c for c in scope.each("billing_portal.configuration") if c["is_default"]), None)
    if default is None:
        raise invalid(
            f"No configuration provided and your {scope.mode} mode default configuration has not been created. Provide "
            f"a configuration or create your default by saving your customer portal settings in {scope.mode} mode at "
            f"https://dashboard.stripe.com/{'' if scope.livemode else 'test/'}settings/billing/portal."
        )
    return default
