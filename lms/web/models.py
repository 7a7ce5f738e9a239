"""Counters of the rate limits."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model


class RateCount(Model):
    """How often a key was used in its present window; ``expires`` in seconds since 1970."""

    __tablename__ = "web_rate_count"

    key: Mapped[str] = mapped_column(String(200), unique=True)
    count: Mapped[int] = mapped_column(Integer)
    expires: Mapped[int] = mapped_column(BigInteger, index=True)
