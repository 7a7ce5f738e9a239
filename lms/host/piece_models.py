"""How the pieces of plugins do: how often they ran, how long they took, and what failed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, UtcDateTime


class PieceRow(Model):
    """One piece of one plugin, all processes together. Times are real time, UTC; durations are microseconds."""

    __tablename__ = "host_piece"
    __table_args__ = (UniqueConstraint("plugin", "piece"),)

    plugin: Mapped[str] = mapped_column(String(80))
    piece: Mapped[str] = mapped_column(String(200))
    counted_since: Mapped[datetime] = mapped_column(UtcDateTime)
    calls: Mapped[int] = mapped_column(BigInteger, default=0)
    total_us: Mapped[int] = mapped_column(BigInteger, default=0)
    slowest_us: Mapped[int] = mapped_column(BigInteger, default=0)
    worked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(BigInteger, default=0)
    """Since ``first_failed_at``; both start anew once it works again, or the owner has seen enough."""
    first_failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
