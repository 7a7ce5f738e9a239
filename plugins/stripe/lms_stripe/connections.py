"""Our connections: which there are, which one sells, and the key of each."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from lms.api import config, db, settings
from lms.api.clock import real_now
from lms.api.ids import short_id
from lms.api.problem import Conflict, NotFound
from lms.api.urls import origin
from lms_stripe import client
from lms_stripe.keys import Key
from lms_stripe.models import ConnectionRow, Event, Price, WebhookEndpoint

if TYPE_CHECKING:
    import stripe

SECTION = "stripe"
INTEGRATION_VERSION = 1
"""Raised when a connection made before needs something that its owner has to press a button for."""

STRIPE_ORIGINS = ("https://checkout.stripe.com", "https://billing.stripe.com")
_ENVIRONMENT = {False: "LMS_STRIPE_TEST_KEY", True: "LMS_STRIPE_LIVE_KEY"}
USABLE = ("active", "degraded")


@dataclass(frozen=True, slots=True)
class Account:
    """What Stripe says about the account behind a key."""

    id: str
    name: str
    country: str
    currency: str


@dataclass(frozen=True, slots=True)
class Connection:
    """One Stripe account in one mode, as read: it outlives the transaction, so that Stripe can be called after it."""

    id: int
    account_id: str
    livemode: bool
    mode: str
    site_id: str
    account_name: str
    auth: str
    credential_ref: str
    key_prefix: str
    last4: str
    country: str
    currency: str
    integration_version: int
    is_selling: bool
    portal_enabled: bool
    portal_status: str
    portal_source: str
    tax_enabled: bool
    tax_status: str
    site_url: str
    tested_at: datetime | None
    delivery: str
    status: str
    reason: str
    cursor: datetime | None
    connected_at: datetime | None
    disconnected_at: datetime | None

    @property
    def is_usable(self) -> bool:
        """Whether calls to Stripe make sense."""
        return self.status in USABLE


_READ = select(*(getattr(ConnectionRow, each.name) for each in fields(Connection)))


def get(connection_id: int) -> Connection:
    """The connection. Raises ``NotFound``."""
    row = db.session.execute(_READ.where(ConnectionRow.id == connection_id)).one_or_none()
    if row is None:
        raise NotFound(_("There is no such connection."))
    return Connection(*row)


def all_of_them() -> list[Connection]:
    """Every connection that was ever made, test before live."""
    rows = db.session.execute(_READ.order_by(ConnectionRow.livemode, ConnectionRow.id))
    return [Connection(*row) for row in rows]


def in_use() -> list[Connection]:
    """The connections that may be asked: not those of a copied site, which would tell the people of another one."""
    return [row for row in all_of_them() if row.is_usable and not moved_from(row)]


def selling() -> Connection | None:
    """The connection that new orders go to."""
    usable = ConnectionRow.status.in_(USABLE) & ConnectionRow.is_selling.is_(True)
    row = db.session.execute(_READ.where(usable).limit(1)).one_or_none()
    return Connection(*row) if row is not None else None


def change(connection_id: int, **values: Any) -> None:
    """Write columns of a connection. Does not commit."""
    db.session.execute(update(ConnectionRow).where(ConnectionRow.id == connection_id).values(**values))


def environment_key(livemode: bool) -> str:
    """The key that the environment gives for the mode; it wins over the stored one."""
    return os.environ.get(_ENVIRONMENT[livemode], "").strip()


def key_of(connection: Connection) -> str:
    """The connection's key. Raises ``Conflict`` when it has none any longer."""
    key = environment_key(connection.livemode) or settings.secret(SECTION, f"key_{connection.id}") or ""
    if not key:
        raise Conflict(_("This connection has no key any longer. Connect it again."))
    return key


def client_of(connection: Connection) -> stripe.StripeClient:
    """A client that speaks for the connection. Sends nothing."""
    return client.build(key_of(connection))


def save(key: str, read: Key, account: Account, *, actor_id: int | None) -> Connection:
    """Keep the key for its account: the row that was there before, or a new one. Does not commit."""
    query = select(ConnectionRow).filter_by(account_id=account.id, livemode=read.livemode).with_for_update()
    row = db.session.scalar(query)
    if row is None:
        row = ConnectionRow(
            account_id=account.id, livemode=read.livemode, site_id=short_id(16), mode="", status="connecting"
        )
        db.session.add(row)
    row.mode = _mode(read)
    row.auth, row.key_prefix, row.last4 = read.kind, read.prefix, read.last4
    row.account_name, row.country, row.currency = account.name, account.country, account.currency
    row.reason = ""
    row.credential_ref = "environment" if environment_key(read.livemode) == key else "setting"
    if row.status not in USABLE:
        row.status, row.disconnected_at = "connecting", None
    db.session.flush()  # the key is stored under its id
    if row.credential_ref == "setting":
        settings.set_secret(SECTION, f"key_{row.id}", key, actor_id=actor_id)
    return get(row.id)


def _mode(read: Key) -> str:
    if client.api_base() and not read.livemode:
        return "simulator"
    return "live" if read.livemode else "test"


def is_simulated(connection: Connection) -> bool:
    """Whether the other side is the simulator (of either mode)."""
    return bool(client.api_base()) and not config.current().is_production


def activate(connection: Connection) -> None:
    """All steps are done. The first connection sells; a later one waits for the owner's word. Does not commit."""
    change(
        connection.id,
        status="active",
        reason="",
        integration_version=INTEGRATION_VERSION,
        site_url=config.current().site_url,
        connected_at=connection.connected_at or real_now(),
    )
    if selling() is None:
        sell_with(connection.id)


def moved_from(connection: Connection) -> str:
    """The address that this site had when its owner connected it, if it has another one now; else "".

    Then it has moved, or it is a copy of a site that goes on elsewhere: nobody but the owner knows. A demo that was
    started on another port has moved.
    """
    now = config.current().site_url
    if not connection.site_url or connection.site_url == now:
        return ""
    return "" if config.current().env == "demo" and is_simulated(connection) else connection.site_url


def stop_selling() -> None:
    """Nobody can buy from now on; events are taken and portals open as before. Does not commit."""
    db.session.execute(update(ConnectionRow).values(is_selling=False))


def sell_with(connection_id: int) -> None:
    """New orders go here from now on; nothing else changes. Does not commit."""
    db.session.execute(update(ConnectionRow).values(is_selling=ConnectionRow.id == connection_id))


def degrade(connection_id: int, reason: str, *, status: str = "degraded") -> None:
    """Say on the settings page that something is wrong with a connection in use. Does not commit."""
    query = update(ConnectionRow).where(ConnectionRow.id == connection_id, ConnectionRow.status.in_(USABLE))
    db.session.execute(query.values(status=status, reason=reason))


def forget_key(connection: Connection, reason: str = "") -> None:
    """Stop: no key, no selling. Rows of people, prices and payments stay. Does not commit.

    ``reason``: why, where it was not the owner's wish to leave Stripe.
    """
    if connection.credential_ref == "setting":
        settings.set_secret(SECTION, f"key_{connection.id}", None, actor_id=None)
    change(
        connection.id,
        status="disconnected",
        reason=reason,
        is_selling=False,
        disconnected_at=real_now(),
        last4="",
        key_prefix="",
    )


def hosted_origins() -> tuple[str, ...]:
    """Where Stripe's hosted pages are: the only places that buyers and students are sent to."""
    base = client.api_base()
    return (*STRIPE_ORIGINS, origin(base)) if base else STRIPE_ORIGINS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Our webhook endpoint, as read."""

    id: int
    stripe_id: str
    token: str
    url: str
    api_version: str
    secret: str
    events: list[str]
    failures: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the settings page shows of a connection beside its own columns."""

    products: int
    last_event_at: datetime | None
    endpoint: Endpoint | None


def facts_of(connection: Connection) -> Facts:
    """From our database only."""
    products = db.session.scalar(
        select(func.count(func.distinct(Price.local_product_id))).where(
            Price.connection_id == connection.id, Price.active.is_(True)
        )
    )
    last = db.session.scalar(select(func.max(Event.received_at)).where(Event.connection_id == connection.id))
    return Facts(int(products or 0), last, endpoint_of(connection.id))


def endpoint_of(connection_id: int) -> Endpoint | None:
    """The endpoint in use."""
    columns = (getattr(WebhookEndpoint, each.name) for each in fields(Endpoint))
    query = select(*columns).where(WebhookEndpoint.connection_id == connection_id, WebhookEndpoint.status == "active")
    row = db.session.execute(query.order_by(WebhookEndpoint.id.desc()).limit(1)).one_or_none()
    return Endpoint(*row) if row is not None else None
