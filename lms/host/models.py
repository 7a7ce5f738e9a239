"""Which plugins are on, and the numbers by which processes notice changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Json, Model, UtcDateTime


class InstalledPlugin(Model):
    """What the owner decided about a plugin, and what the host had to do about it."""

    __tablename__ = "host_plugin"

    name: Mapped[str] = mapped_column(String(80), unique=True)
    state: Mapped[str] = mapped_column(String(20))
    """active, inactive or paused; found, missing and "needs upgrade" are not stored, they are seen."""
    version: Mapped[str] = mapped_column(String(40), default="")
    """The version that was activated, upgraded to, or last loaded."""
    reason: Mapped[str] = mapped_column(Text, default="")
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    inventory: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """What it adds, as its last trial told: see ``lms.host.inventory``."""


class StateNumber(Model):
    """A number that every process looks at once a second: generation, content version …"""

    __tablename__ = "host_state"

    name: Mapped[str] = mapped_column(String(40), unique=True)
    value: Mapped[int] = mapped_column(BigInteger, default=0)
