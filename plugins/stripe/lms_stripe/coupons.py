"""Coupons and promotion codes, read again: one of them, or all. The only writer of the rows in their lists.

As with prices (``listed_prices``), a row keeps when the reading began that it is from; an older one leaves it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, update

from lms.api import db
from lms.api.clock import real_now
from lms_stripe import client, facts, operations, tasks
from lms_stripe.connections import Connection
from lms_stripe.coupon_models import Coupon, PromotionCode
from lms_stripe.mirror import FOREIGN, Outcome
from lms_stripe.statements import insert

COUPON, CODE, ALL = "coupon", "promotion_code", "coupons"
KINDS = (COUPON, CODE, ALL)
EVERYTHING = "all"
MOST = 1000
"""So many of each are kept, the newest ones: nobody reads more."""
_A_PAGE = 100
_READ = "coupons.read"


def fetch_coupon(stripe: Any, coupon_id: str) -> Mapping[str, Any]:
    """One coupon, with the products that it counts for."""
    began = real_now()
    found = client.plain(stripe.v1.coupons.retrieve(coupon_id, {"expand": ["applies_to"]}))
    return {"began": began, "coupons": [found], "codes": []}


def fetch_code(stripe: Any, code_id: str) -> Mapping[str, Any]:
    """One promotion code."""
    began = real_now()
    return {"began": began, "coupons": [], "codes": [client.plain(stripe.v1.promotion_codes.retrieve(code_id))]}


def fetch_all(stripe: Any, _everything: str) -> Mapping[str, Any]:
    """The newest coupons and codes, used up ones too, as Stripe lists them."""
    began = real_now()
    asked: dict[str, Any] = {"limit": _A_PAGE}
    coupons, has_all_coupons = _first(stripe.v1.coupons.list({**asked, "expand": ["data.applies_to"]}))
    codes, _has_all_codes = _first(stripe.v1.promotion_codes.list(asked))
    return {"began": began, "coupons": coupons, "codes": codes, "is_complete": has_all_coupons}


def _first(listed: Any) -> tuple[list[dict[str, Any]], bool]:
    found: list[dict[str, Any]] = []
    for entry in listed.auto_paging_iter():
        if len(found) == MOST:
            return found, False
        found.append(client.plain(entry))
    return found, True


def apply(connection: Connection, object_id: str, fetched: Mapping[str, Any]) -> Outcome:
    """Write what was read; after a whole list, a coupon that is no longer on it was deleted."""
    began, listed = fetched["began"], fetched["coupons"]
    if any(entry.get("deleted") for entry in listed):
        return gone(connection, COUPON, object_id)
    for entry in listed:
        _keep(Coupon, _coupon(connection, entry, began), began)
    for entry in fetched["codes"]:
        _keep(PromotionCode, _code(connection, entry, began), began)
    if "is_complete" in fetched:
        operations.note(connection.id, _READ, EVERYTHING, "succeeded")
    if fetched.get("is_complete"):
        seen = {str(entry["id"]) for entry in listed}
        known = select(Coupon.stripe_id).filter_by(connection_id=connection.id, deleted=False)
        for left in set(db.session.scalars(known)) - seen:
            _mark_deleted(connection, left, began)
    return Outcome()


def gone(connection: Connection, object_type: str, object_id: str) -> Outcome:
    """Stripe no longer knows it. Its discounts go on; nobody gets it any longer."""
    if object_type == COUPON:
        return Outcome() if _mark_deleted(connection, object_id, real_now()) else FOREIGN
    mine = PromotionCode.connection_id == connection.id, PromotionCode.stripe_id == object_id
    db.session.execute(update(PromotionCode).where(*mine).values(active=False))
    return Outcome()


def refused(connection: Connection, sentence: str) -> None:
    """The key may not read them: said on their page, and not tried again until somebody asks. Does not commit."""
    operations.note(connection.id, _READ, EVERYTHING, "failed", sentence)


def ask(connection_id: int) -> None:
    """Have a worker read the whole lists. Does not commit."""
    tasks.want(connection_id, ALL, EVERYTHING)
    tasks.wake()


def read_at(connection_id: int) -> datetime | None:
    """When the lists were last read (real time); None before the first time."""
    found = operations.noted(connection_id, _READ, "succeeded")
    return found[0].updated_at if found else None


def why_not(connection_id: int) -> str:
    """Why the lists could not be read last time; "" where they could."""
    found = operations.noted(connection_id, _READ, "failed")
    return found[0].error if found else ""


def is_unknown(connection_id: int, key: str) -> bool:
    """Whether nothing was made for this decision yet."""
    return operations.result(connection_id, "coupon.create", key) is None


def listed(connection_id: int) -> list[tuple[Coupon, list[PromotionCode]]]:
    """Coupons that are there with their codes, newest first. Two queries."""
    query = select(Coupon).filter_by(connection_id=connection_id, deleted=False)
    found = list(db.session.scalars(query.order_by(Coupon.created_there.desc(), Coupon.id.desc()).limit(MOST)))
    by_coupon: dict[str, list[PromotionCode]] = {row.stripe_id: [] for row in found}
    for code in _codes(connection_id, by_coupon):
        by_coupon[code.coupon_id].append(code)
    return [(row, by_coupon[row.stripe_id]) for row in found]


def _codes(connection_id: int, coupon_ids: Iterable[str]) -> Iterable[PromotionCode]:
    mine = PromotionCode.connection_id == connection_id, PromotionCode.coupon_id.in_(list(coupon_ids))
    return db.session.scalars(select(PromotionCode).where(*mine).order_by(PromotionCode.id))


def find(connection_id: int, coupon_id: int) -> Coupon | None:
    """One coupon by its row."""
    query = select(Coupon).filter_by(connection_id=connection_id, id=coupon_id, deleted=False)
    return db.session.scalar(query)


def find_code(connection_id: int, code_id: int) -> PromotionCode | None:
    """One code by its row."""
    return db.session.scalar(select(PromotionCode).filter_by(connection_id=connection_id, id=code_id))


def codes_named(connection_id: int, name: str) -> list[tuple[PromotionCode, Coupon]]:
    """Codes of this name with their coupons: small and capital letters are the same. One query."""
    both = (Coupon.connection_id == PromotionCode.connection_id) & (Coupon.stripe_id == PromotionCode.coupon_id)
    query = select(PromotionCode, Coupon).join(Coupon, both).where(Coupon.deleted.is_(False))
    mine = PromotionCode.connection_id == connection_id, func.lower(PromotionCode.code) == name.lower()
    return [(code, coupon) for code, coupon in db.session.execute(query.where(*mine))]


def _mark_deleted(connection: Connection, stripe_id: str, began: datetime) -> bool:
    mine = Coupon.connection_id == connection.id, Coupon.stripe_id == stripe_id
    db.session.execute(update(Coupon).where(*mine, Coupon.read_at < began).values(deleted=True, read_at=began))
    return db.session.scalar(select(Coupon.id).where(*mine)) is not None


def _keep(model: Any, values: dict[str, Any], began: datetime) -> None:
    statement = insert(model).values(created_at=real_now(), **values)
    fresh = {name: statement.excluded[name] for name in values if name not in ("connection_id", "stripe_id")}
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "stripe_id"], set_=fresh, where=model.read_at < began
        )
    )


def _coupon(connection: Connection, entry: Mapping[str, Any], began: datetime) -> dict[str, Any]:
    percent = entry.get("percent_off")
    return {
        "connection_id": connection.id,
        "stripe_id": str(entry["id"]),
        "name": str(entry.get("name") or "")[:80],
        "percent_off": round(float(percent) * 100) if percent is not None else None,
        "amount_off": entry.get("amount_off"),
        "currency": str(entry.get("currency") or ""),
        "duration": str(entry.get("duration") or "once")[:20],
        "months": entry.get("duration_in_months"),
        "max_redemptions": entry.get("max_redemptions"),
        "times_redeemed": int(entry.get("times_redeemed") or 0),
        "redeem_by": _moment(entry.get("redeem_by")),
        "products": [str(each) for each in (entry.get("applies_to") or {}).get("products") or ()],
        "created_there": _moment(entry.get("created")) or began,
        "deleted": False,
        "read_at": began,
        "updated_at": real_now(),
    }


def _code(connection: Connection, entry: Mapping[str, Any], began: datetime) -> dict[str, Any]:
    limits = entry.get("restrictions") or {}
    return {
        "connection_id": connection.id,
        "stripe_id": str(entry["id"]),
        "coupon_id": facts.identifier((entry.get("promotion") or {}).get("coupon")) or "",
        "code": str(entry.get("code") or ""),
        "active": bool(entry.get("active")),
        "expires_at": _moment(entry.get("expires_at")),
        "max_redemptions": entry.get("max_redemptions"),
        "times_redeemed": int(entry.get("times_redeemed") or 0),
        "first_purchase": bool(limits.get("first_time_transaction")),
        "minimum_amount": limits.get("minimum_amount"),
        "minimum_currency": str(limits.get("minimum_amount_currency") or ""),
        "read_at": began,
        "updated_at": real_now(),
    }


def _moment(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
