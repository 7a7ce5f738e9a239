"""Coupons and promotion codes made, switched and deleted at Stripe, each once however often it is pressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from lms.api import db
from lms.api.problem import Conflict
from lms_stripe import client, connections, coupons, operations, sync
from lms_stripe.connections import Connection
from lms_stripe.coupon_models import Coupon, PromotionCode
from lms_stripe.failures import Missing, Refused

_A_PAGE = 100


class CodeTaken(Conflict):
    """A code that counts at the moment has this name already: Stripe knows one of each."""

    def __init__(self, code: str) -> None:
        super().__init__(_("There is a code %(code)s that counts already.", code=code), next_step=_("Choose another."))


def make_coupon(connection: Connection, key: str, params: Mapping[str, Any]) -> str:
    """A new coupon; its id. ``key`` names this one decision: the same key is the same coupon. Commits.

    Raises ``StripeFailure``.
    """
    stripe = connections.client_of(connection)
    marked = {**params, "metadata": {"site_id": connection.site_id, "key": key}}

    def find() -> str | None:
        return _marked(stripe.v1.coupons.list({"limit": _A_PAGE}), key)

    made = operations.make(
        connection.id,
        "coupon.create",
        key,
        marked,
        lambda given, sent: stripe.v1.coupons.create(given, {"idempotency_key": sent}),  # type: ignore[arg-type]
        find,
    )
    sync.now(connection.id, coupons.COUPON, made.stripe_id)
    return made.stripe_id


def make_code(connection: Connection, key: str, coupon_id: str, params: Mapping[str, Any]) -> str:
    """A new code for the coupon; its id. ``key`` as for ``make_coupon``. Commits.

    Raises ``StripeFailure``, ``CodeTaken``.
    """
    stripe = connections.client_of(connection)
    marked = {
        **params,
        "promotion": {"type": "coupon", "coupon": coupon_id},
        "metadata": {"site_id": connection.site_id, "key": key},
    }

    def find() -> str | None:
        return _marked(stripe.v1.promotion_codes.list({"coupon": coupon_id, "limit": _A_PAGE}), key)

    try:
        made = operations.make(
            connection.id,
            "promotion_code.create",
            key,
            marked,
            lambda given, idempotency_key: stripe.v1.promotion_codes.create(
                given, {"idempotency_key": idempotency_key}
            ),  # type: ignore[arg-type]
            find,
        )
    except Refused as failure:
        if failure.code == "resource_already_exists" and params.get("code"):
            raise CodeTaken(str(params["code"])) from failure
        raise
    sync.now(connection.id, coupons.CODE, made.stripe_id)
    return made.stripe_id


def is_taken(connection: Connection, code: str) -> bool:
    """Whether a code of this name counts at the moment, asked at Stripe. Commits. Raises ``StripeFailure``."""
    stripe = connections.client_of(connection)
    db.commit()
    with client.outside():
        return bool(stripe.v1.promotion_codes.list({"code": code, "active": True, "limit": 1}).data)


def switch_code(connection: Connection, row: PromotionCode, *, active: bool) -> None:
    """Let the code count, or no longer; what was bought with it stays. Commits.

    Raises ``StripeFailure``, ``CodeTaken``.
    """
    stripe, stripe_id, code = connections.client_of(connection), row.stripe_id, row.code
    db.commit()
    try:
        with client.outside():
            # No kept key: doing it twice does it once.
            stripe.v1.promotion_codes.update(stripe_id, {"active": active})
    except Missing:
        pass
    except Refused as failure:
        if failure.code == "resource_already_exists":
            raise CodeTaken(code) from failure
        raise
    sync.now(connection.id, coupons.CODE, stripe_id)


def delete_coupon(connection: Connection, row: Coupon) -> None:
    """Nobody gets the coupon any longer, and its codes count no more; who has it keeps it. Commits.

    Raises ``StripeFailure``.
    """
    stripe, stripe_id = connections.client_of(connection), row.stripe_id
    db.commit()
    try:
        with client.outside():
            stripe.v1.coupons.delete(stripe_id)
    except Missing:
        # Somebody was faster; reading it says so here, too.
        pass
    sync.now(connection.id, coupons.COUPON, stripe_id)


def _marked(listed: Any, key: str) -> str | None:
    for entry in listed.data:
        if (client.plain(entry).get("metadata") or {}).get("key") == key:
            return str(entry.id)
    return None
