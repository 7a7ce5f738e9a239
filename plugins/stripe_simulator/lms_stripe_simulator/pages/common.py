"""What the pages share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import current_app, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from lms_stripe_simulator import money
from lms_stripe_simulator.accounts import account
from lms_stripe_simulator.billing.cart import price_in_words
from lms_stripe_simulator.billing.instruments import USUAL, Instrument, instrument, method_in_words
from lms_stripe_simulator.billing.periods import date_in_words, moment_in_words
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object, State
from lms_stripe_simulator.steering import Control

UNKNOWN_NUMBER = "This is not one of the simulator's test numbers. They are listed below the field."


def words_of() -> dict[str, Callable[..., Any]]:
    """Return what templates may call."""
    return {
        "money": money.words,
        "date": date_in_words,
        "moment": moment_in_words,
        "price": price_in_words,
        "method": method_in_words,
        "instruments": lambda: USUAL,
    }


def filters() -> dict[str, Callable[..., Any]]:
    """Return the templates' filters: what a drop-down list is made of."""
    return {
        "zip_same": lambda words: [(word, word) for word in words],
        "pairs": lambda options: [(option["value"], option["label"]) for option in options],
    }


def back(address: str) -> Response:
    """Return to the page that a form came from, where it named one of ours, else to an address of ours."""
    wanted = request.form.get("back", "")
    return redirect(wanted if wanted.startswith("/") and not wanted.startswith("//") else address, 303)


def state() -> State:
    """Return the simulator's storage."""
    found: Control = current_app.extensions["simulator_control"]
    return found.state


def by_secret(kind: str, secret: str) -> tuple[Scope, Object]:
    """Return the object whose address holds a secret; raises a 404."""
    statement = (
        "SELECT account, livemode, body FROM object WHERE kind = ? AND json_extract(body, '$._secret') = ? LIMIT 1"
    )
    row = state().row(statement, kind, secret)
    if row is None:
        raise NotFound("There is nothing at this address.")
    return Scope(state(), row["account"], bool(row["livemode"])), json.loads(row["body"])


def business(scope: Scope) -> str:
    """Return the name of the account that a page belongs to."""
    return str(account(scope.state, scope.account)["name"])


def chosen_instrument() -> tuple[Instrument | None, str | None]:
    """Return the instrument that the form names, or why there is none.

    A radio button other than "the number above" wins over the typed number.
    """
    choice = request.form.get("method", "typed")
    found = instrument(request.form.get("number", "") if choice == "typed" else choice)
    return found, None if found else UNKNOWN_NUMBER
