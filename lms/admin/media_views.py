"""The shelf of files: upload, open to everybody, delete."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, StringField
from wtforms.validators import Length

from lms.admin.blueprint import blueprint
from lms.admin.policies import MEDIA
from lms.base.problem import Problem
from lms.db import commit, rollback
from lms.media import services as media
from lms.media.models import Visibility
from lms.web import Form, current_person, flash, redirect, render, requires

_PAGE = 40


class UploadForm(Form):
    """One file."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])
    alt = StringField(
        _l("Description"),
        validators=[Length(max=400)],
        description=_l("What a picture shows, for people who do not see it."),
    )
    public = BooleanField(_l("Everybody may see it"), description=_l("Otherwise only people whom a page lets in."))


@blueprint.get("/admin/media")
@requires(MEDIA)
def media_page() -> str:
    """The newest files, and the form for one more."""
    return _draw(UploadForm())


@blueprint.post("/admin/media")
@requires(MEDIA)
def upload() -> Any:
    """Keep a file."""
    form = UploadForm()
    if not form.validate():
        return _draw(form), 422
    person = current_person()
    visibility = Visibility.PUBLIC if form.public.data else Visibility.PRIVATE
    commit()
    try:
        kept = media.store(
            form.file.data.stream,
            name=form.file.data.filename,
            actor_id=person.id if person else None,
            visibility=visibility,
            alt=form.alt.data or "",
        )
    except Problem as problem:
        rollback()
        return _draw(form, problem), problem.status
    flash(_("%(name)s is here.", name=kept.name), "good")
    return redirect("/admin/media")


@blueprint.post("/admin/media/<key>/<any(open, close, delete):change>")
@requires(MEDIA)
def change_media(key: str, change: str) -> Any:
    """Open a file to everybody, close it, or delete it."""
    person = current_person()
    actor_id = person.id if person else None
    if change == "delete":
        media.delete_file(key, actor_id=actor_id)
        flash(_("The file is deleted."), "good")
    else:
        media.set_visibility(key, Visibility.PUBLIC if change == "open" else Visibility.PRIVATE, actor_id=actor_id)
        flash(_("Everybody may see it now.") if change == "open" else _("It is private now."), "good")
    return redirect("/admin/media")


def _draw(form: UploadForm, problem: Problem | None = None) -> str:
    rows = media.newest(before=request.args.get("before", type=int), limit=_PAGE)
    older = f"/admin/media?before={rows[-1][0]}" if len(rows) == _PAGE else None
    return render("admin/media.html", form=form, files=[view for _id, view in rows], older=older, problem=problem)
