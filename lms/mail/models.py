"""Letters that wait or were sent."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, UtcDateTime


class State(StrEnum):
    """Where a letter stands; refused: the mail server will never take it."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"


class Message(Model):
    """One letter. ``key`` names the fact it tells of, so that a fact told twice makes one letter.

    ``sealed_body`` holds subject, text and HTML until the letter is sent: letters carry links that open accounts.
    """

    __tablename__ = "mail_message"

    key: Mapped[str] = mapped_column(String(200), unique=True)
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(300), default="", server_default="")
    about: Mapped[str] = mapped_column(String(80), default="", server_default="", index=True)
    """What the letter belongs to, as in ``order/2026-0001``; "" for most."""
    state: Mapped[str] = mapped_column(String(12), default=State.WAITING, index=True)
    sealed_body: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
