"""The base class of plugins: everything a plugin adds can be read on its one page."""

from __future__ import annotations

from typing import ClassVar

from flask import Blueprint

from lms.extend.blocks import Block, DocumentOwner, Pattern
from lms.extend.conditions import Condition
from lms.extend.events import On
from lms.extend.items import (
    Command,
    ContentSecuritySource,
    HealthCheck,
    Job,
    NavItem,
    SealedColumn,
    SettingsPage,
    Slot,
)
from lms.extend.labels import DynamicLabel
from lms.extend.links import DynamicLink
from lms.extend.services import Service


class Plugin:
    """Title of the plugin in the first line of the docstring.

    Below it one or two sentences on what it does: both are shown to the owner. The entry point's name is the
    plugin's name: prefix of its tables, templates, settings, jobs, blocks, links and addresses (``/ext/<name>/…``).
    Methods describe; they touch neither network nor database.
    """

    name: ClassVar[str] = ""
    category: ClassVar[str] = ""
    version: ClassVar[str] = ""
    builtin: ClassVar[bool] = False
    models: ClassVar[str] = ""
    """Dotted name of the module with the tables; imported when the plugin loads."""
    migrations: ClassVar[str] = ""
    """Dotted name of the package that holds the revision files; "" for a plugin without tables."""

    def on_activate(self) -> None:
        """Runs once, in a unit of work, when the owner activates the plugin; raising refuses the activation."""

    def blueprint(self) -> Blueprint | None:
        """Its addresses: below ``/ext/<name>`` for plugins, as they are for built-in rooms."""
        return None

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        """Sections of Admin → Settings."""
        return ()

    def sealed_columns(self) -> tuple[SealedColumn, ...]:
        """Columns of its own tables that hold sealed secrets."""
        return ()

    def nav_items(self) -> tuple[NavItem, ...]:
        """Entries of the admin's sidebar."""
        return ()

    def slots(self) -> tuple[Slot, ...]:
        """HTML at named places."""
        return ()

    def blocks(self) -> tuple[Block, ...]:
        """Kinds of block."""
        return ()

    def patterns(self) -> tuple[Pattern, ...]:
        """Blocks that belong together, to be inserted as one."""
        return ()

    def document_owners(self) -> tuple[DocumentOwner, ...]:
        """Things that hold a document."""
        return ()

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        """Links whose target depends on who clicks."""
        return ()

    def dynamic_labels(self) -> tuple[DynamicLabel, ...]:
        """Words of a page that depend on who looks, or that change by themselves."""
        return ()

    def conditions(self) -> tuple[Condition, ...]:
        """Questions that decide for whom a block is shown."""
        return ()

    def listeners(self) -> tuple[On, ...]:
        """What to call after something happened."""
        return ()

    def jobs(self) -> tuple[Job, ...]:
        """Background work and schedules."""
        return ()

    def health_checks(self) -> tuple[HealthCheck, ...]:
        """Questions about the site's health."""
        return ()

    def commands(self) -> tuple[Command, ...]:
        """Commands below ``lms``."""
        return ()

    def content_security_sources(self) -> tuple[ContentSecuritySource, ...]:
        """Origins that the content-security policy names."""
        return ()

    def services(self) -> tuple[Service, ...]:
        """Implementations of what the core asks for, such as a payment provider."""
        return ()

    @classmethod
    def title(cls) -> str:
        """The first line of the docstring."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")

    @classmethod
    def description(cls) -> str:
        """The docstring without its first line, as one paragraph."""
        return " ".join(" ".join((cls.__doc__ or "").strip().splitlines()[1:]).split())
