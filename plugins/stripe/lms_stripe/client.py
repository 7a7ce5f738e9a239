"""The one way to Stripe: builds clients, names failures. Nothing else of the plugin imports ``stripe``.

The package is imported where it is used: describing the plugin and drawing pages do not pay for it.
"""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lms.api import config, db
from lms.api.urls import is_loopback
from lms_stripe import keys
from lms_stripe.failures import (
    Busy,
    KeyRefused,
    Missing,
    PermissionMissing,
    Refused,
    StripeFailure,
    Unreachable,
)

if TYPE_CHECKING:
    import stripe

PINNED = "2026-10-28.endive"
"""The API version that this code is written for; a test compares it with the installed package's own."""

_CONNECT_SECONDS, _READ_SECONDS = 3.05, 15.0
_RETRIES = 2
_log = logging.getLogger("lms_stripe")

http_client_factory: Callable[[], stripe.HTTPClient] | None = None
"""What makes the HTTP client; tests put one here that judges every request."""


def api_base() -> str:
    """The address of the simulator; "" for Stripe itself."""
    return config.current().stripe_api_base.rstrip("/")


def build(key: str) -> stripe.StripeClient:
    """A client for one key. Raises ``WrongKey`` where the key may not go. Sends nothing."""
    base = api_base()
    keys.check_destination(
        keys.read(key), base, is_loopback=is_loopback(base), is_production=config.current().is_production
    )
    library = _library()
    return library.StripeClient(
        key,
        stripe_version=PINNED,
        max_network_retries=_RETRIES,
        http_client=_http_client(),
        base_addresses={"api": base} if base else {},
    )


@lru_cache
def _library() -> ModuleType:
    import stripe

    stripe.enable_telemetry = False
    # Below this it writes whole answers, with the secrets of endpoints and the addresses of portals, into the log.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    return stripe


@lru_cache
def _shared_http_client() -> stripe.HTTPClient:
    # One for all clients of the process: it keeps connections open, per thread.
    return _library().RequestsClient(timeout=(_CONNECT_SECONDS, _READ_SECONDS))


def _http_client() -> stripe.HTTPClient:
    return http_client_factory() if http_client_factory is not None else _shared_http_client()


def plain(value: Any) -> dict[str, Any]:
    """An object of the SDK as a dictionary, nested ones too."""
    found = value.to_dict(for_json=True) if hasattr(value, "to_dict") else value
    return dict(found)


@contextmanager
def outside() -> Iterator[None]:
    """Around every call to Stripe: no transaction may be open, and its errors become ``StripeFailure``."""
    if db.session().in_transaction():
        raise RuntimeError("A call to Stripe inside a transaction: commit first.")
    library = _library()
    try:
        yield
    except library.StripeError as error:
        failure = _failure(library, error)
        _log.warning("Stripe: %s %s %s", type(error).__name__, failure.code, failure.request_id)
        raise failure from error


def _failure(library: ModuleType, error: Any) -> StripeFailure:
    inner = getattr(error, "error", None)
    known = {
        "code": str(error.code or ""),
        "param": str(getattr(error, "param", None) or getattr(inner, "param", None) or ""),
        "request_id": str(getattr(error, "request_id", None) or ""),
    }
    return _kind(library, error)(str(error.user_message or error), **known)


def _kind(library: ModuleType, error: Any) -> type[StripeFailure]:
    status = getattr(error, "http_status", None) or 0
    if isinstance(error, library.AuthenticationError):
        return KeyRefused
    if isinstance(error, library.PermissionError):
        return PermissionMissing
    if isinstance(error, library.RateLimitError) or status == 429:
        return Busy
    if isinstance(error, library.APIConnectionError) or status >= 500 or status == 0:
        return Unreachable
    return Missing if error.code == "resource_missing" else Refused


def verify(body: bytes, header: str | None, secret: str, tolerance: int) -> bool:
    """Whether the body was signed with the secret within ``tolerance`` seconds.

    Raises ``ValueError`` for a body that is no text.
    """
    library = _library()
    try:
        library.WebhookSignature.verify_header(body, header, secret, tolerance)
    except library.SignatureVerificationError:
        return False
    return True


def simulator_state(timeout: float = 2.0) -> Mapping[str, Any]:
    """What the simulator tells about itself: accounts, keys, clock. Raises ``Unreachable``."""
    base = api_base()
    if not base or not is_loopback(base) or config.current().is_production:
        raise Unreachable("there is no simulator")
    try:
        # Loopback only, checked above.
        with urllib.request.urlopen(f"{base}/_simulator/state", timeout=timeout) as answer:  # noqa: S310
            state = json.load(answer)
    except (OSError, ValueError) as error:
        raise Unreachable(str(error)) from error
    return state if isinstance(state, dict) else {}
