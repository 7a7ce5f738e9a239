"""What the SDK's annotations cannot say: rules between parameters, lengths, limits, addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from lms_stripe_simulator.money import LARGEST
from lms_stripe_simulator.problem import ApiError, invalid
from lms_stripe_simulator.state import Object

METADATA_KEYS, METADATA_KEY, METADATA_VALUE = 50, 40, 500
LENGTHS = {"name": 5000, "email": 512, "description": 5000, "client_reference_id": 200, "lookup_key": 200, "code": 500}
URL_LENGTH = 5000


def lengths(params: dict[str, Any], most: dict[str, int] | None = None) -> None:
    """Refuse text that is too long."""
    for name, limit in (LENGTHS | (most or {})).items():
        value = params.get(name)
        if isinstance(value, str) and len(value) > limit:
            raise invalid(
                f"Invalid string: {value[:10]}...{value[-10:]}; must be at most {limit} characters",
                name,
                "parameter_invalid_string_too_long",
            )


def metadata(given: Any, param: str = "metadata") -> None:
    """Refuse metadata beyond Stripe's limits: 50 keys of 40 characters, values of 500."""
    if not isinstance(given, dict):
        return
    if len(given) > METADATA_KEYS:
        raise invalid(f"Metadata can have at most {METADATA_KEYS} keys.", param)
    for key, value in given.items():
        if len(key) > METADATA_KEY:
            raise invalid(
                f"Metadata keys can have up to {METADATA_KEY} characters, but you passed in {len(key)}: {key}",
                param,
                "parameter_invalid_string_too_long",
            )
        if len(value) > METADATA_VALUE:
            raise invalid(
                f"Metadata values can have up to {METADATA_VALUE} characters, but you passed in a value that is "
                f"{len(value)} characters.",
                f"{param}[{key}]",
                "parameter_invalid_string_too_long",
            )


def merged(old: Object | None, given: Any) -> Object:
    """Return metadata after an update: named keys are set, empty values and ``""`` unset."""
    if given == "":
        return {}
    both = dict(old or {}) | (given or {})
    return {key: value for key, value in both.items() if value != ""}


def email(value: str | None, param: str = "email") -> None:
    """Refuse what is no e-mail address."""
    if value is not None and (value.count("@") != 1 or not all(value.split("@")) or " " in value):
        raise invalid(f"Invalid email address: {value}", param, "email_invalid")


def address(value: str | None, param: str) -> None:
    """Refuse what is no http or https address."""
    if value is None:
        return
    if len(value) > URL_LENGTH:
        raise invalid(f"Invalid URL: must be at most {URL_LENGTH} characters.", param, "url_invalid")
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in value:
        raise invalid(
            "Not a valid URL"
            if "://" in value
            else "Invalid URL: An explicit scheme (such as https) must be provided.",
            param,
            "url_invalid",
        )


def amount(value: int | None, param: str, *, least: int = 0) -> None:
    """Refuse amounts of minor units outside Stripe's bounds."""
    if value is None:
        return
    if value < least:
        raise invalid(
            "Invalid integer: must be greater than or equal to " + str(least), param, "parameter_invalid_integer"
        )
    if value > LARGEST:
        raise invalid(f"Invalid integer: must be no more than {LARGEST}", param, "amount_too_large")


def currency(value: str | None, param: str = "currency") -> str | None:
    """Return a currency in lower case; refuse what is none."""
    if value is None:
        return None
    lower = value.lower()
    if len(lower) != 3 or not lower.isascii() or not lower.isalpha():
        raise invalid(f"Invalid currency: {value}.", param)
    return lower


def only_one(params: dict[str, Any], *names: str) -> None:
    """Refuse more than one of some parameters."""
    given = [name for name in names if params.get(name)]
    if len(given) > 1:
        raise invalid(f"You may only specify one of these parameters: {', '.join(given)}.", given[0])


def required(params: dict[str, Any], name: str) -> None:
    """Refuse a request without a parameter that this case needs."""
    if params.get(name) in (None, ""):
        raise missing_param(name)


def missing_param(name: str) -> ApiError:
    """Return Stripe's error for a parameter that is missing."""
    return invalid(f"Missing required param: {name}.", name, "parameter_missing")


def modelled(params: dict[str, Any], names: Iterable[str], what: str) -> None:
    """Refuse valid parameters whose effect the simulator does not model, instead of ignoring them silently."""
    known = {*names, "expand"}
    for name in params:
        if name not in known:
            raise invalid(f"The simulator does not model '{name}' of {what}.", name, "simulator_unsupported")


def picked(params: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the named parameters that were given; an empty text unsets, so it becomes null."""
    return {name: None if params[name] == "" else params[name] for name in names if name in params}
