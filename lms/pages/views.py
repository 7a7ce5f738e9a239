"""Pages for visitors, and their list and form for editors."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from lms.base import clock
from lms.content import document, render
from lms.extend import RenderContext
from lms.pages import menus, policies, reading, services
from lms.pages.forms import PageForm
from lms.settings import services as settings
from lms.themes import appearance, catalog, hierarchy
from lms.web import current_person, flash, public, redirect, render_first, requires, row_number
from lms.web import render as draw

blueprint = Blueprint("pages", __name__, template_folder="templates")
blueprint.add_app_template_global(menus.shown, "menu")


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
    return _themed(found.page, render.revision_html(found.revision_id, ctx), is_home=is_home)


def _themed(page: reading.PageView, rendered: render.Rendered, *, is_home: bool) -> str:
    templates = hierarchy.candidates("page", slug=page.slug, kind=page.kind)
    return render_first(templates, page=page, rendered=rendered, is_home=is_home)


def themed(rendered: render.Rendered, ctx: RenderContext) -> str:
    """The page of ``ctx.owner`` around a document that may be another than the published one: for editors."""
    return _themed(ctx.owner, rendered, is_home=ctx.owner.slug == _home_slug())


@blueprint.get("/admin/pages")
@requires(policies.EDIT)
def index() -> ResponseReturnValue:
    """All pages, searched by title or address."""
    search, status = request.args.get("q", "")[:100], request.args.get("state", "")
    found = reading.list_pages(search=search, status=status, after=request.args.get("after", type=row_number))
    return draw("admin/pages/list.html", found=found, search=search, status=status, home=_home_slug())


@blueprint.get("/admin/pages/new")
@requires(policies.EDIT)
def new() -> ResponseReturnValue:
    """An empty form."""
    return _form_page(_form(), None)


@blueprint.post("/admin/pages/new")
@requires(policies.EDIT)
def create() -> ResponseReturnValue:
    """Make an empty draft and go on to what shall stand on it, or show the form again with what is wrong."""
    return _save(None)


@blueprint.get("/admin/pages/<int:page_id>")
@requires(policies.EDIT)
def edit(page_id: int) -> ResponseReturnValue:
    """The page's title and address."""
    page = _page(page_id)
    return _form_page(_form(title=page.title, slug=page.slug, kind=page.kind), page)


@blueprint.post("/admin/pages/<int:page_id>")
@requires(policies.EDIT)
def save(page_id: int) -> ResponseReturnValue:
    """Change title and address, or show the form again with what is wrong; nothing typed is lost."""
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


def _save(page: reading.PageView | None) -> ResponseReturnValue:
    form = _form(kind=page.kind if page else "")
    values: dict[str, Any] = {"slug": form.slug.data or "", "title": form.title.data or "", "actor_id": _actor()}
    if "kind" in form:
        values["kind"] = form.kind.data or ""
    try:
        if not form.validate():
            return _form_page(form, page), 422
        if page is None:
            made = services.create_page(**values, document=document.empty(), publish=False)
            return redirect(edit_path(made))
        services.save_page(page.id, **values)
    except services.TitleRefused as refusal:
        form.title.errors = [refusal.sentence]
    except services.SlugRefused as refusal:
        form.slug.errors = [refusal.sentence]
    else:
        flash(_("Title and address are saved."), "good")
        return redirect(f"/admin/pages/{page.id}")
    return _form_page(form, page), 422


def edit_path(page: reading.PageView) -> str:
    """Where the page is edited."""
    return f"/admin/pages/{page.id}/edit"


def _form(**values: Any) -> PageForm:
    return PageForm(kinds=catalog.kinds(appearance.active().themes, "page"), **values)


def _form_page(form: PageForm, page: reading.PageView | None) -> str:
    return draw("admin/pages/form.html", form=form, page=page, home=_home_slug())
