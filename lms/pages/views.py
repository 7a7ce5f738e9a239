"""Pages for visitors, and their list and form for editors."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from lms.base import clock
from lms.base.problem import Forbidden
from lms.content import document, render
from lms.content import services as content
from lms.content.problems import DocumentInvalid
from lms.extend import RenderContext
from lms.pages import policies, reading, services
from lms.pages.forms import PageForm
from lms.settings import services as settings
from lms.web import current_person, flash, public, redirect, requires
from lms.web import render as draw

blueprint = Blueprint("pages", __name__, template_folder="templates")


@blueprint.get("/")
@public(cache=True)
def home() -> ResponseReturnValue:
    """The page that the settings name as home; before there is one, the way to the courses."""
    found = reading.public_page(_home_slug())
    return draw("pages/welcome.html") if found is None else _show(found, "/", is_home=True)


@blueprint.get("/<slug>")
@public(cache=True)
def show(slug: str) -> ResponseReturnValue:
    """A published page. The home page has one address only, and an old address leads to the new one."""
    if slug == _home_slug():
        return redirect("/")
    found = reading.public_page(slug)
    if found is not None:
        return _show(found, request.path)
    moved = reading.page_that_was_at(slug)
    if moved is None:
        raise NotFound
    return redirect(moved.path)


def _home_slug() -> str:
    return str(settings.get("site", "home_page") or "")


def _show(found: reading.PublicPage, path: str, *, is_home: bool = False) -> str:
    ctx = RenderContext(person=current_person(), now=clock.now(), path=path, owner=found.page)
    rendered = render.revision_html(found.revision_id, ctx)
    return draw("pages/page.html", page=found.page, rendered=rendered, is_home=is_home)


@blueprint.get("/admin/pages")
@requires(policies.EDIT)
def index() -> ResponseReturnValue:
    """All pages, searched by title or address."""
    search, status = request.args.get("q", "")[:100], request.args.get("state", "")
    found = reading.list_pages(search=search, status=status, after=request.args.get("after", type=int))
    return draw("admin/pages/list.html", found=found, search=search, status=status, home=_home_slug())


@blueprint.get("/admin/pages/new")
@requires(policies.EDIT)
def new() -> ResponseReturnValue:
    """An empty form."""
    return _form_page(PageForm(document=_pretty(document.empty())), None)


@blueprint.post("/admin/pages/new")
@requires(policies.EDIT)
def create() -> ResponseReturnValue:
    """Make the page, or show the form again with what is wrong; nothing typed is lost."""
    return _save(None)


@blueprint.get("/admin/pages/<int:page_id>")
@requires(policies.EDIT)
def edit(page_id: int) -> ResponseReturnValue:
    """The page's form, with the newest document, published or not."""
    page = _page(page_id)
    newest = content.newest_revision(reading.OWNER_KIND, page_id)
    tree = newest.tree if newest else document.empty()
    return _form_page(PageForm(title=page.title, slug=page.slug, document=_pretty(tree)), page)


@blueprint.post("/admin/pages/<int:page_id>")
@requires(policies.EDIT)
def save(page_id: int) -> ResponseReturnValue:
    """Save as a draft or publish, or show the form again with what is wrong."""
    return _save(_page(page_id))


@blueprint.post("/admin/pages/<int:page_id>/unpublish")
@requires(policies.PUBLISH)
def unpublish(page_id: int) -> ResponseReturnValue:
    """Take the page away from visitors."""
    services.unpublish_page(page_id, actor_id=_actor())
    flash(_("Visitors do not see this page any more."), "good")
    return redirect(f"/admin/pages/{page_id}")


def _actor() -> int | None:
    person = current_person()
    return person.id if person else None


def _page(page_id: int) -> reading.PageView:
    page = reading.page(page_id)
    if page is None:
        raise services.PageMissing
    return page


def _pretty(tree: object) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False)


def _save(page: reading.PageView | None) -> ResponseReturnValue:
    publish = request.form.get("act") == "publish"
    if publish and not policies.may(current_person(), page, "publish"):
        raise Forbidden(_("You may not publish pages."), next_step=_("Save a draft, and ask somebody who may."))
    form = PageForm()
    values: dict[str, Any] = {"slug": form.slug.data or "", "title": form.title.data or ""}
    values |= {"actor_id": _actor(), "publish": publish}
    try:
        if not form.validate():
            return _form_page(form, page), 422
        tree = document.parse(form.document.data or "")
        if page is None:
            saved = services.create_page(**values, document=tree)
        else:
            saved = services.save_page(page.id, **values, document=tree)
    except services.TitleRefused as refusal:
        form.title.errors = [refusal.sentence]
    except services.SlugRefused as refusal:
        form.slug.errors = [refusal.sentence]
    except DocumentInvalid as refusal:
        form.document.errors = [str(fault) for fault in refusal.faults]
    else:
        flash(_("The page is published.") if publish else _("The draft is saved."), "good")
        return redirect(f"/admin/pages/{saved.id}")
    return _form_page(form, page), 422


def _form_page(form: PageForm, page: reading.PageView | None) -> str:
    faults = form.document.errors if form.document.errors else ()
    return draw("admin/pages/form.html", form=form, page=page, faults=faults, home=_home_slug())
