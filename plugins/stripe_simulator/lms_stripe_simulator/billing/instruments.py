"""Test cards and test bank accounts, and how each behaves. No number is ever stored: brand, last four, expiry only."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank_payment_method
from lms_stripe_simulator.state import Object

DAY = 86_400
SETTLES_AFTER = 5 * DAY


@dataclass(frozen=True)
class Instrument:
    """A way to pay on the hosted pages, and its names at the API.

    ``behaviour``: what happens when it is charged; see ``payments``, ``disputes`` and ``refunds``.
    """

    name: str
    label: str
    number: str
    behaviour: str
    brand: str = "visa"
    decline_code: str | None = None
    aliases: tuple[str, ...] = ()
    """Names below ``pm_card_`` and ``tok_``, and other numbers: https://docs.stripe.com/testing"""

    @property
    def is_debit(self) -> bool:
        """Return whether this is a bank debit."""
        return self.brand == "sepa_debit"

    @property
    def shown_number(self) -> str:
        """Return the number in groups of four."""
        return " ".join(re.findall(".{1,4}", self.number))


def _declined(name: str, label: str, number: str, code: str, *aliases: str) -> Instrument:
    return Instrument(name, label, number, "declines", decline_code=code, aliases=aliases)


# https://docs.stripe.com/testing
INSTRUMENTS = (
    Instrument("pays", "Card that pays", "4242424242424242", "pays", aliases=("visa", "bypassPending")),
    Instrument(
        "pays_mastercard", "Mastercard that pays", "5555555555554444", "pays", "mastercard", aliases=("mastercard",)
    ),
    _declined(
        "declines",
        "Card that is declined",
        "4000000000000002",
        "generic_decline",
        "chargeDeclined",
        "visa_chargeDeclined",
    ),
    _declined(
        "insufficient_funds",
        "Card without enough money",
        "4000000000009995",
        "insufficient_funds",
        "chargeDeclinedInsufficientFunds",
        "visa_chargeDeclinedInsufficientFunds",
    ),
    Instrument(
        "3ds",
        "Card that asks for 3-D Secure",
        "4000002500003155",
        "authenticates",
        aliases=("authenticationRequiredOnSetup",),
    ),
    Instrument(
        "declines_later",
        "Card that pays today and is declined at renewals",
        "4000000000000341",
        "declines_later",
        decline_code="generic_decline",
        aliases=("chargeCustomerFail",),
    ),
    Instrument("sepa", "SEPA debit, paid after five days", "AT321904300235473204", "settles", "sepa_debit"),
    Instrument("sepa_fails", "SEPA debit that fails after five days", "AT861904300235473202", "bounces", "sepa_debit"),
    Instrument(
        "3ds_always",
        "Card that asks for 3-D Secure each time, renewals too",
        "4000002760003184",
        "authenticates_always",
        aliases=("authenticationRequired", "threeDSecure2Required", "threeDSecureRequired", "4000000000003220"),
    ),
    Instrument(
        "3ds_declines",
        "Card that asks for 3-D Secure and is declined then",
        "4000008400001629",
        "declines_authenticated",
        decline_code="generic_decline",
        aliases=("authenticationRequiredChargeDeclinedInsufficientFunds",),
    ),
    Instrument(
        "disputes",
        "Card that pays; the day after, its owner says it was fraud",
        "4000000000000259",
        "disputes",
        aliases=("createDispute",),
    ),
    Instrument(
        "disputes_delivery",
        "Card that pays; the day after, its owner says nothing was delivered",
        "4000000000002685",
        "disputes_delivery",
        aliases=("createDisputeProductNotReceived",),
    ),
    Instrument(
        "inquires",
        "Card that pays; the day after, its bank asks a question",
        "4000000000001976",
        "inquires",
        aliases=("createDisputeInquiry",),
    ),
    Instrument("refunds_late", "Card that pays; a refund takes two days", "4000000000007726", "refunds_late"),
    Instrument(
        "refunds_fail",
        "Card that pays; a refund fails two days later",
        "4000000000005126",
        "refunds_fail",
        aliases=("refundFail",),
    ),
    _declined("expired", "Card that has expired", "4000000000000069", "expired_card", "chargeDeclinedExpiredCard"),
    _declined("lost", "Card that was lost", "4000000000009987", "lost_card", "visa_chargeDeclinedLostCard"),
    _declined(
        "wrong_code", "Card with a wrong code", "4000000000000127", "incorrect_cvc", "chargeDeclinedIncorrectCvc"
    ),
    _declined(
        "processing_error",
        "Card whose bank stumbles",
        "4000000000000119",
        "processing_error",
        "chargeDeclinedProcessingError",
    ),
    Instrument("sepa_soon", "SEPA debit, paid at once", "AT611904300234573201", "settles_soon", "sepa_debit"),
    Instrument(
        "sepa_fails_soon",
        "SEPA debit that fails at once",
        "IT60X0542811101000000123456",
        "bounces_soon",
        "sepa_debit",
    ),
)
USUAL = INSTRUMENTS[:8]
"""Those that a payment page offers to click; all others can be typed, and stand on the page of test cards."""


def instrument(text: str) -> Instrument | None:
    """Return the instrument of a name or of a number with or without spaces; None where it is unknown."""
    plain = re.sub(r"[\s-]", "", text)
    return next((i for i in INSTRUMENTS if plain in (i.name, i.number, *i.aliases)), None)


def special(identifier: str) -> Instrument | None:
    """Return the instrument of Stripe's own names for tests, ``pm_card_visa`` or ``tok_visa``; None for others."""
    for prefix in ("pm_card_", "tok_"):
        if identifier.startswith(prefix):
            name = identifier.removeprefix(prefix)
            return next((i for i in INSTRUMENTS if name in i.aliases), None)
    return None


def of_method(method: Object) -> str:
    """Return the behaviour of a stored payment method."""
    return str(method.get("_behaviour", "pays"))


def expiry_year(scope: Scope) -> int:
    """Return the year in which a new card expires."""
    return datetime.fromtimestamp(scope.now, UTC).year + 3


def create_method(
    scope: Scope, found: Instrument, *, email: str | None, customer: str | None, billing: Object | None = None
) -> Object:
    """Store a payment method for an instrument; ``customer`` attaches it, ``billing`` says whose it is."""
    year = expiry_year(scope)
    fingerprint = hashlib.sha256(found.number.encode()).hexdigest()[:16]
    details = _debit(found, fingerprint) if found.is_debit else _card(found, fingerprint, year)
    method = blank_payment_method(
        id=new_id("pm"),
        billing_details=dict.fromkeys(("address", "name", "phone", "tax_id")) | {"email": email} | (billing or {}),
        created=scope.now,
        customer=customer,
        livemode=scope.livemode,
        **details,
    )
    method["_behaviour"] = found.behaviour
    method["_decline_code"] = found.decline_code
    method["_instrument"] = found.name
    scope.add(method)
    if customer:
        scope.emit("payment_method.attached", method)
    return method


def _card(found: Instrument, fingerprint: str, year: int) -> dict[str, Any]:
    card = {
        "brand": found.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": found.brand,
        "exp_month": 12,
        "exp_year": year,
        "fingerprint": fingerprint,
        "funding": "credit",
        "generated_from": None,
        "last4": found.number[-4:],
        "networks": {"available": [found.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return {"type": "card", "card": card}


def _debit(found: Instrument, fingerprint: str) -> dict[str, Any]:
    debit = {
        "bank_code": found.number[4:9],
        "branch_code": "",
        "country": found.number[:2],
        "fingerprint": fingerprint,
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": found.number[-4:],
    }
    return {"type": "sepa_debit", "sepa_debit": debit}


def details_for_charge(method: Object) -> dict[str, Any]:
    """Return ``payment_method_details`` of a charge made with a payment method."""
    if method["type"] == "sepa_debit":
        debit = {name: method["sepa_debit"][name] for name in ("bank_code", "branch_code", "country", "last4")}
        return {"type": "sepa_debit", "sepa_debit": debit | {"fingerprint": None, "mandate": None}}
    names = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    card = {name: method["card"][name] for name in names}
    extra = {"mandate": None, "network": card["brand"], "three_d_secure": None, "wallet": None, "installments": None}
    return {"type": "card", "card": card | extra}


def method_in_words(method: Object) -> str:
    """Return ``Visa ending in 4242, 12/2029``."""
    if method["type"] == "sepa_debit":
        return f"SEPA debit, account ending in {method['sepa_debit']['last4']}"
    card = method["card"]
    return f"{card['brand'].title()} ending in {card['last4']}, {card['exp_month']}/{card['exp_year']}"


def default_method(scope: Scope, subscription: Object) -> Object | None:
    """Return the payment method that a subscription's renewals use, or None."""
    customer = scope.find(subscription["customer"], "customer") or {}
    settings = customer.get("invoice_settings") or {}
    identifier = subscription["default_payment_method"] or settings.get("default_payment_method")
    return scope.find(identifier, "payment_method") if identifier else None
