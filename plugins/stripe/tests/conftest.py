"""Fixtures of the plugin's tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from lms_stripe import client, events
from lms_stripe.models import ConnectionRow, WebhookEndpoint
from stripe import WebhookSignature

from lms.api import db, settings

SECRET = "whsec_of_the_endpoint"


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"plugins": ("stripe",)}


@dataclass
class Hook:
    """Our webhook address, and Stripe's way of signing."""

    site: Any
    connection_id: int
    endpoint_id: int
    token: str = "token1"
    secret: str = SECRET
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/ext/stripe/hook/{self.token}"

    def body(self, kind: str = "customer.updated", event_id: str = "evt_1", **changes: Any) -> str:
        event = {
            "id": event_id,
            "object": "event",
            "type": kind,
            "api_version": client.PINNED,
            "created": 1_800_000_000,
            "livemode": False,
            "data": {"object": {"id": "cus_1", "object": "customer"}},
        }
        # As Stripe sends it: with line breaks, which a proxy must not touch.
        return json.dumps(event | changes, indent=2)

    def post(self, body: str | bytes, signature: str | None = "", path: str = "") -> Any:
        if signature == "":
            text = body if isinstance(body, str) else body.decode("latin-1")
            signature = WebhookSignature.generate_signature_header(text, self.secret)
        headers = {"Stripe-Signature": signature} if signature is not None else {}
        return self.site.client().post(path or self.path, data=body, headers=headers)


@pytest.fixture
def hook(site: Any) -> Hook:
    """An endpoint that knows its secret, without anybody at the other end."""
    connection = ConnectionRow(
        account_id="acct_1", livemode=False, mode="test", site_id="site1", status="active", account_name="Long Table"
    )
    db.session.add(connection)
    db.session.flush()
    endpoint = WebhookEndpoint(
        connection_id=connection.id,
        stripe_id="we_1",
        token="token1",
        url="http://localhost/ext/stripe/hook/token1",
        api_version=client.PINNED,
        events=list(events.TYPES),
        secret=settings.seal("stripe_webhook_endpoint.token1", SECRET),
    )
    db.session.add(endpoint)
    db.session.flush()
    made = Hook(site, connection.id, endpoint.id)
    db.commit()
    return made
