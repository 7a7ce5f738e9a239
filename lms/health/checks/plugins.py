"""Plugins that are not as the owner wants them: one finding for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from lms.extend import HealthResult, Remedy
from lms.health.words import advice, ago, broken, good
from lms.host import catalog, deprecations, pieces
from lms.host.catalog import PluginView, State
from lms.host.startup import Why
from lms.themes import appearance


@dataclass(frozen=True, slots=True)
class OfPlugin:
    """What is to be said of one plugin.

    ``dismiss`` is the piece whose failures can be dismissed, "" for all of them, None for what only mending ends.
    """

    name: str
    title: str
    label: Any
    result: HealthResult
    dismiss: str | None = None


# Of one plugin; whoever breaks everywhere must not bury the others.
_MOST_PIECES = 5


def _see(name: str) -> Remedy:
    return Remedy(_("See plugin"), f"/admin/plugins#plugin-{name}")


def each() -> Iterator[OfPlugin]:
    """Plugins that are paused, missing or wait, and those of which pieces fail; then one word on all the others."""
    views = {view.name: view for view in catalog.plugins()}
    for view in views.values():
        result = _state(view)
        if result is not None:
            yield OfPlugin(view.name, view.title, _("State"), result)
    for name, failed in _by_plugin(pieces.failing()).items():
        if name in views and views[name].state is State.ACTIVE:
            yield from _failures(views[name], failed)
    for name, outdated in _by_plugin(deprecations.uses()).items():
        if name in views and views[name].state is State.ACTIVE:
            yield OfPlugin(name, views[name].title, _("Outdated"), _outdated(name, outdated))


def _by_plugin(found: list[pieces.PieceView]) -> dict[str, list[pieces.PieceView]]:
    kept: dict[str, list[pieces.PieceView]] = {}
    for one in found:
        kept.setdefault(one.plugin, []).append(one)
    return kept


def _outdated(name: str, uses: list[pieces.PieceView]) -> HealthResult:
    sentence = uses[0].reason
    if len(uses) > 1:
        sentence += " " + ngettext("There is one more such use.", "There are %(num)s more such uses.", len(uses) - 1)
    return advice(sentence, _("Upgrade it, or tell its author, before you upgrade Stoa that far."), _see(name))


def _state(view: PluginView) -> HealthResult | None:
    if view.state is State.PAUSED:
        again = Remedy(_("Try again"), f"/admin/plugins/{view.name}/on", post=True)
        return broken(_("Paused: %(reason)s", reason=view.reason), _("Mend it, then try again."), again)
    if view.state is State.NEEDS_UPGRADE:
        return _waits(view)
    if view.state is State.MISSING and view.should_run:
        return broken(
            _("It should run, but is not installed any more. Its data is kept."),
            _("Install it again, or uninstall it under Plugins."),
            _see(view.name),
        )
    return None


def _waits(view: PluginView) -> HealthResult:
    if view.why is Why.RESTART:
        return advice(_("This process still has its old version."), _("It starts anew by itself; ask again."))
    if view.why is Why.NEWER_TABLES:
        return broken(
            _("Its tables belong to a newer version than %(version)s.", version=view.version),
            _("Install the newer version again."),
            _see(view.name),
        )
    if view.why is Why.UNFIT:
        return broken(
            _("Version %(version)s asks for something that is not here.", version=view.version),
            _("Look under Plugins what that is."),
            _see(view.name),
        )
    return broken(
        _("Version %(version)s waits for its upgrade; until then its pages are closed.", version=view.version),
        _("Upgrade it: its tables change, and SQLite is backed up before."),
        Remedy(_("Upgrade"), f"/admin/health/upgrade/{view.name}", post=True),
    )


def _failures(view: PluginView, failed: list[pieces.PieceView]) -> Iterator[OfPlugin]:
    """A line for each piece, the latest failure first."""
    do = _("The rest of it works. Tell its author, or switch it off.")
    for one in failed[:_MOST_PIECES]:
        yield OfPlugin(view.name, view.title, one.piece, advice(how_often(one), do, _see(view.name)), one.piece)
    left = len(failed) - _MOST_PIECES
    if left > 0:
        sentence = ngettext("One more piece of it fails.", "%(num)s more pieces of it fail.", left)
        yield OfPlugin(view.name, view.title, _("And more"), advice(sentence, do, _see(view.name)), "")


def how_often(failed: pieces.PieceView) -> str:
    """How often a piece failed, when last, and why, in one sentence."""
    when = ago(failed.failed_at) if failed.failed_at else ""
    return ngettext(
        "Failed once, %(when)s: %(reason)s", "Failed %(num)s times, last %(when)s: %(reason)s",
        failed.failures, reason=failed.reason, when=when,
    )  # fmt: skip


def all_well() -> HealthResult:
    """How many are on; the core's own pieces never fail, so a failure there is a mistake of ours."""
    ours = [
        one for one in pieces.failing()
        if one.plugin not in {view.name for view in catalog.plugins()} and one.plugin not in appearance.layers()
    ]  # fmt: skip
    if ours:
        return advice(
            _("%(plugin)s, “%(piece)s”: %(reason)s", plugin=ours[0].plugin, piece=ours[0].piece, reason=ours[0].reason),
            _("This is a mistake in Stoa itself: tell its makers."),
        )
    on = sum(view.state is State.ACTIVE for view in catalog.plugins())
    return good(ngettext("%(num)s plugin is on.", "%(num)s plugins are on.", on))
