"""What a buyer fills in on the checkout page, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lms_stripe_simulator import rules
from lms_stripe_simulator.billing.completion import Buyer
from lms_stripe_simulator.billing.tax import OTHERS, VAT
from lms_stripe_simulator.problem import ApiError
from lms_stripe_simulator.state import Object

COUNTRIES = sorted({*VAT, *OTHERS})
ADDRESS = ("line1", "line2", "postal_code", "city", "state", "country")
ASKED_FOR_TAX = ("postal_code", "country")


@dataclass
class Filled:
    """A buyer, or what is wrong by the name of the field."""

    buyer: Buyer
    errors: dict[str, str] = field(default_factory=dict)


def known_email(session: Object) -> str | None:
    """Return the address of a session's customer, which the page shows but does not let change."""
    details = session["customer_details"] if session["customer"] else None
    return (details or {}).get("email")


def asks_address(session: Object) -> tuple[str, ...]:
    """Return which parts of an address the page asks for."""
    if session["billing_address_collection"] == "required":
        return ADDRESS
    return ASKED_FOR_TAX if session["automatic_tax"]["enabled"] else ()


def read(session: Object, form: Mapping[str, str]) -> Filled:
    """Return what a form says about the buyer of a session."""
    given = {name: value.strip() for name, value in form.items()}
    asked = session["consent_collection"] or {}
    email = known_email(session) or given.get("email", "")
    address = address_of(session, given)
    buyer = Buyer(
        email=email,
        name=given.get("name") or None,
        phone=given.get("phone") or None,
        address=address,
        terms_accepted=bool(given.get("terms")),
        promotions=("opt_in" if given.get("promotions") else "opt_out") if asked.get("promotions") == "auto" else None,
        custom={entry["key"]: given.get(f"custom_{entry['key']}", "") for entry in session["custom_fields"]},
    )
    return Filled(buyer, _errors(session, buyer, asked))


def address_of(session: Object, given: Mapping[str, str]) -> Object | None:
    """Return the address that a form gives, or None where none is asked for or given."""
    if not asks_address(session) or not given.get("country"):
        return None
    return {name: given.get(name) or None for name in ADDRESS}


def _errors(session: Object, buyer: Buyer, asked: Object) -> dict[str, str]:
    errors: dict[str, str] = {}
    try:
        rules.email(buyer.email)
    except ApiError:
        errors["email"] = "Enter an e-mail address, such as name@example.org."
    wanted, address = asks_address(session), buyer.address or {}
    if wanted and not address.get("country"):
        errors["country"] = "Choose a country."
    if session["billing_address_collection"] == "required":
        if not buyer.name:
            errors["name"] = "Enter a name."
        for name, words in (("line1", "a street"), ("postal_code", "a postal code"), ("city", "a city")):
            if not address.get(name):
                errors[name] = f"Enter {words}."
    if session["phone_number_collection"]["enabled"] and not buyer.phone:
        errors["phone"] = "Enter a telephone number."
    if asked.get("terms_of_service") == "required" and not buyer.terms_accepted:
        errors["terms"] = "Accept the terms to go on."
    for entry in session["custom_fields"]:
        if problem := _custom_error(entry, buyer.custom.get(entry["key"], "")):
            errors[f"custom_{entry['key']}"] = problem
    return errors


def _custom_error(entry: Object, value: str) -> str | None:
    if not value:
        return None if entry["optional"] else "Fill this in."
    settings = entry[entry["type"]]
    if entry["type"] == "dropdown":
        return None if value in [option["value"] for option in settings["options"]] else "Choose one of these."
    if entry["type"] == "numeric" and not value.isdigit():
        return "Enter digits only."
    if settings["minimum_length"] and len(value) < settings["minimum_length"]:
        return f"Enter at least {settings['minimum_length']} characters."
    if settings["maximum_length"] and len(value) > settings["maximum_length"]:
        return f"Enter at most {settings['maximum_length']} characters."
    return None
