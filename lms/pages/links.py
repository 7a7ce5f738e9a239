"""Dynamic links to pages and to the site's own places. They are equal for everybody: they write their address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Form
from wtforms.validators import InputRequired, Optional, Regexp

from lms.extend import DynamicLink, LinkContext
from lms.extend.fields import Number, PlainText
from lms.pages import reading
from lms.settings import services as settings


class PageForm(Form):
    """Which page, and where on it."""

    page = Number(_l("Page"), validators=[InputRequired(_l("Choose a page."))])
    anchor = PlainText(
        _l("Place on the page"),
        description=_l("The anchor of a block, such as prices."),
        validators=[Optional(), Regexp(r"^[A-Za-z][A-Za-z0-9_-]*$", message=_l("An anchor looks like prices."))],
    )


def page_address(ctx: LinkContext, args: Mapping[str, Any]) -> str:
    """The path of the page, wherever it has moved; "" if visitors cannot see it. One query for all of a document."""
    paths = ctx.once("pages.addresses", reading.published_addresses)
    path: str = paths.get(args.get("page"), "")
    if path and path == f"/{settings.get('site', 'home_page')}":
        path = "/"
    anchor = args.get("anchor")
    return f"{path}#{anchor}" if path and anchor else path


def always(_ctx: LinkContext) -> bool:
    """There for everybody."""
    return True


ALL = (
    DynamicLink(
        name="page",
        source="page",
        source_label=_l("Page"),
        label=_l("A page of this site"),
        help=_l("Survives a new address of the page. Goes away while the page is a draft."),
        form=PageForm,
        available=always,
        address=page_address,
        for_guests=True,
        order=10,
    ),
    DynamicLink(
        name="home",
        source="site",
        source_label=_l("Site"),
        label=_l("Home page"),
        available=always,
        address=lambda _ctx, _args: "/",
        for_guests=True,
        order=20,
    ),
    DynamicLink(
        name="catalogue",
        source="site",
        source_label=_l("Site"),
        label=_l("Catalogue"),
        help=_l("All courses that are published."),
        available=always,
        address=lambda _ctx, _args: "/courses",
        for_guests=True,
        order=30,
    ),
)
