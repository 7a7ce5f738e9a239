"""Tax settings, registrations and rates."""

from __future__ import annotations

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing import tax
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

REGISTRATIONS = "/v1/tax/registrations"
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def _without_id(settings: Object) -> Object:
    return {name: value for name, value in settings.items() if name != "id"}


@operation("GET", "/v1/tax/settings", params="tax.SettingsRetrieveParams", permission="tax_settings")
def retrieve_settings(call: Call) -> Object:
    """Return the account's tax settings."""
    return _without_id(tax.settings(call.scope))


@operation("POST", "/v1/tax/settings", params="tax.SettingsUpdateParams", permission="tax_settings")
def update_settings(call: Call) -> Object:
    """Change the account's tax settings."""
    params, scope = call.params, call.scope
    settings = tax.settings(scope)
    changes: Object = {}
    if "defaults" in params:
        changes["defaults"] = settings["defaults"] | params["defaults"]
    if "head_office" in params:
        address = dict.fromkeys(ADDRESS) | params["head_office"]["address"]
        if not address["country"]:
            raise rules.missing_param("head_office[address][country]")
        changes |= {"head_office": {"address": address}, "status": "active", "status_details": {"active": {}}}
    before = {name: settings[name] for name in changes}
    scope.change(settings, **changes)
    scope.emit("tax.settings.updated", _without_id(settings), before)
    return _without_id(settings)


@operation("POST", REGISTRATIONS, params="tax.RegistrationCreateParams", permission="tax_registration")
def create(call: Call) -> Object:
    """Store a registration: from then on tax is collected in its country."""
    params, scope = call.params, call.scope
    country = params["country"].upper()
    options = params["country_options"].get(country.lower())
    if options is None:
        raise rules.missing_param(f"country_options[{country.lower()}]")
    if any(r["country"] == country and tax.registration_is_active(scope, r) for r in scope.each("tax.registration")):
        raise invalid(f"You already have an active registration in {country}.", "country")
    begins = params["active_from"]
    made = blank(
        "tax.registration",
        id=new_id("taxreg"),
        active_from=scope.now if begins == "now" else begins,
        country=country,
        country_options={country.lower(): options},
        created=scope.now,
        livemode=scope.livemode,
        status="active",
        **rules.picked(params, "expires_at"),
    )
    return _fresh(scope, scope.add(made))


def _fresh(scope: Scope, registration: Object) -> Object:
    """Return a registration that says whether it counts now."""
    if registration["active_from"] > scope.now:
        return registration | {"status": "scheduled"}
    return registration | {"status": "active" if tax.registration_is_active(scope, registration) else "expired"}


@operation("GET", f"{REGISTRATIONS}/{{id}}", params="tax.RegistrationRetrieveParams", permission="tax_registration")
def retrieve(call: Call) -> Object:
    """Return a registration."""
    return _fresh(call.scope, call.target("tax.registration", "id"))


@operation("POST", f"{REGISTRATIONS}/{{id}}", params="tax.RegistrationUpdateParams", permission="tax_registration")
def update(call: Call) -> Object:
    """Change when a registration begins or ends."""
    params, scope = call.params, call.scope
    registration = call.target("tax.registration", "id")
    changes: Object = {}
    for name in ("active_from", "expires_at"):
        if name in params:
            changes[name] = {"now": scope.now, "": None}.get(params[name], params[name])
    return _fresh(scope, scope.change(registration, **changes))


@operation("GET", REGISTRATIONS, params="tax.RegistrationListParams", permission="tax_registration")
def list_all(call: Call) -> Object:
    """List registrations, all or those in one state."""
    status = call.params.get("status", "all")
    found = (_fresh(call.scope, registration) for registration in call.scope.each("tax.registration"))
    return call.page(registration for registration in found if status in ("all", registration["status"]))


@operation("GET", "/v1/tax_rates/{tax_rate}", params="TaxRateRetrieveParams", permission="tax_rate")
def retrieve_rate(call: Call) -> Object:
    """Return a tax rate that automatic tax has made."""
    return call.target("tax_rate", "tax_rate")


@operation("GET", "/v1/tax_rates", params="TaxRateListParams", permission="tax_rate")
def list_rates(call: Call) -> Object:
    """List tax rates."""
    return call.page(call.scope.each("tax_rate"))
