"""Items: what a plugin adds, as frozen data. The host fills in ``plugin``, the name of who added it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import click
from flask_wtf import FlaskForm
from markupsafe import Markup
from sqlalchemy.orm import InstrumentedAttribute


@dataclass(frozen=True, kw_only=True)
class Item:
    """One contribution. Sorted by ``order``, then by plugin name; never by who registered first."""

    name: str
    order: int = 100
    plugin: str = ""

    @property
    def full_name(self) -> str:
        """The name with its plugin in front: ``stripe/customer-portal``."""
        return f"{self.plugin}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Action:
    """A button of a settings page. ``run(form)`` does the work and returns the sentence to show.

    It may raise ``lms.base.problem.Problem``; its sentence is shown and nothing is stored. A run that must call another
    server commits before it does. ``form`` is the validated form of the action, None when it has none.
    """

    name: str
    label: str
    run: Callable[[FlaskForm | None], str]
    form: type[FlaskForm] | None = None
    confirm: str = ""


@dataclass(frozen=True, kw_only=True)
class SettingsPage(Item):
    """A section of Admin → Settings, named like its address: ``/admin/settings/<name>``.

    ``form`` holds the stored values, defaults on the fields. ``template`` (optional) draws the page and extends
    ``admin/settings/page.html``; ``context()`` gives it more to show, from our database only. ``badge()`` returns
    ``(tone, words)`` or None, tone one of neutral, good, warn, bad.
    """

    label: str
    form: type[FlaskForm] | None
    capability: str = "settings.manage"
    help: str = ""
    actions: tuple[Action, ...] = ()
    template: str = "admin/settings/page.html"
    context: Callable[[], Mapping[str, Any]] = field(default=dict)
    badge: Callable[[], tuple[str, str] | None] = field(default=lambda: None)


@dataclass(frozen=True, kw_only=True)
class SealedColumn(Item):
    """A column of the plugin's own table that holds what ``lms.api.settings.seal`` made.

    When the site gets a new key, everything is sealed again; what nobody names here would not open any more. ``place``
    is what ``seal`` was given, with ``{}`` for the value of the column ``key`` in the same row: ``"mail.{}"``.
    """

    column: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[Any]
    place: str


@dataclass(frozen=True, kw_only=True)
class NavItem(Item):
    """An entry in the admin's sidebar. ``group`` is one of "", teach, sell, site, system."""

    label: str
    href: str
    icon: str
    capability: str
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Slot(Item):
    """HTML at a named place of a template (``slot("account.billing")``).

    ``render(context)`` gets the place's context and returns Markup; it never queries for more than one person's page.
    """

    place: str
    render: Callable[[Mapping[str, Any]], Markup]


@dataclass(frozen=True, kw_only=True)
class Job(Item):
    """Background work: ``run(**args)``, args are JSON values. Stored under ``<plugin>.<name>``.

    The runner commits with the job's end in one transaction. A job that calls another server commits before it does
    (``lms.db.commit``) and carries an idempotency key. ``every`` makes it a schedule (real time). One run that takes
    longer than ``time_limit`` ends its worker, and the plugin is paused: split long work into several jobs.
    """

    run: Callable[..., None]
    every: timedelta | None = None
    max_attempts: int = 12
    lease: timedelta = timedelta(seconds=120)
    time_limit: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Remedy:
    """The button beside a finding: where it leads, a path of this site. ``post``: pressing it acts, at that address."""

    label: str
    href: str
    post: bool = False


@dataclass(frozen=True, slots=True)
class HealthResult:
    """``state`` is good, advice or broken; ``sentence`` what is seen, ``do`` the one thing to do.

    ``remedy`` is a button for that one thing, where there is one.
    """

    state: str
    sentence: str
    do: str = ""
    remedy: Remedy | None = None


@dataclass(frozen=True, kw_only=True)
class HealthCheck(Item):
    """A question about the site's health; answered from our database only.

    ``group`` is the heading it stands under, the plugin's title where it is empty. ``needs_database`` is False for one
    that can be answered while the database is away.
    """

    label: str
    check: Callable[[], HealthResult]
    group: str = ""
    needs_database: bool = True


@dataclass(frozen=True, kw_only=True)
class Command(Item):
    """A Click command or group below ``lms``. Runs inside the app's context unless ``needs_site`` is False."""

    command: click.Command
    needs_site: bool = True


@dataclass(frozen=True, kw_only=True)
class ContentSecuritySource(Item):
    """Origins that a directive of the content-security policy may name, such as
    ``("form-action", lambda: ("https://checkout.stripe.com",))``. Asked at most once a second."""

    directive: str
    sources: Callable[[], tuple[str, ...]]
