"""All that the room adds."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.extend import DocumentOwner, DynamicLink, NavItem, Plugin, Service
from lms.pages import links, menu_views, policies, reading, references, services, views


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
            NavItem(
                name="menus",
                label=_l("Menus"),
                href="/admin/menus",
                icon="bars-3",
                capability=menu_views.EDIT,
                group="site",
                order=20,
            ),
        )

    def document_owners(self) -> tuple[DocumentOwner, ...]:
        return (
            DocumentOwner(
                name=reading.OWNER_KIND,
                find=reading.page,
                title=lambda page: page.title,
                public_url=lambda page: page.path,
                edit_path=views.edit_path,
                list_path=lambda _page: "/admin/pages",
                may=policies.may,
                page=views.themed,
                published=lambda page, actor_id: services.published(page.id, actor_id=actor_id),
            ),
        )

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return links.ALL

    def services(self) -> tuple[Service, ...]:
        return (references.PageReferences(),)
