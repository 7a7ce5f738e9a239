"""Stripe's customer portal: our configuration of it, and sessions, made on the click.

A session's address is a bearer secret: it goes into one redirect, and nowhere else.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from lms.api import db
from lms.api.web import site_url
from lms_stripe import client, connections, operations
from lms_stripe.connections import Connection
from lms_stripe.failures import Missing, PermissionMissing, Refused, StripeFailure
from lms_stripe.models import PortalConfiguration

PURPOSE = "default"
# What Stripe's portal can speak (docs.stripe.com/api/customer_portal/sessions/create#locale).
_LOCALES = """
bg cs da de el en en-AU en-CA en-GB en-IE en-IN en-NZ en-SG es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv
ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW
"""
LOCALES = frozenset(_LOCALES.split())

FEATURES: dict[str, Any] = {
    # Not the e-mail: who somebody is here does not follow from what they type there.
    "customer_update": {"enabled": True, "allowed_updates": ["address", "name", "phone", "tax_id"]},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {
        "enabled": True,
        "mode": "at_period_end",
        "cancellation_reason": {
            "enabled": True,
            "options": ["too_expensive", "missing_features", "unused", "too_complex", "low_quality", "other"],
        },
    },
}


def configuration_of(connection_id: int) -> PortalConfiguration | None:
    """The configuration that our sessions carry."""
    return db.session.scalar(select(PortalConfiguration).filter_by(connection_id=connection_id, purpose=PURPOSE))


def activate(connection: Connection, *, verify: bool = False) -> str:
    """Switch the portal on, and return the configuration's id; pressing twice changes nothing. Commits.

    Our stored configuration, else an active one with our mark, else a new one. ``verify`` does not trust the stored
    id, because Stripe has just refused it. Raises ``StripeFailure``; the state then says what is the matter.
    """
    row = configuration_of(connection.id)
    wanted = operations.params_hash(FEATURES)
    if row is not None and row.status == "active" and row.features_hash == wanted and not verify:
        return _switch_on(connection, row.stripe_id)
    stored = row.stripe_id if row is not None else None
    try:
        found = _usable_at_stripe(connection, stored)
        if found is None:
            found = _create(connection, renew=stored is not None)
    except StripeFailure as failure:
        if stored is None or isinstance(failure, PermissionMissing):
            connections.change(connection.id, portal_status="needs_attention")
            db.commit()
        raise
    row = configuration_of(connection.id) or PortalConfiguration(connection_id=connection.id, purpose=PURPOSE)
    row.stripe_id, row.features, row.features_hash, row.status = found, FEATURES, wanted, "active"
    db.session.add(row)
    return _switch_on(connection, found)


def _switch_on(connection: Connection, configuration_id: str) -> str:
    connections.change(connection.id, portal_enabled=True, portal_status="active")
    db.commit()
    return configuration_id


def _usable_at_stripe(connection: Connection, stored: str | None) -> str | None:
    """An active configuration of ours with the features that we want; brought up to date where that is needed."""
    stripe = connections.client_of(connection)
    mark = connection.site_id
    db.commit()
    with client.outside():
        listed = [
            client.plain(entry)
            for entry in stripe.v1.billing_portal.configurations.list({"active": True, "limit": 100}).auto_paging_iter()
        ]
    ours = [entry for entry in listed if (entry.get("metadata") or {}).get("site_id") == mark]
    ours.sort(key=lambda entry: entry["id"] != stored)
    if not ours:
        return None
    found = str(ours[0]["id"])
    changes: Any = {"features": FEATURES}
    try:
        with client.outside():
            stripe.v1.billing_portal.configurations.update(found, changes)
    except (Missing, Refused):
        # Made by other means, so that Stripe lets nobody change it: replaced by one of ours.
        return None
    return found


def _create(connection: Connection, *, renew: bool) -> str:
    if renew:
        operations.forget(connection.id, "portal.configuration", PURPOSE)
    stripe = connections.client_of(connection)
    params: dict[str, Any] = {
        "features": FEATURES,
        "default_return_url": site_url("/account/billing"),
        "metadata": {"site_id": connection.site_id},
        "name": "Stoa",
    }
    return operations.make(
        connection.id,
        "portal.configuration",
        PURPOSE,
        params,
        lambda given, key: stripe.v1.billing_portal.configurations.create(given, {"idempotency_key": key}),  # type: ignore[arg-type]
    ).stripe_id


def switch_off(connection: Connection) -> None:
    """Portal links lead nowhere from now on; the configuration stays. Does not commit."""
    connections.change(connection.id, portal_enabled=False)


def open_session(connection: Connection, customer_id: str, return_url: str, locale: str = "") -> str:
    """The address of a new portal session of the customer. Commits. Raises ``StripeFailure``.

    A configuration that is gone at Stripe is made again once. ``Missing`` with ``param`` "customer" means that the
    customer is gone.
    """
    row = configuration_of(connection.id)
    configuration = row.stripe_id if row is not None else activate(connection)
    try:
        return _session(connection, customer_id, configuration, return_url, locale)
    except (Missing, Refused) as failure:
        if failure.param == "customer" or "configuration" not in f"{failure.param} {failure.detail}":
            raise
    return _session(connection, customer_id, activate(connection, verify=True), return_url, locale)


def _session(connection: Connection, customer_id: str, configuration: str, return_url: str, locale: str) -> str:
    stripe = connections.client_of(connection)
    db.commit()
    with client.outside():
        session = stripe.v1.billing_portal.sessions.create(
            {
                "customer": customer_id,
                "configuration": configuration,
                "return_url": return_url,
                "locale": _locale(locale),
            }
        )
    return str(session.url)


def _locale(person_locale: str) -> str:
    name = person_locale.replace("_", "-")
    return next((found for found in (name, name.partition("-")[0]) if found in LOCALES), "auto")
