"""Accounts and their keys. There is always one account, with keys for both modes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from lms_stripe_simulator.identifiers import api_key, redacted, token
from lms_stripe_simulator.problem import ApiError, unauthorised
from lms_stripe_simulator.state import Object, State

NAME, COUNTRY, CURRENCY = "Long Table", "DE", "eur"
OURS = re.compile(r"[rs]k_live_simulator_\w+")


@dataclass(frozen=True)
class Key:
    """A secret or restricted key; ``deny`` names what a restricted one may not do, such as ``customer:write``."""

    key: str
    account: str
    kind: str
    mode: str
    deny: tuple[str, ...] = ()

    @property
    def livemode(self) -> bool:
        """Return whether it is for live mode."""
        return self.mode == "live"

    def require(self, permission: str) -> None:
        """Raise Stripe's 403 for what the key may not do."""
        resource, action = permission.split(":")
        denied = permission in self.deny or (action == "read" and f"{resource}:none" in self.deny)
        if denied:
            raise ApiError(
                f"The provided key '{redacted(self.key)}' does not have the required permissions for this endpoint on "
                f"account '{self.account}'. Having the 'rak_{resource}_{action}' permission would allow this request "
                "to continue.",
                status=403,
                code="more_permissions_required",
                stored=False,
            )


def create_account(state: State, name: str = NAME, country: str = COUNTRY, currency: str = CURRENCY) -> str:
    """Store an account with a restricted and a secret key for each mode; return its id."""
    identifier = f"acct_{token(16)}"
    state.write(
        "INSERT INTO account (id, name, country, currency, created) VALUES (?, ?, ?, ?, ?)",
        identifier,
        name,
        country,
        currency,
        state.now(),
    )
    for mode in ("test", "live"):
        for kind in ("restricted", "secret"):
            create_key(state, identifier, kind, mode)
    return identifier


def ensure_account(state: State) -> None:
    """Make the first account where there is none."""
    with state.change():
        if state.row("SELECT 1 FROM account") is None:
            create_account(state)


def create_key(state: State, account: str, kind: str, mode: str, deny: tuple[str, ...] = ()) -> Key:
    """Store a new key."""
    made = Key(api_key(kind, mode), account, kind, mode, deny)
    state.write(
        "INSERT INTO api_key (key, account, kind, mode, deny) VALUES (?, ?, ?, ?, ?)",
        made.key,
        account,
        kind,
        mode,
        json.dumps(deny),
    )
    return made


def keys(state: State, account: str | None = None) -> list[Key]:
    """Return all keys, restricted test keys first."""
    rows = state.rows("SELECT * FROM api_key WHERE revoked = 0 ORDER BY rowid")
    found = [Key(r["key"], r["account"], r["kind"], r["mode"], tuple(json.loads(r["deny"]))) for r in rows]
    return [key for key in found if account in (None, key.account)]


def accounts(state: State) -> list[Object]:
    """Return all accounts with their keys, as JSON."""
    return [
        {name: row[name] for name in ("id", "name", "country", "currency", "created")}
        | {"keys": [described(key) for key in keys(state, row["id"])]}
        for row in state.rows("SELECT * FROM account ORDER BY rowid")
    ]


def account(state: State, identifier: str) -> Object:
    """Return an account's row as a dict; raises ``LookupError`` where there is none."""
    row = state.row("SELECT * FROM account WHERE id = ?", identifier)
    if row is None:
        raise LookupError(f"no account {identifier}")
    return dict(row)


def described(key: Key) -> Object:
    """Return a key as JSON."""
    return {"key": key.key, "kind": key.kind, "mode": key.mode, "account": key.account, "deny": list(key.deny)}


def authenticate(state: State, text: str | None) -> Key:
    """Return the key that a request carries; raises Stripe's 401."""
    if not text:
        raise unauthorised(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if text.startswith("pk_"):
        raise unauthorised(
            "This API call cannot be made with a publishable API key. Please use a secret API key.",
            "secret_key_required",
        )
    if "_live_" in text and not OURS.fullmatch(text):
        raise unauthorised("This is the simulator: it takes no live keys but its own. Nothing was done with this key.")
    row = state.row("SELECT * FROM api_key WHERE key = ?", text)
    if row is None:
        raise unauthorised(f"Invalid API Key provided: {redacted(text)}")
    if row["revoked"]:
        raise unauthorised(f"Expired API Key provided: {redacted(text)}", "api_key_expired")
    return Key(row["key"], row["account"], row["kind"], row["mode"], tuple(json.loads(row["deny"])))


def revoke_key(state: State, key: str) -> bool:
    """Let a key open nothing any more; return whether there was such a key."""
    return bool(state.write("UPDATE api_key SET revoked = 1 WHERE key = ? AND revoked = 0", key))


def rename(state: State, identifier: str, name: str) -> None:
    """Give an account another name."""
    state.write("UPDATE account SET name = ? WHERE id = ?", name, identifier)
