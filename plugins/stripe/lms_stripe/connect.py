"""Connecting, step by step. What is done stays done; a step that fails says one sentence and can be tried again.

Nothing is stored before Stripe has said whose key it is: a wrong key leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from lms.api import audit, config, db
from lms.api.problem import Conflict, Problem
from lms.api.urls import is_loopback
from lms_stripe import (
    client,
    connections,
    coupons,
    detours,
    drift,
    endpoints,
    keys,
    listed_prices,
    operations,
    portal,
    prices,
    simulator_clock,
)
from lms_stripe.connections import Account, Connection
from lms_stripe.failures import Missing, PermissionMissing, Refused, Unreachable, WrongKey
from lms_stripe.models import Event


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the checklist. ``permission``: what to add to the key when Stripe forbids it."""

    name: str
    words: Any
    run: Callable[[Connection], str] | None = None
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A step as the checklist shows it. ``state`` is done, failed, next or waiting."""

    step: Step
    state: str
    detail: str


def begin(key: str, *, actor_id: int | None) -> Connection:
    """Look at the key, keep it for its account, then take the steps as far as they go. Commits.

    Raises ``Problem`` with one sentence when the key cannot be used; then nothing has changed.
    """
    read = keys.read(key)
    given = connections.environment_key(read.livemode)
    if given and given != key:
        raise WrongKey(_("The environment gives the key of this mode. Change it there."))
    account = _account(key, read)
    connection = connections.save(key, read, account, actor_id=actor_id)
    operations.note_step(connection.id, "key", "succeeded", _key_words(connection))
    operations.note_step(connection.id, "account", "succeeded", f"{account.country} · {account.currency.upper()}")
    subject = f"stripe/{connection.account_id}"
    audit.record("stripe.key_saved", actor_id=actor_id, subject=subject, detail={"mode": connection.mode})
    db.commit()
    proceed(connection)
    return connection


def simulator_key() -> str:
    """A restricted test key of the simulator beside us. Raises ``Problem``."""
    db.commit()
    try:
        told = client.simulator_state().get("keys") or ()
    except Unreachable as failure:
        raise Unreachable(failure.detail) from failure
    found = (str(entry.get("key")) for entry in told if isinstance(entry, dict))
    key = next((key for key in found if key.startswith("rk_test_")), None)
    if key is None:
        raise WrongKey(_("The simulator shows no restricted test key."))
    return key


def _account(key: str, read: keys.Key) -> Account:
    stripe = client.build(key)
    db.commit()
    try:
        with client.outside():
            account = client.plain(stripe.v1.accounts.retrieve_current())
            balance = client.plain(stripe.v1.balance.retrieve())
    except PermissionMissing as failure:
        raise WrongKey(
            _("The key may not read the account. In Stripe, set Account and Balance to Read for this key.")
        ) from failure
    if bool(balance.get("livemode")) != read.livemode:
        raise WrongKey(_("Stripe says that this key is of the other mode. Copy it again from Stripe."))
    profile = account.get("business_profile") or {}
    dashboard = (account.get("settings") or {}).get("dashboard") or {}
    name = profile.get("name") or dashboard.get("display_name") or account.get("email") or account["id"]
    return Account(
        id=str(account["id"]),
        name=str(name)[:255],
        country=str(account.get("country") or ""),
        currency=str(account.get("default_currency") or ""),
    )


def _key_words(connection: Connection) -> str:
    return _("%(prefix)s ending in %(last4)s", prefix=connection.key_prefix, last4=connection.last4)


# One cheap read per thing that we read later: (words, call).
_READS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (_l("customers"), lambda s: s.v1.customers.list({"limit": 1})),
    (_l("products"), lambda s: s.v1.products.list({"limit": 1})),
    (_l("prices"), lambda s: s.v1.prices.list({"limit": 1})),
    (_l("checkout sessions"), lambda s: s.v1.checkout.sessions.list({"limit": 1})),
    (_l("subscriptions"), lambda s: s.v1.subscriptions.list({"limit": 1})),
    (_l("invoices"), lambda s: s.v1.invoices.list({"limit": 1})),
    (_l("payments"), lambda s: s.v1.payment_intents.list({"limit": 1})),
    (_l("refunds"), lambda s: s.v1.refunds.list({"limit": 1})),
    (_l("disputes"), lambda s: s.v1.disputes.list({"limit": 1})),
    (_l("the customer portal"), lambda s: s.v1.billing_portal.configurations.list({"limit": 1})),
)


def _permissions(connection: Connection) -> str:
    stripe = connections.client_of(connection)
    db.commit()
    missing = []
    for words, call in _READS:
        try:
            with client.outside():
                call(stripe)
        except PermissionMissing:
            missing.append(str(words))
    if missing:
        raise WrongKey(_("The key may not read %(things)s.", things=", ".join(missing)))
    return ", ".join(str(words) for words, _call in _READS).capitalize()


def _endpoint(connection: Connection) -> str:
    before = connections.moved_from(connections.get(connection.id))
    if before:
        raise Conflict(
            _("This site was connected at %(address)s. Say first whether it has moved or is a copy.", address=before)
        )
    delivery = endpoints.ensure(connection)
    connections.change(connection.id, delivery=delivery)
    if delivery == "polling":
        return _("This site has no public https address, so we ask Stripe instead.")
    db.commit()
    # Said, but nothing stops for it: what is not delivered is asked for every hour.
    return detours.look(connections.get(connection.id)) or _("Webhook endpoint on this site")


def _portal(connection: Connection) -> str:
    portal.activate(connection)
    return _("Active")


def _prices(connection: Connection) -> str:
    return _("%(count)s prices", count=prices.ensure_all(connection))


def _ready(connection: Connection) -> str:
    connections.activate(connection)
    if connection.connected_at is not None:
        # It was in use before: what happened at Stripe meanwhile is looked for at once.
        drift.begin(connection.id)
    # So that there is something to choose from when the first offer is written.
    listed_prices.ask(connection.id)
    coupons.ask(connection.id)
    return ""


STEPS = (
    Step("key", _l("The key is of the right kind")),
    Step("account", _l("The account is known")),
    Step("permissions", _l("It may read what we need"), _permissions, _l("Read")),
    Step("endpoint", _l("Stripe can tell us about payments"), _endpoint, _l("Webhook Endpoints: Write")),
    Step("portal", _l("Activate the customer portal"), _portal, _l("Customer portal: Write")),
    Step("prices", _l("Connect the prices of your offers"), _prices, _l("Products and Prices: Write")),
    Step("ready", _l("Ready to sell"), _ready),
)


def proceed(connection: Connection) -> bool:
    """Take the steps that are left, in order, until one fails; whether all are done. Commits after each."""
    simulator_clock.follow()
    for step in STEPS:
        if step.run is None:
            continue
        try:
            detail = step.run(connection)
        except Problem as problem:
            db.rollback()
            _stop(connection, step, problem)
            return False
        operations.note_step(connection.id, step.name, "succeeded", detail)
        db.commit()
    return True


def _stop(connection: Connection, step: Step, problem: Problem) -> None:
    sentence = problem.sentence
    if isinstance(problem, Refused | Missing) and problem.detail:
        # The owner may read what Stripe said; students never see this page.
        sentence = f"{sentence} {problem.detail}"
    later = STEPS[STEPS.index(step) + 1 :]
    operations.note_step(connection.id, step.name, "failed", sentence)
    for other in later:
        operations.note_step(connection.id, other.name, "pending")
    connections.degrade(connection.id, sentence)
    db.commit()


def checklist(connection: Connection) -> list[Line]:
    """All steps with their state, from our database only."""
    known = operations.steps(connection.id)
    lines, is_stopped = [], False
    for step in STEPS:
        row = known.get(step.name)
        state = {"succeeded": "done", "failed": "failed"}.get(row.state if row else "", "waiting")
        if state == "waiting" and not is_stopped:
            state = "next"
        is_stopped = is_stopped or state != "done"
        lines.append(Line(step, state, row.error if row else ""))
    return lines


def has_event(connection_id: int) -> bool:
    """Whether Stripe has told us anything yet."""
    return db.session.scalar(select(Event.id).where(Event.connection_id == connection_id).limit(1)) is not None


def is_simulator_offered() -> bool:
    """Whether "Try with the simulator" makes sense here."""
    base = client.api_base()
    return bool(base) and is_loopback(base) and not config.current().is_production
