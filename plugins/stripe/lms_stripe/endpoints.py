"""Our webhook endpoint at Stripe: made by connecting, adopted when it is there, moved with a demo."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import update

from lms.api import config, db, settings
from lms.api.clock import real_now
from lms.api.ids import new_token
from lms.api.problem import Conflict
from lms.api.urls import is_loopback
from lms.api.web import site_url
from lms.extend import SealedColumn
from lms_stripe import client, connections, events, portal
from lms_stripe.connections import Connection, Endpoint
from lms_stripe.failures import Missing, StripeFailure
from lms_stripe.models import WebhookEndpoint

_OLD_SECRET_LASTS = timedelta(hours=24)


def wanted_url(token: str) -> str:
    """Where Stripe delivers to."""
    return site_url(f"/ext/stripe/hook/{token}")


def can_receive(connection: Connection) -> bool:
    """Whether Stripe (or the simulator beside us) can reach this site."""
    address = config.current().site_url
    if connections.is_simulated(connection):
        return is_loopback(address)
    return address.startswith("https://") and not is_loopback(address)


def secrets_of(endpoint: Any) -> list[str]:
    """The secrets that a delivery may be signed with, the current one first."""
    found = [settings.unseal(_place(endpoint.token), endpoint.secret)] if endpoint.secret else []
    if endpoint.previous_secret and endpoint.previous_until and endpoint.previous_until > real_now():
        found.append(settings.unseal(_place(endpoint.token), endpoint.previous_secret))
    return found


_PLACE = "stripe_webhook_endpoint.{}"
sealed = tuple(
    SealedColumn(name=column.key, column=column, key=WebhookEndpoint.token, place=_PLACE)
    for column in (WebhookEndpoint.secret, WebhookEndpoint.previous_secret)
)


def _place(token: str) -> str:
    return _PLACE.format(token)


def ensure(connection: Connection) -> str:
    """Make sure that Stripe tells us what happens; returns ``webhook`` or ``polling``. Commits.

    Adopts our own endpoint when its secret is known; else makes a new one and deletes what we made before, since a
    secret is shown once and the version of an endpoint cannot be changed. Raises ``StripeFailure``.
    """
    if not can_receive(connection):
        return "polling"
    ours = connections.endpoint_of(connection.id)
    stripe = connections.client_of(connection)
    mark = connection.site_id
    db.commit()
    with client.outside():
        listed = [
            client.plain(entry)
            for entry in stripe.v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter()
            if (client.plain(entry).get("metadata") or {}).get("site_id") == mark
        ]
    current = _adoptable(ours, listed)
    if ours is not None and current is not None:
        _adjust(connection, ours, current)
    else:
        _create(connection)
    _delete(connection, [e["id"] for e in listed if current is None or e["id"] != current["id"]])
    return "webhook"


def follow_types(connection: Connection) -> None:
    """Have our endpoint told of every type of event that this version reads. Commits. Raises ``StripeFailure``.

    Nothing is asked of Stripe where it is so already, or where the endpoint is one that only Repair can mend.
    """
    ours = connections.endpoint_of(connection.id)
    if ours is None or not ours.secret or ours.api_version != client.PINNED or set(ours.events) == set(events.TYPES):
        return
    stripe = connections.client_of(connection)
    db.commit()
    changes: Any = {"enabled_events": list(events.TYPES)}
    with client.outside():
        stripe.v1.webhook_endpoints.update(ours.stripe_id, changes)
    _change(ours.id, events=list(events.TYPES))
    db.commit()


def _adoptable(ours: Endpoint | None, listed: list[dict[str, Any]]) -> dict[str, Any] | None:
    if ours is None or not ours.secret:
        return None
    return next((e for e in listed if e["id"] == ours.stripe_id and e.get("api_version") == client.PINNED), None)


def _adjust(connection: Connection, ours: Endpoint, current: dict[str, Any]) -> None:
    url = wanted_url(ours.token)
    is_right = current["url"] == url and current.get("status") == "enabled"
    if not is_right or set(current.get("enabled_events") or ()) != set(events.TYPES):
        stripe = connections.client_of(connection)
        db.commit()
        changes: Any = {"url": url, "enabled_events": list(events.TYPES), "disabled": False}
        with client.outside():
            stripe.v1.webhook_endpoints.update(str(ours.stripe_id), changes)
    _change(ours.id, url=url, events=list(events.TYPES), failures=0)
    db.commit()


def _create(connection: Connection) -> None:
    token = new_token(24)
    url = wanted_url(token)
    stripe = connections.client_of(connection)
    params: Any = {
        "url": url,
        "enabled_events": list(events.TYPES),
        "api_version": client.PINNED,
        "description": "Stoa",
        "metadata": {"site_id": connection.site_id},
    }
    db.commit()
    with client.outside():
        # No kept key: an endpoint whose secret we did not get is of no use, and the next run deletes it.
        made = stripe.v1.webhook_endpoints.create(params)
    db.session.execute(
        update(WebhookEndpoint).filter_by(connection_id=connection.id, status="active").values(status="replaced")
    )
    db.session.add(
        WebhookEndpoint(
            connection_id=connection.id,
            stripe_id=made.id,
            token=token,
            url=url,
            api_version=client.PINNED,
            events=list(events.TYPES),
            secret=settings.seal(_place(token), str(made.secret)),
        )
    )
    db.commit()


def rotate_secret(endpoint: Endpoint, secret: str) -> None:
    """Use another secret from now on; the one before is accepted for a day. Does not commit."""
    _change(
        endpoint.id,
        previous_secret=endpoint.secret,
        previous_until=real_now() + _OLD_SECRET_LASTS,
        secret=settings.seal(_place(endpoint.token), secret),
    )


def _change(endpoint_id: int, **values: Any) -> None:
    db.session.execute(update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(**values))


def _delete(connection: Connection, stripe_ids: list[str]) -> None:
    stripe = connections.client_of(connection)
    db.commit()
    for stripe_id in stripe_ids:
        try:
            with client.outside():
                stripe.v1.webhook_endpoints.delete(stripe_id)
        except Missing:
            continue


def remove(connection: Connection) -> str:
    """Delete our endpoint at Stripe; returns "" or a sentence on what to remove by hand. Commits."""
    ours = connections.endpoint_of(connection.id)
    if ours is None:
        return ""
    sentence = ""
    try:
        _delete(connection, [str(ours.stripe_id)])
    except StripeFailure:
        sentence = _("Delete the webhook endpoint %(url)s in Stripe by hand.", url=ours.url)
    _change(ours.id, status="replaced")
    db.commit()
    return sentence


def leave_alone(connection: Connection) -> None:
    """Forget our endpoint without a word to Stripe, because it belongs to another site. Does not commit."""
    ours = connections.endpoint_of(connection.id)
    if ours is not None:
        _change(ours.id, status="replaced")


def take_along(connection: Connection) -> str:
    """This site has moved: Stripe tells the new address from now on. Returns the way of delivery. Commits."""
    delivery = ensure(connection)
    connections.change(connection.id, delivery=delivery, site_url=config.current().site_url)
    db.commit()
    return delivery


def send_test(connection: Connection) -> None:
    """Have Stripe tell us something harmless, along the very way that payments are told. Commits.

    Stripe has no event for tests, so our mark on our own portal configuration is written again: it changes nothing
    for anybody, and Stripe tells that it was changed. Raises ``Conflict`` without such a configuration.
    """
    configuration = portal.configuration_of(connection.id)
    if configuration is None:
        raise Conflict(
            _("There is nothing to test with yet."), next_step=_("Activate the customer portal first, then try again.")
        )
    configuration_id = configuration.stripe_id
    stripe = connections.client_of(connection)
    now = real_now()
    connections.change(connection.id, tested_at=now)
    db.commit()
    marks: Any = {"metadata": {"site_id": connection.site_id, "tested_at": now.isoformat(timespec="seconds")}}
    with client.outside():
        stripe.v1.billing_portal.configurations.update(configuration_id, marks)


def keep_secret(connection: Connection, secret: str) -> None:
    """The owner rolled the endpoint's secret in Stripe: the new one counts, the old one for a day. Does not commit.

    Raises ``Conflict`` for what is no such secret.
    """
    ours = connections.endpoint_of(connection.id)
    if ours is None or not re.fullmatch(r"whsec_[A-Za-z0-9_]{8,}", secret):
        raise Conflict(
            _("This is no signing secret."), next_step=_("In Stripe it stands on the endpoint's page, as whsec_….")
        )
    rotate_secret(ours, secret)


def follow_the_demo(connection: Connection) -> bool:
    """A demo that was started on another port moves its endpoint by itself; whether it did. Commits."""
    is_demo = config.current().env == "demo" and connections.is_simulated(connection)
    ours = connections.endpoint_of(connection.id)
    if not is_demo or ours is None or ours.url == wanted_url(ours.token):
        return False
    take_along(connection)
    return True
