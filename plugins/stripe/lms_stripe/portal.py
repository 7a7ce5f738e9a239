"""Stripe's customer portal: our configuration of it, and sessions, made on the click.

A session's address is a bearer secret: it goes into one redirect, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from lms.api import commerce, db
from lms.api.problem import Conflict
from lms.api.web import site_url
from lms_stripe import client, connections, facts, operations, portal_features
from lms_stripe.connections import Connection
from lms_stripe.failures import Missing, PermissionMissing, Refused, StripeFailure
from lms_stripe.models import ConnectionRow, PortalConfiguration, Price, Subscription
from lms_stripe.portal_features import Choices, Plan

PURPOSE = "default"
INSTALMENTS = "instalments"
"""Of the configuration for people who pay in instalments: nobody cancels or changes what was agreed to its end."""
DASHBOARD = "dashboard"
# What Stripe's portal can speak (docs.stripe.com/api/customer_portal/sessions/create#locale).
_LOCALES = """
bg cs da de el en en-AU en-CA en-GB en-IE en-IN en-NZ en-SG es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv
ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW
"""
LOCALES = frozenset(_LOCALES.split())


def configuration_of(connection_id: int, purpose: str = PURPOSE) -> PortalConfiguration | None:
    """The configuration that our sessions carry; with ``DASHBOARD`` the account's own one, as last looked at."""
    return db.session.scalar(select(PortalConfiguration).filter_by(connection_id=connection_id, purpose=purpose))


def choices_of(connection_id: int) -> Choices:
    """What the owner lets students do there."""
    stored = db.session.scalar(select(ConnectionRow.portal_choices).where(ConnectionRow.id == connection_id))
    return portal_features.read(stored)


def wanted_features(connection_id: int) -> dict[str, Any]:
    """What our configuration should say, after the owner's choices and the prices of today."""
    return portal_features.features(choices_of(connection_id), _plans(connection_id))


def is_plan(offer: commerce.OfferView) -> bool:
    """Whether students may move to the offer from another one: a subscription that is for everybody."""
    return offer.kind == "subscription" and offer.open_to_id is None


def _plans(connection_id: int) -> list[Plan]:
    query = select(Price).filter_by(connection_id=connection_id, active=True)
    found: dict[str, list[str]] = {}
    for row in db.session.scalars(query.where(Price.interval != "").order_by(Price.id)):
        offer = commerce.find_offer(row.offer_id)
        # What a sale takes off is for those who begin; nobody moves to it.
        if offer is not None and is_plan(offer) and row.unit_amount == offer.amount:
            found.setdefault(row.product_id, []).append(row.price_id)
    return [Plan(product_id, tuple(price_ids)) for product_id, price_ids in found.items()]


def activate(connection: Connection, *, verify: bool = False) -> str:
    """Switch the portal on, and return the configuration's id; pressing twice changes nothing. Commits.

    Our stored configuration, else an active one with our mark, else a new one. ``verify`` does not trust the stored
    id, because Stripe has just refused it. Raises ``StripeFailure``; the state then says what is the matter.
    """
    is_new = configuration_of(connection.id) is None
    try:
        found = _ensure(connection, PURPOSE, wanted_features(connection.id), verify=verify)
    except StripeFailure as failure:
        if is_new or isinstance(failure, PermissionMissing):
            connections.change(connection.id, portal_status="needs_attention")
            db.commit()
        raise
    return _switch_on(connection, found)


def _ensure(connection: Connection, purpose: str, features: dict[str, Any], *, verify: bool) -> str:
    """The id of our active configuration for the purpose with these features. May commit. Raises ``StripeFailure``."""
    row = configuration_of(connection.id, purpose)
    wanted = operations.params_hash(features)
    if row is not None and row.status == "active" and row.features_hash == wanted and not verify:
        return row.stripe_id
    stored = row.stripe_id if row is not None else None
    made_before = operations.result(connection.id, "portal.configuration", purpose)
    found = _usable_at_stripe(connection, purpose, stored, features)
    if found is None:
        # What was made before is not active there any longer, so asking for the same again would lead to it.
        found = _create(connection, purpose, features, renew=made_before is not None)
    _keep(connection.id, purpose, found, features, wanted)
    return found


def _keep(connection_id: int, purpose: str, stripe_id: str, features: Mapping[str, Any], digest: str) -> None:
    row = configuration_of(connection_id, purpose) or PortalConfiguration(connection_id=connection_id, purpose=purpose)
    row.stripe_id, row.features, row.features_hash, row.status = stripe_id, dict(features), digest, "active"
    db.session.add(row)


def _switch_on(connection: Connection, configuration_id: str) -> str:
    connections.change(connection.id, portal_enabled=True, portal_status="active")
    db.commit()
    return configuration_id


def _usable_at_stripe(
    connection: Connection, purpose: str, stored: str | None, features: Mapping[str, Any]
) -> str | None:
    """An active configuration of ours with the features that we want; brought up to date where that is needed."""
    stripe = connections.client_of(connection)
    mark = connection.site_id
    db.commit()
    with client.outside():
        listed = [
            client.plain(entry)
            for entry in stripe.v1.billing_portal.configurations.list({"active": True, "limit": 100}).auto_paging_iter()
        ]
    marks = _marks(connection, purpose)
    ours = [entry for entry in listed if _marked(entry) == (mark, marks.get("purpose", PURPOSE))]
    ours.sort(key=lambda entry: entry["id"] != stored)
    if not ours:
        return None
    found = str(ours[0]["id"])
    changes: Any = {"features": features}
    try:
        with client.outside():
            stripe.v1.billing_portal.configurations.update(found, changes)
    except (Missing, Refused):
        # Made by other means, so that Stripe lets nobody change it: replaced by one of ours.
        return None
    return found


def _marks(connection: Connection, purpose: str) -> dict[str, str]:
    # The first one had no mark of its purpose, and is found by that.
    return {"site_id": connection.site_id} | ({} if purpose == PURPOSE else {"purpose": purpose})


def _marked(entry: Mapping[str, Any]) -> tuple[str, str]:
    marks = entry.get("metadata") or {}
    return str(marks.get("site_id") or ""), str(marks.get("purpose") or PURPOSE)


def _create(connection: Connection, purpose: str, features: Mapping[str, Any], *, renew: bool) -> str:
    if renew:
        operations.forget(connection.id, "portal.configuration", purpose)
    stripe = connections.client_of(connection)
    params: dict[str, Any] = {
        "features": features,
        "default_return_url": site_url("/account/billing"),
        "metadata": _marks(connection, purpose),
        "name": "Stoa",
    }
    return operations.make(
        connection.id,
        "portal.configuration",
        purpose,
        params,
        lambda given, key: stripe.v1.billing_portal.configurations.create(given, {"idempotency_key": key}),  # type: ignore[arg-type]
    ).stripe_id


def choose(connection: Connection, choices: Choices) -> None:
    """Keep what students may do from now on, and say it to Stripe. Commits.

    Raises ``StripeFailure``; the choices are kept then, and said with the next repair.
    """
    connections.change(connection.id, portal_choices=choices.as_stored(), portal_source="own")
    db.commit()
    if connection.portal_enabled:
        activate(connection)


def follow_prices(connection: Connection) -> None:
    """A price came or went: students who may change plans find today's prices in the portal. Commits."""
    row = configuration_of(connection.id)
    if row is None or connection.portal_source != "own" or not choices_of(connection.id).change_plan:
        return
    if row.features_hash != operations.params_hash(wanted_features(connection.id)):
        activate(connection)


def use_dashboards_own(connection: Connection) -> None:
    """Leave what students may do to the account's Dashboard: sessions carry no configuration of ours. Commits.

    Raises ``Conflict`` when the account has none, because Stripe would then refuse each session.
    """
    stripe = connections.client_of(connection)
    db.commit()
    with client.outside():
        listed = stripe.v1.billing_portal.configurations.list({"is_default": True, "active": True, "limit": 1})
    if not listed.data:
        raise Conflict(
            _("Your Stripe account has no portal configuration of its own yet."),
            next_step=_("In Stripe, open Settings, Billing, Customer portal, and save it once."),
        )
    found = client.plain(listed.data[0])
    features = found.get("features") or {}
    _keep(connection.id, DASHBOARD, str(found["id"]), features, operations.params_hash(features))
    connections.change(connection.id, portal_source=DASHBOARD)
    _switch_on(connection, str(found["id"]))


def switch_off(connection: Connection) -> None:
    """Portal links lead nowhere from now on; the configuration stays. Does not commit."""
    connections.change(connection.id, portal_enabled=False)


def open_session(
    connection: Connection,
    customer_id: str,
    return_url: str,
    locale: str = "",
    flow: Mapping[str, Any] | None = None,
    completed_url: str = "",
) -> str:
    """The address of a new portal session of the customer. Commits. Raises ``StripeFailure``.

    ``flow`` leads straight to one task (``flow_data``), and to ``completed_url`` once it is done. A configuration that
    is gone at Stripe is made again once.
    ``Missing`` with ``param`` "customer" means that the customer is gone.
    """
    params: dict[str, Any] = {"customer": customer_id, "return_url": return_url, "locale": _locale(locale)}
    if flow:
        params["flow_data"] = {
            **flow,
            "after_completion": {"type": "redirect", "redirect": {"return_url": completed_url or return_url}},
        }
    # A task of its own begins with one subscription and goes back; only the portal's own pages show all of them.
    is_bound = not flow and _pays_instalments(connection.id, customer_id)
    if connection.portal_source == DASHBOARD and not is_bound:
        return _session(connection, params)
    db.commit()
    # Many may press at once, and who only reads waits for nobody: SQLite has one writer.
    with db.scope(db.Mode.READ):
        row = configuration_of(connection.id)
        configuration = row.stripe_id if row is not None else ""
        db.commit()
    if is_bound:
        configuration = _for_instalments(connection)
    configuration = configuration or activate(connection)
    try:
        return _session(connection, params | {"configuration": configuration})
    except (Missing, Refused) as failure:
        if failure.param == "customer" or "configuration" not in f"{failure.param} {failure.detail}":
            raise
    again = _for_instalments(connection, verify=True) if is_bound else activate(connection, verify=True)
    return _session(connection, params | {"configuration": again})


def _pays_instalments(connection_id: int, customer_id: str) -> bool:
    """Whether the customer has a plan that is not paid off."""
    query = select(Subscription.id).filter_by(connection_id=connection_id, customer_id=customer_id)
    bound = query.where(Subscription.instalments.is_not(None), Subscription.status.in_(facts.RUNNING))
    return db.session.scalar(bound.limit(1)) is not None


def _for_instalments(connection: Connection, *, verify: bool = False) -> str:
    """The id of the configuration in which nothing is cancelled or changed. Commits. Raises ``StripeFailure``."""
    choices = replace(choices_of(connection.id), cancel="off", change_plan=False)
    found = _ensure(connection, INSTALMENTS, portal_features.features(choices), verify=verify)
    db.commit()
    return found


def _session(connection: Connection, params: Mapping[str, Any]) -> str:
    db.commit()
    with db.scope(db.Mode.READ):
        stripe = connections.client_of(connection)
        db.commit()
    given: Any = dict(params)
    with client.outside():
        session = stripe.v1.billing_portal.sessions.create(given)
    return str(session.url)


def _locale(person_locale: str) -> str:
    name = person_locale.replace("_", "-")
    return next((found for found in (name, name.partition("-")[0]) if found in LOCALES), "auto")
