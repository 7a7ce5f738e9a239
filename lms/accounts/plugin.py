"""All that the room adds."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.accounts import (
    blocks,
    conditions,
    labels,
    links,
    people_views,
    profile_views,
    recovery_views,
    sessions,
    tokens,
    views,
)
from lms.accounts.blueprint import blueprint
from lms.accounts.commands import user
from lms.accounts.loader import PersonLoader
from lms.extend import Block, Command, Condition, DynamicLabel, DynamicLink, Job, NavItem, Plugin, Service

_KEPT = timedelta(days=30)
# Importing a module of views puts its addresses on the blueprint.
VIEWS = (views, profile_views, people_views, recovery_views)


def tidy() -> None:
    """Delete sessions and mailed links that ended more than 30 days ago."""
    sessions.forget_ended(_KEPT)
    tokens.forget_expired(_KEPT)


class Accounts(Plugin):
    """Accounts

    People, how they sign in, and which roles they have.
    """

    name = "accounts"
    builtin = True
    models = "lms.accounts.models"
    migrations = "lms.accounts.migrations"

    def blueprint(self) -> Blueprint:
        return blueprint

    def nav_items(self) -> tuple[NavItem, ...]:
        return (
            NavItem(
                name="people",
                label=_l("People"),
                href="/admin/people",
                icon="users",
                capability=people_views.MANAGE,
                group="teach",
                order=20,
            ),
        )

    def blocks(self) -> tuple[Block, ...]:
        return blocks.ALL

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return links.ALL

    def dynamic_labels(self) -> tuple[DynamicLabel, ...]:
        return labels.ALL

    def conditions(self) -> tuple[Condition, ...]:
        return conditions.ALL

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="tidy", run=tidy, every=timedelta(days=1)),)

    def commands(self) -> tuple[Command, ...]:
        return (Command(name="user", command=user),)

    def services(self) -> tuple[Service, ...]:
        return (PersonLoader(),)
