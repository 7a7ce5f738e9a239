"""What buyers agree to at checkout, where the creator asks for it, and that they did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from lms.base import clock
from lms.commerce.checkout_settings import SECTION
from lms.commerce.models import Consent
from lms.db import session
from lms.settings import services as settings

TERMS, WITHDRAWAL = "terms", "withdrawal"


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to agree to: the words beside the box, and the ``document`` (an address) in its ``version``."""

    kind: str
    words: str
    document: str
    version: str
    link_words: str
    missing: str

    @property
    def field(self) -> str:
        """The name of its box."""
        return f"agree_{self.kind}"


@dataclass(frozen=True, slots=True)
class ConsentView:
    """What was agreed to with an order; ``at`` in UTC."""

    kind: str
    words: str
    document: str
    version: str
    at: datetime

    @property
    def title(self) -> str:
        """What it is about, in a few words."""
        return _("Terms") if self.kind == TERMS else _("Right of withdrawal")


def wishes() -> tuple[Wish, ...]:
    """What has to be agreed to before anything is paid, as the settings say now."""
    found = []
    if settings.get(SECTION, "ask_terms", False):
        found.append(
            Wish(
                TERMS,
                _("I agree to the terms."),
                _text("terms_page"),
                _text("terms_version"),
                _("Read the terms"),
                _("Agree to the terms to go on."),
            )
        )
    if settings.get(SECTION, "ask_withdrawal", False):
        # Directive 2011/83/EU, article 16 (m): consent to begin at once, and knowing that the right is lost with it.
        found.append(
            Wish(
                WITHDRAWAL,
                _(
                    "I want everything to be open at once, before the time to withdraw is over, and I know that I lose "
                    "my right of withdrawal with it."
                ),
                _text("withdrawal_page"),
                _text("withdrawal_version"),
                _("Read about the right of withdrawal"),
                _("Agree that the course opens at once, or write to us if you want to wait."),
            )
        )
    return tuple(found)


def keep(order_id: int, agreed: tuple[Wish, ...]) -> None:
    """Keep that the buyer agreed, now; for an order that is begun again, the newest time counts."""
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    now = clock.real_now()
    for wish in agreed:
        told = {"words": wish.words, "document": wish.document, "version": wish.version, "at": clock.now()}
        values = {"order_id": order_id, "kind": wish.kind, **told, "created_at": now, "updated_at": now}
        insert = dialect.insert(Consent).values(values)
        session.execute(insert.on_conflict_do_update(index_elements=("order_id", "kind"), set_=told))


def of_order(order_id: int) -> tuple[ConsentView, ...]:
    """What was agreed to with the order."""
    query = select(Consent.kind, Consent.words, Consent.document, Consent.version, Consent.at)
    rows = session.execute(query.where(Consent.order_id == order_id).order_by(Consent.id))
    return tuple(ConsentView(*row) for row in rows)


def _text(name: str) -> str:
    return str(settings.get(SECTION, name, "") or "").strip()
