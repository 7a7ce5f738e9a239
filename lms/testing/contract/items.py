"""What each kind of item has to keep, as far as its data tells."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import click

from lms.accounts.policies import CAPABILITIES
from lms.base.urls import is_https_address, is_loopback, origin
from lms.commerce.providers import KIND as PAYMENT_PROVIDER
from lms.content.richtext import UNAVAILABLE
from lms.extend import (
    ATTENTION,
    STATES,
    Block,
    Command,
    Condition,
    ContentSecuritySource,
    DynamicLabel,
    DynamicLink,
    Event,
    HealthCheck,
    Item,
    Job,
    NavItem,
    On,
    Pattern,
    PaymentProvider,
    SealedColumn,
    Service,
    SettingsPage,
    Slot,
)
from lms.testing.contract import forms, names
from lms.testing.contract.describing import Described
from lms.testing.contract.finding import Finding
from lms.testing.contract.stage import Stage
from lms.web.icons import AssetsMissing, has_icon

Found = Iterator[Finding]

_KNOWN_CAPABILITIES = frozenset().union(*CAPABILITIES.values())
# Documents and addresses name these, and take no underscore.
_IN_ADDRESSES = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_GROUPS = ("", "teach", "sell", "site", "system")
_DIRECTIVES = ("connect-src", "font-src", "form-action", "frame-src", "img-src", "media-src")


def check(stage: Stage, described: Described) -> Found:
    """Names, labels, help, and what the fields of each item may say."""
    seen: set[tuple[str, str]] = set()
    for method, item in described.items:
        if (method, item.name) in seen and not isinstance(item, On):
            yield stage.finding("name", f"{method}() has two items called {item.name}.", "Names are unique per kind.")
        seen.add((method, item.name))
        yield from _name(stage, method, item)
        rule = _RULES.get(type(item))
        if rule is not None:
            yield from rule(stage, item)
    for service in described.services:
        yield from _service(stage, service)
    yield from _blueprint(stage, described)


def _name(stage: Stage, method: str, item: Item) -> Found:
    if item.plugin not in {"", stage.name}:
        yield stage.finding("name", f"{method}(): {item.name} says it is of {item.plugin}.", "Leave plugin out.")
    if isinstance(item, On):
        return
    strict = isinstance(item, Block | Condition | DynamicLabel | DynamicLink)
    pattern, example = (_IN_ADDRESSES, "next-step") if strict else (names.ITEM, "next_step")
    if not pattern.fullmatch(item.name):
        hint = " The plugin's name is put in front by the host." if "/" in item.name or "." in item.name else ""
        yield stage.finding(
            "name", f"{method}(): the name {item.name!r} cannot be stored.", f"Name it like {example}.{hint}"
        )


def _said(stage: Stage, item: Item, *, at: Any, label: Any, help_text: Any = "-") -> Found:
    kind = type(item).__name__
    if not str(label).strip():
        yield stage.finding("label", f"{kind} {item.name} has no label.", "Give it the words that people read.", at=at)
    if not str(help_text).strip():
        yield stage.finding("help", f"{kind} {item.name} has no help.", "Say in a sentence what it is for.", at=at)


def _icon(stage: Stage, item: Item, icon: str) -> Found:
    try:
        known = has_icon(icon)
    except AssetsMissing:
        return
    if not known:
        kind = type(item).__name__
        yield stage.finding("icon", f"{kind} {item.name}: there is no icon {icon}.", "Use a name of heroicons.com.")


def _capability(stage: Stage, item: Item, capability: str) -> Found:
    if capability not in _KNOWN_CAPABILITIES:
        choices = ", ".join(sorted(_KNOWN_CAPABILITIES))
        sentence = f"{type(item).__name__} {item.name}: nobody has the capability {capability!r}."
        yield stage.finding("capability", sentence, f"There are: {choices}.")


def _settings_page(stage: Stage, page: SettingsPage) -> Found:
    yield from _said(stage, page, at=None, label=page.label)
    yield from _capability(stage, page, page.capability)
    if not re.fullmatch(rf"{stage.name}(?:[-_].*)?", page.name):
        do = f"Call it {stage.name}, or {stage.name}-something: its values are stored under that name."
        yield stage.finding("name", f"The settings page {page.name} has a name that others may use.", do)
    if page.form is not None:
        yield from forms.check(stage, page.form, help_needed=True, stored=True)
    for action in page.actions:
        if not names.ITEM.fullmatch(action.name):
            yield stage.finding("name", f"The action {action.name!r} of {page.name} cannot be an address.", "")
        if not str(action.label).strip():
            yield stage.finding("label", f"The action {action.name} of {page.name} has no label.", "", at=action.run)
        if action.form is not None:
            yield from forms.check(stage, action.form, help_needed=False, stored=False)


def _nav_item(stage: Stage, item: NavItem) -> Found:
    yield from _said(stage, item, at=None, label=item.label)
    yield from _icon(stage, item, item.icon)
    yield from _capability(stage, item, item.capability)
    if item.group not in _GROUPS:
        yield stage.finding("nav", f"NavItem {item.name}: there is no group {item.group!r}.", f"Use one of {_GROUPS}.")
    if not item.href.startswith((f"/ext/{stage.name}", f"/admin/settings/{stage.name}")):
        do = f"Lead to /ext/{stage.name}/… or /admin/settings/{stage.name}."
        yield stage.finding("nav", f"NavItem {item.name} leads to {item.href}.", do)


def _block(stage: Stage, block: Block) -> Found:
    yield from _said(stage, block, at=block.form, label=block.label)
    yield from _icon(stage, block, block.icon)
    yield from forms.check(stage, block.form, help_needed=False, stored=True, in_block=True)
    yield from forms.groups(stage, block.form)
    if not block.template.startswith(f"{stage.name}/"):
        do = f"Put it below templates/{stage.name}/."
        yield stage.finding("template", f"Block {block.name} is drawn by {block.template}.", do, at=block.form)
    if block.version > 1 and block.upgrade is None:
        do = "Add upgrade(props, from_version), so that stored blocks can be read."
        yield stage.finding("block", f"Block {block.name} has version {block.version} and no upgrade.", do)


def _pattern(stage: Stage, pattern: Pattern) -> Found:
    yield from _said(stage, pattern, at=None, label=pattern.label)
    yield from _icon(stage, pattern, pattern.icon)
    if not pattern.blocks:
        yield stage.finding("pattern", f"The pattern {pattern.name} has no blocks.", "Give it blocks, or leave it out.")


def _dynamic_link(stage: Stage, link: DynamicLink) -> Found:
    at = link.open or link.address or link.available
    yield from _said(stage, link, at=at, label=link.label, help_text=link.help)
    if link.source not in {"", stage.name}:
        do = "Leave source out: it is the plugin's name."
        yield stage.finding("link", f"DynamicLink {link.name} says it is of {link.source}.", do, at=at)
    if link.form is not None:
        yield from forms.check(stage, link.form, help_needed=False, stored=True)
    if link.open is None and link.address is None:
        yield stage.finding("link", f"DynamicLink {link.name} leads nowhere.", "Give it open or address.", at=at)
    strange = [state for state in link.states if state not in STATES]
    if strange:
        yield stage.finding("link", f"DynamicLink {link.name}: unknown states {strange}.", f"Use {STATES}.", at=at)
    if link.default_unavailable not in UNAVAILABLE:
        do = f"Use one of {', '.join(sorted(UNAVAILABLE))}."
        sentence = f"DynamicLink {link.name}: default_unavailable is {link.default_unavailable!r}."
        yield stage.finding("link", sentence, do, at=at)


def _dynamic_label(stage: Stage, label: DynamicLabel) -> Found:
    at, name = label.value, f"DynamicLabel {label.name}"
    yield from _said(stage, label, at=at, label=label.label, help_text=label.help)
    if label.source not in {"", stage.name}:
        do = "Leave source out: it is the plugin's name."
        yield stage.finding("label", f"{name} says it is of {label.source}.", do, at=at)
    if label.form is not None:
        yield from forms.check(stage, label.form, help_needed=False, stored=True)
    for field, possible in (("states", STATES), ("depends_on", ("person", "time"))):
        strange = [word for word in getattr(label, field) if word not in possible]
        if strange:
            yield stage.finding("label", f"{name}: unknown {field} {strange}.", f"Use {possible}.", at=at)
    if "person" in label.depends_on and not str(label.example).strip():
        yield stage.finding("label", f"{name} has no example.", "Previews print it, since they ask nobody.", at=at)


def _condition(stage: Stage, condition: Condition) -> Found:
    at, name = condition.holds, f"Condition {condition.name}"
    yield from _said(stage, condition, at=at, label=condition.label, help_text=condition.help)
    if condition.source not in {"", stage.name}:
        do = "Leave source out: it is the plugin's name."
        yield stage.finding("condition", f"{name} says it is of {condition.source}.", do, at=at)
    if condition.form is not None:
        yield from forms.check(stage, condition.form, help_needed=False, stored=True)
    known = (("states", STATES), ("attention", ATTENTION), ("depends_on", ("person", "time")))
    for field, possible in known:
        strange = [word for word in getattr(condition, field) if word not in possible]
        if strange:
            yield stage.finding("condition", f"{name}: unknown {field} {strange}.", f"Use {possible}.", at=at)
    if not condition.depends_on:
        do = 'Say "person", or "time" where it is equal for all who look at that moment.'
        yield stage.finding("condition", f"{name} depends on nothing.", do, at=at)


def _listener(stage: Stage, on: On) -> Found:
    if not (inspect.isclass(on.event) and issubclass(on.event, Event)):
        yield stage.finding("listener", f"{on.name} listens to {on.event!r}, which is no event.", "", at=on.listener)


def _job(stage: Stage, job: Job) -> Found:
    if job.every is not None and job.every < timedelta(seconds=1):
        yield stage.finding("job", f"The job {job.name} runs every {job.every}.", "At most once a second.", at=job.run)
    if job.max_attempts < 1:
        yield stage.finding("job", f"The job {job.name} is never tried.", "max_attempts is 1 or more.", at=job.run)
    if job.every is not None and any(
        parameter.default is parameter.empty and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        for parameter in inspect.signature(job.run).parameters.values()
    ):
        do = "A schedule starts it without arguments: give them defaults."
        yield stage.finding("job", f"The job {job.name} has a schedule and needs arguments.", do, at=job.run)


def _health_check(stage: Stage, check_: HealthCheck) -> Found:
    yield from _said(stage, check_, at=check_.check, label=check_.label)


def _command(stage: Stage, item: Command) -> Found:
    prefix = stage.name.replace("_", "-")
    if item.name != prefix and not item.name.startswith(f"{prefix}-"):
        do = f"Make it a group called {prefix}, so that people type: lms {prefix} {item.name}."
        yield stage.finding("command", f"The command {item.name} has a name that others may use.", do)
    yield from _command_help(stage, item.command, item.name)


def _command_help(stage: Stage, command: click.Command, path: str) -> Found:
    if not (command.help or command.short_help):
        yield stage.finding("help", f"lms {path} has no help.", "Write a docstring.", at=command.callback)
    if isinstance(command, click.Group):
        for name, one in sorted(command.commands.items()):
            yield from _command_help(stage, one, f"{path} {name}")


def _security(stage: Stage, item: ContentSecuritySource) -> Found:
    if item.directive not in _DIRECTIVES:
        do = f"Plugins may add to {', '.join(_DIRECTIVES)}. Scripts and styles come from this site alone."
        yield stage.finding("policy", f"{item.name} wants to change {item.directive}.", do, at=item.sources)


def _slot(stage: Stage, slot: Slot) -> Found:
    if not re.fullmatch(r"[a-z]+(?:[._][a-z]+)*", slot.place):
        yield stage.finding("slot", f"Slot {slot.name}: {slot.place!r} is no name of a place.", "", at=slot.render)


def _sealed_column(stage: Stage, item: SealedColumn) -> Found:
    if "{}" not in item.place or not item.place.startswith(stage.name):
        do = f'Seal under "{stage.name}_table.{{}}", with the key of the row for the braces.'
        yield stage.finding("sealed", f"SealedColumn {item.name}: {item.place!r} does not name one row.", do)


def _service(stage: Stage, service: Service) -> Found:
    at = type(service)
    if service.kind != PAYMENT_PROVIDER:
        do = f"The core asks for: {PAYMENT_PROVIDER}."
        yield stage.finding("service", f"Nobody asks for a service of the kind {service.kind!r}.", do, at=at)
        return
    if not isinstance(service, PaymentProvider):
        do = "See PaymentProvider in docs/plugins/reference.md."
        yield stage.finding("service", f"{at.__name__} lacks a part of a payment provider.", do, at=at)
        return
    if not str(service.label).strip():
        yield stage.finding("label", f"{at.__name__} has no label.", "It names the way to pay.", at=at)
    if service.name != stage.name:
        do = f"Call it {stage.name}: orders and payments are stored under that name."
        yield stage.finding("service", f"{at.__name__} is called {service.name!r}.", do, at=at)


def _blueprint(stage: Stage, described: Described) -> Found:
    blueprint = described.blueprint
    if blueprint is None:
        return
    at = type(described.plugin).blueprint
    if blueprint.name != stage.name:
        do = f'Write Blueprint("{stage.name}", __name__).'
        yield stage.finding("blueprint", f"The blueprint is called {blueprint.name!r}.", do, at=at)
    if blueprint.url_prefix:
        do = f"Leave it out: the addresses lie below /ext/{stage.name}."
        yield stage.finding("blueprint", f"The prefix {blueprint.url_prefix} is never used.", do, at=at)


def is_origin(text: Any) -> bool:
    """Whether it is an origin as links and the content-security policy name it: ``https://pay.example``."""
    if not isinstance(text, str) or not (is_https_address(text) or is_loopback(text)):
        return False
    return origin(text) == text


_RULES: dict[type, Callable[[Stage, Any], Found]] = {
    SettingsPage: _settings_page,
    NavItem: _nav_item,
    Block: _block,
    Condition: _condition,
    Pattern: _pattern,
    DynamicLabel: _dynamic_label,
    DynamicLink: _dynamic_link,
    On: _listener,
    Job: _job,
    HealthCheck: _health_check,
    Command: _command,
    ContentSecuritySource: _security,
    Slot: _slot,
    SealedColumn: _sealed_column,
}
