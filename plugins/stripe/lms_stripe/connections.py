"""Our connections: which there are, which one sells, and the key of each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from lms.api import config, db, settings
from lms.api.clock import real_now
from lms.api.ids import short_id
from lms.api.problem import Conflict, NotFound
from lms.api.urls import origin
from lms_stripe import client
from lms_stripe.keys import Key
from lms_stripe.models import Connection, Event, Price, WebhookEndpoint

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


def get(connection_id: int) -> Connection:
    """The connection. Raises ``NotFound``."""
    found = db.session.get(Connection, connection_id)
    if found is None:
        raise NotFound(_("There is no such connection."))
    return found


def all_of_them() -> list[Connection]:
    """Every connection that was ever made, test before live."""
    return list(db.session.scalars(select(Connection).order_by(Connection.livemode, Connection.id)))


def selling() -> Connection | None:
    """The connection that new orders go to."""
    usable = Connection.status.in_(USABLE) & Connection.is_selling.is_(True)
    return db.session.scalar(select(Connection).where(usable).limit(1))


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
    query = select(Connection).filter_by(account_id=account.id, livemode=read.livemode).with_for_update()
    row = db.session.scalar(query)
    if row is None:
        row = Connection(
            account_id=account.id, livemode=read.livemode, site_id=short_id(16), mode="", status="connecting"
        )
        db.session.add(row)
    row.mode = _mode(read)
    row.auth, row.key_prefix, row.last4 = read.kind, read.prefix, read.last4
    row.account_name, row.country, row.currency = account.name, account.country, account.currency
    row.reason = ""
    if row.status not in USABLE:
        row.status, row.disconnected_at = "connecting", None
    db.session.flush()  # the key is stored under its id
    if environment_key(read.livemode) == key:
        row.credential_ref = "environment"
    else:
        row.credential_ref = "setting"
        settings.set_secret(SECTION, f"key_{row.id}", key, actor_id=actor_id)
    return row


def _mode(read: Key) -> str:
    if client.api_base() and not read.livemode:
        return "simulator"
    return "live" if read.livemode else "test"


def is_simulated(connection: Connection) -> bool:
    """Whether the other side is the simulator (of either mode)."""
    return bool(client.api_base()) and not config.current().is_production


def activate(connection: Connection) -> None:
    """All steps are done. The first connection sells; a later one waits for the owner's word. Does not commit."""
    connection.status, connection.reason = "active", ""
    connection.integration_version = INTEGRATION_VERSION
    connection.connected_at = connection.connected_at or real_now()
    if selling() is None:
        sell_with(connection)


def bring_up_to_date(connection: Connection) -> None:
    """A connection made by an older version now has what this one needs. Does not commit."""
    connection.integration_version = INTEGRATION_VERSION


def sell_with(connection: Connection) -> None:
    """New orders go here from now on; nothing else changes. Does not commit."""
    db.session.execute(update(Connection).values(is_selling=False))
    connection.is_selling = True
    db.session.flush()  # after the statement above, which does not know the object


def degrade(connection_id: int, reason: str, *, status: str = "degraded") -> None:
    """Say on the settings page that something is wrong with a connection in use. Does not commit."""
    query = update(Connection).where(Connection.id == connection_id, Connection.status.in_(USABLE))
    db.session.execute(query.values(status=status, reason=reason))


def forget_key(connection: Connection) -> None:
    """Stop: no key, no selling. Rows of people, prices and payments stay. Does not commit."""
    if settings.secret(SECTION, f"key_{connection.id}"):
        settings.set_secret(SECTION, f"key_{connection.id}", "", actor_id=None)
    connection.status, connection.is_selling = "disconnected", False
    connection.disconnected_at = real_now()
    connection.last4 = connection.key_prefix = ""


def hosted_origins() -> tuple[str, ...]:
    """Where Stripe's hosted pages are: the only places that buyers and students are sent to."""
    base = client.api_base()
    return (*STRIPE_ORIGINS, origin(base)) if base else STRIPE_ORIGINS


@dataclass(frozen=True, slots=True)
class Facts:
    """What the settings page shows of a connection beside its own columns."""

    products: int
    last_event_at: datetime | None
    endpoint: WebhookEndpoint | None


def facts_of(connection: Connection) -> Facts:
    """From our database only."""
    products = db.session.scalar(
        select(func.count(func.distinct(Price.local_product_id))).where(
            Price.connection_id == connection.id, Price.active.is_(True)
        )
    )
    last = db.session.scalar(select(func.max(Event.received_at)).where(Event.connection_id == connection.id))
    return Facts(int(products or 0), last, endpoint_of(connection.id))


def endpoint_of(connection_id: int) -> WebhookEndpoint | None:
    """The endpoint in use."""
    query = select(WebhookEndpoint).filter_by(connection_id=connection_id, status="active")
    return db.session.scalar(query.order_by(WebhookEndpoint.id.desc()).limit(1))
