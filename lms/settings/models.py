"""Stored settings. What nobody changed is not here: defaults live on the fields."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Json, Model


class SettingValue(Model):
    """One setting: ``value`` for what may be read, ``sealed`` for a secret, never both."""

    __tablename__ = "settings_value"
    __table_args__ = (UniqueConstraint("section", "name", name="uq_settings_value_section"),)

    section: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    value: Mapped[Any] = mapped_column(Json, nullable=True)
    sealed: Mapped[str | None] = mapped_column(Text)
