"""What is known about each stored file; the bytes lie in ``lms.media.files``."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model


class Visibility(StrEnum):
    """Who may read a file: everybody, or whom a gate lets in."""

    PRIVATE = "private"
    PUBLIC = "public"


class MediaFile(Model):
    """One file. ``key`` is its address and cannot be guessed; ``name`` is what people see when they download it."""

    __tablename__ = "media_file"

    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    alt: Mapped[str] = mapped_column(String(400), default="")
    visibility: Mapped[str] = mapped_column(String(10), default=Visibility.PRIVATE)
    focus: Mapped[str] = mapped_column(String(12), default="center", server_default="center")
    """Which part of a picture stays in sight where it is cut, of ``services.FOCUSES``."""
    uploader_id: Mapped[int | None] = mapped_column(index=True)
