"""Automatic tax: settings, registrations, and one standard rate per country.

The rates are those of 2026 in their simplest form, without reduced rates, states or reverse charge: enough to see a tax
line come and go. https://docs.stripe.com/tax/registering: without a registration nothing is collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank
from lms_stripe_simulator.state import Object

SETTINGS_ID = "tax_settings"
VAT = {
    "AT": 20, "BE": 21, "BG": 20, "CY": 19, "CZ": 21, "DE": 19, "DK": 25, "EE": 24, "ES": 21, "FI": 25.5, "FR": 20,
    "GR": 24, "HR": 25, "HU": 27, "IE": 23, "IT": 22, "LT": 21, "LU": 17, "LV": 21, "MT": 18, "NL": 21, "PL": 23,
    "PT": 23, "RO": 21, "SE": 25, "SI": 22, "SK": 23,
}  # fmt: skip
"""The countries of the European Union, which share one registration scheme."""
OTHERS = {"GB": 20, "CH": 8.1, "NO": 25, "AU": 10, "NZ": 15, "JP": 10, "CA": 5, "US": 7, "SG": 9, "IN": 18}
NAMES = {"AU": "GST", "NZ": "GST", "CA": "GST", "SG": "GST", "IN": "GST", "JP": "JCT", "US": "Sales Tax"}
EXCLUSIVE_BY_CUSTOM = ("usd", "cad")


@dataclass(frozen=True)
class Taxed:
    """The tax of one line: minor units, and whether the line's amount already holds it."""

    amount: int
    taxable: int
    inclusive: bool
    rate: Object
    reason: str

    def on_invoice(self) -> Object:
        """Return it as invoices show it."""
        return {
            "amount": self.amount,
            "tax_behavior": "inclusive" if self.inclusive else "exclusive",
            "tax_rate_details": {"tax_rate": self.rate["id"]},
            "taxability_reason": self.reason,
            "taxable_amount": self.taxable,
            "type": "tax_rate_details",
        }

    def on_checkout(self) -> Object:
        """Return it as a session's line items show it."""
        return {
            "amount": self.amount,
            "rate": self.rate,
            "taxability_reason": self.reason,
            "taxable_amount": self.taxable,
        }


@dataclass(frozen=True)
class Assessment:
    """What automatic tax says about some lines."""

    status: str | None
    """``complete``, ``requires_location_inputs`` or, without automatic tax, None."""
    lines: list[Taxed | None]

    @property
    def amount(self) -> int:
        """Return all tax."""
        return sum(taxed.amount for taxed in self.lines if taxed)

    @property
    def added(self) -> int:
        """Return what comes on top of the lines."""
        return sum(taxed.amount for taxed in self.lines if taxed and not taxed.inclusive)


def settings(scope: Scope) -> Object:
    """Return the account's tax settings; they are pending until there is an address of the head office."""
    stored = scope.find(SETTINGS_ID, "tax.settings")
    return stored or scope.add(
        {
            "id": SETTINGS_ID,
            "object": "tax.settings",
            "defaults": {"provider": "stripe", "tax_behavior": None, "tax_code": None},
            "head_office": None,
            "livemode": scope.livemode,
            "status": "pending",
            "status_details": {"pending": {"missing_fields": ["head_office"]}},
        }
    )


def registration_is_active(scope: Scope, registration: Object) -> bool:
    """Return whether tax is collected on a registration now."""
    ended = registration["expires_at"] is not None and registration["expires_at"] <= scope.now
    return registration["active_from"] <= scope.now and not ended


def require_settings(scope: Scope) -> None:
    """Raise Stripe's error where automatic tax is asked for but not set up."""
    if settings(scope)["status"] != "active":
        raise invalid(
            "You must have a valid head office address to enable automatic tax calculation in "
            f"{scope.mode} mode. Visit "
            f"https://dashboard.stripe.com/{'' if scope.livemode else 'test/'}settings/tax to update it.",
            "automatic_tax[enabled]",
        )


def behaviour_of(scope: Scope, price: Object) -> str:
    """Return ``inclusive`` or ``exclusive`` for a price; raises where neither it nor the settings say so."""
    said = price["tax_behavior"]
    if said in ("inclusive", "exclusive"):
        return str(said)
    default = settings(scope)["defaults"]["tax_behavior"]
    if default == "inferred_by_currency":
        return "exclusive" if price["currency"] in EXCLUSIVE_BY_CUSTOM else "inclusive"
    if default is None:
        raise invalid(
            f"Price {price['id']} must specify a `tax_behavior` (`inclusive` or `exclusive`) when automatic tax is "
            "enabled, unless your tax settings have a default.",
            "line_items",
        )
    return str(default)


def assess(scope: Scope, address: Object | None, lines: Sequence[tuple[Any, int]]) -> Assessment:
    """Return the tax of ``(price, amount after discounts)`` for a buyer at an address."""
    country = str((address or {}).get("country") or "").upper()
    if not country:
        return Assessment("requires_location_inputs", [None for _ in lines])
    collecting = is_collected(scope, country)
    return Assessment("complete", [_taxed(scope, price, net, country, collecting=collecting) for price, net in lines])


def is_collected(scope: Scope, country: str) -> bool:
    """Return whether a registration covers a country: its own, or for the Union one under the one-stop shop."""
    for registration in scope.each("tax.registration"):
        if not registration_is_active(scope, registration):
            continue
        options = registration["country_options"].get(registration["country"].lower()) or {}
        union = str(options.get("type", "")).startswith("oss") and country in VAT
        if registration["country"] == country or union:
            return True
    return False


def percentage(country: str) -> float:
    """Return a country's standard rate; 0 where the simulator knows none."""
    return float(VAT.get(country, OTHERS.get(country, 0)))


def _taxed(scope: Scope, price: Any, net: int, country: str, *, collecting: bool) -> Taxed | None:
    if price is None:
        return None
    inclusive = behaviour_of(scope, price) == "inclusive"
    rate = percentage(country) if collecting else 0.0
    share = Decimal(str(rate)) / (100 + Decimal(str(rate)) if inclusive else 100)
    amount = int((net * share).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    reason = "standard_rated" if collecting and rate else "not_supported" if collecting else "not_collecting"
    taxable = net - amount if inclusive else net
    return Taxed(amount, taxable if rate else 0, inclusive, _rate(scope, country, rate, inclusive=inclusive), reason)


def _rate(scope: Scope, country: str, percent: float, *, inclusive: bool) -> Object:
    """Return the stored tax rate of a country, made when it is first needed."""
    for known in scope.each("tax_rate"):
        if (known["country"], known["percentage"], known["inclusive"]) == (country, percent, inclusive):
            return known
    name = NAMES.get(country, "VAT")
    made = blank(
        "tax_rate",
        id=new_id("txr"),
        active=False,
        country=country,
        created=scope.now,
        display_name=name,
        effective_percentage=percent,
        inclusive=inclusive,
        jurisdiction=country,
        jurisdiction_level="country",
        livemode=scope.livemode,
        metadata={},
        percentage=percent,
        rate_type="percentage",
        tax_type={"GST": "gst", "JCT": "jct", "Sales Tax": "sales_tax"}.get(name, "vat"),
    )
    return scope.add(made)
