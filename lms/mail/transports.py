"""Ways out for a letter: files in a folder, or a mail server. The configuration chooses one (``LMS_MAIL``)."""

from __future__ import annotations

import os
import re
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from lms.base.problem import Problem, Unavailable
from lms.host.config import Config, ConfigurationError

_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_TIMEOUT_SECONDS = 20


class Refused(Problem):
    """The mail server will never take this letter."""


class Transport(Protocol):
    """``send`` raises ``Refused`` for good, ``Unavailable`` when trying again makes sense."""

    def send(self, message: EmailMessage, *, key: str, written_at: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Outbox:
    """Writes ``<time>-<key>.eml`` into a folder; the same letter again is the same file."""

    folder: Path

    def send(self, message: EmailMessage, *, key: str, written_at: datetime) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{written_at:%Y%m%dT%H%M%S%f}-{_NOT_IN_FILE_NAMES.sub('_', key)[:120]}.eml"
        # Renamed when complete: whoever watches the folder never reads half a letter.
        part = self.folder / f".{name}"
        part.write_bytes(message.as_bytes())
        os.replace(part, self.folder / name)


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server: ``smtp://user:password@host:587`` (STARTTLS, a must with a password) or ``smtps://…:465``."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    encrypted: bool = False

    def send(self, message: EmailMessage, *, key: str, written_at: datetime) -> None:
        try:
            with self._connect() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            self._refuse(code, words, error)
        except smtplib.SMTPResponseException as error:
            self._refuse(error.smtp_code, error.smtp_error, error)
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"The mail server does not answer: {error}") from error

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.encrypted:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_SECONDS)
            server.ehlo()
            if server.has_extn("starttls") or self.user:
                server.starttls(context=context)
        if self.user:
            server.login(self.user, self.password)
        return server

    def _refuse(self, code: int, words: bytes | str, error: Exception) -> None:
        said = words.decode(errors="replace") if isinstance(words, bytes) else words
        # RFC 5321, 4.2.1: 5yz is for good, 4yz asks to try again. A refused sign-in (535) is ours to repair.
        permanent = 500 <= code < 600 and not isinstance(error, smtplib.SMTPAuthenticationError)
        kind = Refused if permanent else Unavailable
        raise kind(f"The mail server said: {code} {said}") from error


def of(config: Config) -> Transport:
    """The transport that the site is configured for. Raises ``ConfigurationError``."""
    if config.mail == "outbox":
        return Outbox(config.instance / "outbox")
    parts = urlsplit(config.mail)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ConfigurationError("LMS_MAIL is outbox, or looks like smtp://user:password@mail.example:587.")
    encrypted = parts.scheme == "smtps"
    return Smtp(
        parts.hostname,
        parts.port or (465 if encrypted else 587),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        encrypted,
    )
