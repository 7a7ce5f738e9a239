"""Columns that many of the plugin's tables have."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import mapped_column


def stripe_id(**options: Any) -> Any:
    """An id of Stripe's: case-sensitive and at most 255 characters long."""
    return mapped_column(String(255), **options)


def connection() -> Any:
    """The connection that the row belongs to, and goes with."""
    return mapped_column(ForeignKey("stripe_connection.id", ondelete="CASCADE"), index=True)
