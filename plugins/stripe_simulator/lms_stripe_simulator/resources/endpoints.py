"""Webhook endpoints."""

from __future__ import annotations

import functools
import inspect
import typing

from stripe import Event

from lms_stripe_simulator import rules
from lms_stripe_simulator.identifiers import new_id, token
from lms_stripe_simulator.problem import invalid
from lms_stripe_simulator.routing import Call, operation
from lms_stripe_simulator.scope import public
from lms_stripe_simulator.shapes import API_VERSION, blank
from lms_stripe_simulator.state import Object

ENDPOINTS = "/v1/webhook_endpoints"
MOST = 16


@functools.cache
def event_types() -> frozenset[str]:
    """Return the event types that the SDK knows."""
    hint = inspect.get_annotations(Event)["type"]
    members = [hint, *typing.get_args(hint)]
    literal = next(member for member in members if typing.get_origin(member) is typing.Literal)
    return frozenset(typing.get_args(literal))


def _check_events(enabled: list[str]) -> None:
    if not enabled:
        raise rules.missing_param("enabled_events")
    if "*" in enabled and len(enabled) > 1:
        raise invalid("The event type `*` cannot stand beside others.", "enabled_events")
    for index, kind in enumerate(enabled):
        if kind != "*" and kind not in event_types():
            raise invalid(f"Invalid enabled_events: {kind} is no event type.", f"enabled_events[{index}]")


@operation("POST", ENDPOINTS, params="WebhookEndpointCreateParams", permission="webhook_endpoint")
def create(call: Call) -> Object:
    """Store an endpoint; its secret is shown this once."""
    params, scope = call.params, call.scope
    known = ("url", "enabled_events", "api_version", "description", "metadata", "connect")
    rules.modelled(params, known, "webhook endpoints")
    rules.address(params["url"], "url")
    rules.metadata(params.get("metadata"))
    _check_events(params["enabled_events"])
    if params.get("api_version", API_VERSION) != API_VERSION:
        raise invalid(f"The simulator speaks {API_VERSION} only.", "api_version", "simulator_unsupported")
    if sum(1 for _ in scope.each("webhook_endpoint")) >= MOST:
        raise invalid(f"You have reached the maximum of {MOST} {scope.mode} webhook endpoints.")
    secret = f"whsec_{token(32)}"
    endpoint = blank(
        "webhook_endpoint",
        id=new_id("we"),
        api_version=params.get("api_version"),
        created=scope.now,
        description=params.get("description"),
        enabled_events=params["enabled_events"],
        livemode=scope.livemode,
        metadata=params.get("metadata") or {},
        status="enabled",
        url=params["url"],
    )
    endpoint["_secret"] = secret
    endpoint["_connect"] = params.get("connect", False)
    scope.add(endpoint)
    return public(endpoint) | {"secret": secret}


@operation(
    "GET", f"{ENDPOINTS}/{{webhook_endpoint}}", params="WebhookEndpointRetrieveParams", permission="webhook_endpoint"
)
def retrieve(call: Call) -> Object:
    """Return an endpoint, without its secret."""
    return call.target("webhook_endpoint", "webhook_endpoint")


@operation(
    "POST", f"{ENDPOINTS}/{{webhook_endpoint}}", params="WebhookEndpointUpdateParams", permission="webhook_endpoint"
)
def update(call: Call) -> Object:
    """Change an endpoint; its API version cannot be changed."""
    params = call.params
    rules.address(params.get("url"), "url")
    rules.metadata(params.get("metadata"))
    if "enabled_events" in params:
        _check_events(params["enabled_events"])
    endpoint = call.target("webhook_endpoint", "webhook_endpoint")
    changes = rules.picked(params, "url", "enabled_events", "description")
    if "disabled" in params:
        changes["status"] = "disabled" if params["disabled"] else "enabled"
    if "metadata" in params:
        changes["metadata"] = rules.merged(endpoint["metadata"], params["metadata"])
    return call.scope.change(endpoint, **changes)


@operation(
    "DELETE", f"{ENDPOINTS}/{{webhook_endpoint}}", params="WebhookEndpointDeleteParams", permission="webhook_endpoint"
)
def delete(call: Call) -> Object:
    """Forget an endpoint and what was still to be delivered to it."""
    endpoint = call.target("webhook_endpoint", "webhook_endpoint")
    call.scope.remove(endpoint)
    call.scope.state.write("DELETE FROM delivery WHERE endpoint = ?", endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


@operation("GET", ENDPOINTS, params="WebhookEndpointListParams", permission="webhook_endpoint")
def list_all(call: Call) -> Object:
    """List endpoints."""
    return call.page(call.scope.each("webhook_endpoint"))
