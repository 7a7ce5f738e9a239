"""Connect by OAuth: a platform asks an account for access. https://docs.stripe.com/connect/oauth-reference

The page on which a person agrees is our assumption; the answers follow Stripe's reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lms_stripe_simulator.accounts import Key, create_key
from lms_stripe_simulator.identifiers import token
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.state import Object, State

CODE_LIVES = 300
SCOPES = ("read_write", "read_only")
CLIENT = "ca_simulator_"


class OAuthError(Exception):
    """A refusal in OAuth's shape: ``error`` and ``error_description``."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True)
class Request:
    """What a platform asks for at the authorize page."""

    platform: str
    mode: str
    scope: str
    redirect_uri: str
    state: str | None


def client_id(account: str, mode: str) -> str:
    """Return the client id under which an account is a platform in one mode."""
    return f"{CLIENT}{mode}_{account.removeprefix('acct_')}"


def platform_of(state: State, client: str) -> tuple[str, str]:
    """Return account and mode of a client id; raises ``invalid_client``."""
    mode, _, name = client.removeprefix(CLIENT).partition("_")
    account = f"acct_{name}"
    known = state.row("SELECT 1 FROM account WHERE id = ?", account)
    if not client.startswith(CLIENT) or mode not in ("test", "live") or known is None:
        raise OAuthError("invalid_client", f"No application matches the supplied client identifier: {client}", 401)
    return account, mode


def asked(state: State, given: dict[str, str]) -> Request:
    """Return what an authorize address asks for; raises where it asks for something else."""
    platform, mode = platform_of(state, given.get("client_id", ""))
    if given.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code.")
    scope = given.get("scope", "read_only")
    if scope not in SCOPES:
        raise OAuthError("invalid_scope", f"Invalid scope provided: {scope}.")
    address = given.get("redirect_uri", "")
    if not address.startswith(("http://", "https://")):
        raise OAuthError("invalid_redirect_uri", "Invalid redirect URI: give the redirect_uri of your site.")
    return Request(platform, mode, scope, address, given.get("state"))


def agree(state: State, wanted: Request, account: str) -> str:
    """Store that an account agrees; return the single-use code."""
    code = f"ac_{token(32)}"
    state.write(
        "INSERT INTO connection (code, platform, account, mode, scope, redirect_uri, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        code,
        wanted.platform,
        account,
        wanted.mode,
        wanted.scope,
        wanted.redirect_uri,
        state.wall(),
    )
    return code


def exchange(state: State, key: Key, given: dict[str, str]) -> Object:
    """Return the access that a code or a refresh token stands for."""
    kind = given.get("grant_type")
    if kind == "authorization_code":
        row = _by_code(state, key, given.get("code", ""))
    elif kind == "refresh_token":
        row = state.row("SELECT * FROM connection WHERE refresh_token = ?", given.get("refresh_token", ""))
        if row is None or row["revoked"] or row["platform"] != key.account:
            raise OAuthError("invalid_grant", "Refresh token does not exist.")
    else:
        raise OAuthError("unsupported_grant_type", f"Unsupported grant_type: {kind}.")
    mode, access, refresh = str(row["mode"]), str(row["key"] or ""), str(row["refresh_token"] or "")
    if not access:
        access, refresh = create_key(state, row["account"], "secret", mode).key, f"rt_{token(40)}"
        statement = "UPDATE connection SET key = ?, refresh_token = ? WHERE code = ?"
        state.write(statement, access, refresh, row["code"])
        _tell(state, row["platform"], row["account"], mode, "account.application.authorized")
    return {
        "access_token": access,
        "livemode": mode == "live",
        "refresh_token": refresh,
        "scope": row["scope"],
        "stripe_publishable_key": f"pk_{mode}_simulator_{row['account'].removeprefix('acct_')}",
        "stripe_user_id": row["account"],
        "token_type": "bearer",
    }


def _by_code(state: State, key: Key, code: str) -> Any:
    row = state.row("SELECT * FROM connection WHERE code = ?", code)
    if row is None or row["platform"] != key.account:
        raise OAuthError("invalid_grant", f"Authorization code does not exist: {code}")
    if row["key"]:
        raise OAuthError("invalid_grant", f"This authorization code has already been used: {code}")
    if row["created"] + CODE_LIVES < state.wall():
        raise OAuthError("invalid_grant", f"Authorization code expired: {code}")
    if row["mode"] != key.mode:
        raise OAuthError("invalid_grant", "The code belongs to the other mode than the key.")
    return row


def deauthorize(state: State, key: Key, client: str, account: str) -> Object:
    """End a platform's access to an account."""
    platform, mode = platform_of(state, client)
    if platform != key.account or mode != key.mode:
        raise OAuthError("invalid_client", "This key does not belong to the application.", 401)
    rows = state.rows(f"{OPEN} AND account = ?", platform, mode, account)
    if not rows:
        raise OAuthError("invalid_client", f"This application is not connected to stripe account {account}.", 401)
    revoke(state, platform, mode, account)
    return {"stripe_user_id": account}


OPEN = "SELECT * FROM connection WHERE platform = ? AND mode = ? AND revoked = 0 AND key IS NOT NULL"


def revoke(state: State, platform: str, mode: str, account: str) -> None:
    """End access, whoever ends it, and tell the platform."""
    for row in state.rows(f"{OPEN} AND account = ?", platform, mode, account):
        state.write("UPDATE connection SET revoked = 1 WHERE code = ?", row["code"])
        state.write("UPDATE api_key SET revoked = 1 WHERE key = ?", row["key"])
    _tell(state, platform, account, mode, "account.application.deauthorized")


def connected(state: State, platform: str, mode: str) -> list[str]:
    """Return the accounts that a platform has access to."""
    return sorted({str(row["account"]) for row in state.rows(OPEN, platform, mode)})


def has_access(state: State, key: Key, account: str) -> bool:
    """Return whether a platform's key may act for an account."""
    return account == key.account or account in connected(state, key.account, key.mode)


def _tell(state: State, platform: str, account: str, mode: str, kind: str) -> None:
    name = state.row("SELECT name FROM account WHERE id = ?", platform)
    application = {"id": client_id(platform, mode), "object": "application", "name": name["name"] if name else None}
    Scope(state, platform, mode == "live").emit_for(account, kind, application)
