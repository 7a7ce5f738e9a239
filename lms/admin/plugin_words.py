"""Plugins in words: categories, states, what they add, why they wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from lms.host.activate import unfit_sentence
from lms.host.catalog import PluginView, State
from lms.host.inventory import Inventory
from lms.host.pieces import PieceView
from lms.host.startup import Why

# On its card; Health has them all.
_MOST_PIECES = 3


@dataclass(frozen=True, slots=True)
class Added:
    """How many things of one kind a plugin adds, in words, and what they are called."""

    words: str
    names: tuple[str, ...]


def _settings_pages(number: int) -> str:
    return ngettext("%(num)s settings page", "%(num)s settings pages", number)


def _blocks(number: int) -> str:
    return ngettext("%(num)s block", "%(num)s blocks", number)


def _patterns(number: int) -> str:
    return ngettext("%(num)s pattern of blocks", "%(num)s patterns of blocks", number)


def _links(number: int) -> str:
    return ngettext("%(num)s dynamic link", "%(num)s dynamic links", number)


def _labels(number: int) -> str:
    return ngettext("%(num)s dynamic label", "%(num)s dynamic labels", number)


def _conditions(number: int) -> str:
    return ngettext("%(num)s condition for blocks", "%(num)s conditions for blocks", number)


def _slots(number: int) -> str:
    return ngettext("%(num)s piece in pages", "%(num)s pieces in pages", number)


def _menu(number: int) -> str:
    return ngettext("%(num)s entry in the sidebar", "%(num)s entries in the sidebar", number)


def _jobs(number: int) -> str:
    return ngettext("%(num)s background job", "%(num)s background jobs", number)


def _listeners(number: int) -> str:
    return ngettext("%(num)s listener", "%(num)s listeners", number)


def _checks(number: int) -> str:
    return ngettext("%(num)s health check", "%(num)s health checks", number)


def _commands(number: int) -> str:
    return ngettext("%(num)s command", "%(num)s commands", number)


def _owners(number: int) -> str:
    return ngettext("%(num)s kind of document", "%(num)s kinds of document", number)


def _outside(number: int) -> str:
    return ngettext("%(num)s permission for another site", "%(num)s permissions for other sites", number)


def _payment(number: int) -> str:
    return ngettext("%(num)s way to pay", "%(num)s ways to pay", number)


def _services(number: int) -> str:
    return ngettext("%(num)s service", "%(num)s services", number)


def _secrets(number: int) -> str:
    return ngettext("%(num)s secret in its tables, sealed", "%(num)s secrets in its tables, sealed", number)


def _addresses(_number: int) -> str:
    return _("Addresses of its own")


def _tables(number: int) -> str:
    return ngettext("%(num)s table", "%(num)s tables", number)


_KINDS: dict[str, Callable[[int], str]] = {
    "SettingsPage": _settings_pages,
    "Service:payment_provider": _payment,
    "Block": _blocks,
    "Pattern": _patterns,
    "DynamicLink": _links,
    "DynamicLabel": _labels,
    "Condition": _conditions,
    "Slot": _slots,
    "NavItem": _menu,
    "DocumentOwner": _owners,
    "Job": _jobs,
    "On": _listeners,
    "HealthCheck": _checks,
    "Command": _commands,
    "ContentSecuritySource": _outside,
    "Blueprint": _addresses,
    "SealedColumn": _secrets,
}


def added(inventory: Inventory | None) -> list[Added]:
    """What the plugin adds, kind by kind; kinds that are newer than these words stand last, by their own name."""
    if inventory is None:
        return []
    found: dict[str, list[str]] = {}
    for one in inventory.additions:
        found.setdefault(one.kind, []).append(one.label or one.name)
    order = [*_KINDS, *sorted(found.keys() - _KINDS.keys())]
    lines = [Added(_of_kind(kind, found[kind]), tuple(found[kind])) for kind in order if kind in found]
    if inventory.tables:
        lines.append(Added(_tables(len(inventory.tables)), inventory.tables))
    return lines


def _of_kind(kind: str, names: Sequence[str]) -> str:
    if kind in _KINDS:
        return _KINDS[kind](len(names))
    return _services(len(names)) if kind.startswith("Service:") else f"{len(names)} {kind}"


def category(name: str) -> str:
    """The heading of a category."""
    known = {
        "payments": _("Payments"),
        "teaching": _("Teaching"),
        "communication": _("Communication"),
        "marketing": _("Marketing"),
        "site": _("Site"),
        "sign-in": _("Sign-in"),
        "media": _("Media"),
        "import": _("Import and export"),
        "development": _("Development"),
        "": _("Other"),
    }
    return known.get(name, name.replace("-", " ").capitalize())


CATEGORY_ICONS = {
    "payments": "credit-card",
    "teaching": "academic-cap",
    "communication": "chat-bubble-left",
    "marketing": "tag",
    "site": "globe-alt",
    "sign-in": "key",
    "media": "photo",
    "import": "arrow-down-tray",
    "development": "code-bracket",
}


def state(view: PluginView) -> str:
    """The word beside its switch."""
    return {
        State.ACTIVE: _("On"),
        State.PAUSED: _("Paused"),
        State.NEEDS_UPGRADE: _("Waits"),
        State.MISSING: _("Not installed"),
    }.get(view.state, _("Off"))


def waits_because(view: PluginView) -> str:
    """Why it needs an upgrade, and what becomes of it meanwhile."""
    if view.why is Why.RESTART:
        return _(
            "Version %(new)s was installed a moment ago. The site starts anew with it by itself.", new=view.version
        )
    if view.why is Why.NEWER_TABLES:
        return _("Its tables belong to a newer version than %(new)s. Install that one again.", new=view.version)
    if view.why is Why.UNFIT and view.unfit is not None:
        return unfit_sentence(view.title, view.unfit)
    return _(
        "Version %(new)s has to change its tables first. Until then its addresses ask callers to try again later; "
        "everything else runs.",
        new=view.version,
    )


def failing(pieces: Iterable[PieceView]) -> dict[str, str]:
    """By plugin: which pieces of it fail, and why."""
    found: dict[str, list[str]] = {}
    for one in pieces:
        found.setdefault(one.plugin, []).append(_("“%(piece)s”: %(reason)s", piece=one.piece, reason=one.reason))
    return {plugin: " ".join(lines[:_MOST_PIECES]) for plugin, lines in found.items()}


def does_not_fit(view: PluginView) -> str:
    """Which requirement is not met; "" for none."""
    return unfit_sentence(view.title, view.unfit) if view.unfit is not None else ""
