"""The page Admin → Settings → Stripe: default options, the two connections, the customer portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.api.web import Form
from lms.extend import SettingsPage, fields
from lms_stripe import client, connect, connections, detours, portal, portal_settings, purge, tax
from lms_stripe.connections import INTEGRATION_VERSION, Connection, Facts

CAPABILITY = "payments.connect"


class OptionsForm(Form):
    """What every checkout follows."""

    allow_coupons = fields.Toggle(
        _l("Allow coupons at checkout"),
        default=True,
        description=_l("Adds a code field to Stripe’s page. An offer can say otherwise."),
    )

    show_buy_button = fields.Toggle(
        _l("Show a buy button for a newly connected product"),
        default=True,
        description=_l(
            "On its course pages, by itself. Each offer takes this over when it is first connected, and has its own "
            "switch: a later change moves no existing button."
        ),
    )

    testers = fields.PlainText(
        _l("Invited testers"),
        max_length=2000,
        description=_l(
            "E-mail addresses of people who may buy while the site sells in test mode, with commas between. "
            "Owners and creators always may; everybody else reads that it is not on sale yet."
        ),
    )


class SigningSecretForm(Form):
    """The secret that Stripe signs its deliveries with."""

    signing_secret = fields.Secret(
        _l("New signing secret"), description=_l("Starts with whsec_. Stripe shows it on the endpoint’s page.")
    )


class KeyForm(Form):
    """The key of one Stripe account in one mode."""

    secret_key = fields.Secret(
        _l("Restricted key"),
        description=_l(
            "Starts with rk_test_ or rk_live_. It is stored sealed; only its last four characters are shown again."
        ),
    )


@dataclass(frozen=True, slots=True)
class Card:
    """One connection as the page shows it; ``row`` is None while nothing is connected in that mode."""

    mode: str
    title: Any
    row: Connection | None = None
    facts: Facts | None = None
    tone: str = "neutral"
    state: Any = ""
    portal_state: str = "off"
    """off, active or inactive: needs the button."""
    moved_from: str = ""
    """The address that the site had before; "" while it is where it was."""
    may_do: tuple[str, ...] = ()
    """What students may do in the portal, in words."""
    tax_warning: str = ""
    tested: int = 0
    """How many test purchases can be removed."""
    hook_warning: str = ""
    """Why deliveries may not be as they should; "" while they are."""

    @property
    def is_test_told(self) -> bool:
        """Whether anything arrived since the owner last asked for a test event."""
        asked, told = self.row.tested_at if self.row else None, self.facts.last_event_at if self.facts else None
        return asked is not None and told is not None and told >= asked

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection that is not given up."""
        return self.row is not None and self.row.status != "disconnected"


def cards() -> tuple[Card, Card]:
    """Test (or the simulator) and Live, always both."""
    rows = {row.livemode: row for row in _newest_of_each_mode()}
    return _card(False, rows.get(False)), _card(True, rows.get(True))


def mode_words(mode: str) -> str:
    """The mode in a word."""
    return {"live": _("Live"), "test": _("Test"), "simulator": _("Simulator")}[mode]


def _newest_of_each_mode() -> list[Connection]:
    # A connection in use comes after one that was given up, so that it is the one shown.
    return sorted(connections.all_of_them(), key=lambda row: (row.status != "disconnected", row.id))


def _card(livemode: bool, row: Connection | None) -> Card:
    mode = row.mode if row is not None else "live" if livemode else "test"
    if mode == "test" and connect.is_simulator_offered():
        mode = "simulator"
    title = mode_words(mode)
    tested = 0 if livemode else purge.found().orders
    if row is None or row.status == "disconnected":
        return Card(mode, title, row, state=_("Not connected"), tested=tested)
    facts = connections.facts_of(row)
    moved = connections.moved_from(row)
    tone, state = _state(row, moved)
    may_do = tuple(portal_settings.in_words(portal.choices_of(row.id)))
    warns = tax.warning(row.tax_status) if row.tax_enabled else ""
    hook = "" if moved else _hook_warning(row, facts)
    return Card(mode, title, row, facts, tone, state, _portal_state(row), moved, may_do, warns, tested, hook)


def _hook_warning(row: Connection, facts: Facts) -> str:
    if row.delivery != "webhook" or not row.is_usable or facts.endpoint is None:
        return ""
    if facts.endpoint.api_version != client.PINNED:
        return _("The webhook endpoint speaks another version of Stripe’s API than we do. Repair makes a new one.")
    return detours.known(row.id)


def _state(row: Connection, moved_from: str) -> tuple[str, str]:
    if row.status == "connecting":
        return "warn", _("Not finished")
    if row.status != "active" or moved_from:
        return "warn", _("Reconnect needed")
    return "good", _("Connected")


def _portal_state(row: Connection) -> str:
    if not row.portal_enabled:
        return "off"
    if row.portal_source == portal.DASHBOARD and row.portal_status == "active":
        return "active"
    is_legacy = row.integration_version < INTEGRATION_VERSION or portal.configuration_of(row.id) is None
    return "inactive" if is_legacy or row.portal_status != "active" else "active"


def _badge() -> tuple[str, str]:
    used = [card for card in cards() if card.is_connected]
    if not used:
        return "neutral", _("Not connected")
    for card in used:
        if card.row is not None and card.row.is_usable and card.portal_state == "inactive":
            return "warn", _("Reconnect needed: activate the portal")
    worst = next((card for card in used if card.tone != "good"), used[0])
    return worst.tone, str(worst.state)


def _context() -> Mapping[str, Any]:
    both = cards()
    return {
        "cards": both,
        "is_connected": any(card.is_connected for card in both),
        "key_form": KeyForm(),
        "offers_simulator": connect.is_simulator_offered(),
    }


page = SettingsPage(
    name="stripe",
    label="Stripe",
    form=OptionsForm,
    capability=CAPABILITY,
    help=_l("Take payments, and let students manage them in Stripe’s customer portal."),
    template="stripe/settings.html",
    context=_context,
    badge=_badge,
)
