"""All that the room adds."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.extend import DocumentOwner, DynamicLink, NavItem, Plugin
from lms.pages import links, policies, reading, views


class Pages(Plugin):
    """Pages

    Pages of the site, made of blocks.
    """

    name = "pages"
    builtin = True
    models = "lms.pages.models"
    migrations = "lms.pages.migrations"

    def blueprint(self) -> Blueprint:
        return views.blueprint

    def nav_items(self) -> tuple[NavItem, ...]:
        return (
            NavItem(
                name="pages",
                label=_l("Pages"),
                href="/admin/pages",
                icon="document-text",
                capability=policies.EDIT,
                group="site",
                order=10,
            ),
        )

    def document_owners(self) -> tuple[DocumentOwner, ...]:
        return (
            DocumentOwner(
                name=reading.OWNER_KIND,
                find=reading.page,
                title=lambda page: page.title,
                public_url=lambda page: page.path,
                edit_path=lambda page: f"/admin/pages/{page.id}",
                may=policies.may,
            ),
        )

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return links.ALL
