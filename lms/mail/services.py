"""Writing a letter, and sending it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from flask import render_template
from markupsafe import Markup
from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from lms.base import clock
from lms.db import commit, session
from lms.host import config
from lms.jobs import services as jobs
from lms.mail import transports
from lms.mail.models import Message, State
from lms.settings import services as settings

DELIVER = "mail.deliver"
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Letter:
    """The words of a letter."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter as staff see it: that it was written, and whether it left. Times in UTC (real time)."""

    key: str
    subject: str
    recipient: str
    state: State
    reason: str
    written_at: datetime
    sent_at: datetime | None


def send(*, to: str, subject: str, template: str, context: Mapping[str, Any], key: str, about: str = "") -> None:
    """Write a letter now, in the caller's transaction and language; a job sends it after the commit.

    ``template`` names two files, ``<template>.txt`` and ``<template>.html``; the HTML one extends ``mail/layout.html``
    or is what stands inside it. ``key`` names the fact that the letter tells of: the same key again changes nothing.
    ``about`` says what the letter belongs to (``order/2026-0001``), so that ``letters_about`` finds it; its subject is
    then kept for staff, who must not find anything secret there.
    Raises ``ValueError`` for an address that is none.
    """
    _checked_address(to)
    letter = _write(subject, template, context)
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    now = clock.real_now()
    added = session.scalar(
        dialect.insert(Message)
        .values(
            key=key,
            recipient=to,
            subject=letter.subject[:300] if about else "",
            about=about,
            state=State.WAITING,
            sealed_body=settings.seal(f"mail.{key}", json.dumps([letter.subject, letter.text, letter.html])),
            reason="",
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Message.id)
    )
    if added is not None:
        jobs.enqueue(DELIVER, {"message_id": added})


def _checked_address(to: str) -> None:
    if len(to) > 320 or not to.isprintable():
        raise ValueError("This is no mail address.")
    Address(addr_spec=to)


def _write(subject: str, template: str, context: Mapping[str, Any]) -> Letter:
    # A line break in a subject would begin another header.
    subject = " ".join(subject.split())
    words = {**context, "subject": subject}
    text = render_template(f"{template}.txt", **words).strip()
    html = render_template(f"{template}.html", **words)
    if "<html" not in html:
        # Drawn by Jinja one line above, so it is escaped already.
        html = render_template("mail/layout.html", subject=subject, content=Markup(html))  # noqa: S704
    return Letter(subject, text + _signature(), html)


def _signature() -> str:
    return f"\n\n-- \n{settings.get('site', 'name')}\n{config.current().site_url}\n"


def deliver(message_id: int) -> None:
    """The job: send a letter that waits. At least once: a repeated letter has the same Message-ID.

    Raises ``Unavailable`` while the mail server does not answer.
    """
    row = session.execute(
        select(Message.key, Message.recipient, Message.sealed_body, Message.created_at).where(
            Message.id == message_id, Message.state == State.WAITING
        )
    ).one_or_none()
    if row is None:
        return
    letter = Letter(*json.loads(settings.unseal(f"mail.{row.key}", row.sealed_body)))
    message = compose(letter, to=row.recipient, key=row.key)
    transport = transports.of(config.current())
    commit()
    try:
        transport.send(message, key=row.key, written_at=row.created_at)
    except transports.Refused as refusal:
        _close(message_id, state=State.REFUSED, reason=refusal.sentence[:1000])
    else:
        _close(message_id, state=State.SENT, sent_at=clock.real_now())


def _close(message_id: int, **values: Any) -> None:
    # The words go: what was sent holds links and tokens that nobody needs to find here.
    session.execute(update(Message).where(Message.id == message_id).values(sealed_body="", **values))


def compose(letter: Letter, *, to: str, key: str) -> EmailMessage:
    """The letter as it travels (RFC 5322), text first, HTML beside it."""
    site = config.current()
    sender = site.mail_from or f"no-reply@{site.host}"
    message = EmailMessage()
    message["Subject"] = letter.subject
    message["From"] = Address(str(settings.get("site", "name")), addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Date"] = format_datetime(clock.real_now())
    message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{site.host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def letters_about(about: str) -> tuple[LetterView, ...]:
    """The letters that belong to something, oldest first, at most a hundred."""
    query = select(
        Message.key,
        Message.subject,
        Message.recipient,
        Message.state,
        Message.reason,
        Message.created_at,
        Message.sent_at,
    ).where(Message.about == about)
    found = session.execute(query.order_by(Message.id).limit(100))
    return tuple(LetterView(key, subject, to, State(state), *more) for key, subject, to, state, *more in found)


def written(keys: Sequence[str]) -> frozenset[str]:
    """Those of the keys for which a letter has been written."""
    return frozenset(session.scalars(select(Message.key).where(Message.key.in_(keys))))


def waiting_since(before: datetime) -> tuple[int, datetime] | None:
    """How many letters were written before the moment and have not left, and when the oldest was; None for none."""
    query = select(func.count(), func.min(Message.created_at)).where(
        Message.state == State.WAITING, Message.created_at < before
    )
    count, oldest = session.execute(query).one()
    return (count, oldest) if count else None


def refused() -> int:
    """How many letters the mail server refused for good in the last week."""
    since = clock.real_now() - _WEEK
    count = select(func.count()).where(Message.state == State.REFUSED, Message.updated_at >= since)
    return session.scalar(count) or 0
