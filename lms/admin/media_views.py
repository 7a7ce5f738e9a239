"""The media library: find, upload, describe, replace, open to everybody, delete."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask_babel import gettext as _

from lms.admin import media_places
from lms.admin.blueprint import blueprint
from lms.admin.media_forms import PictureForm, ReplaceForm, UploadForm, is_picture
from lms.admin.policies import MEDIA
from lms.base.problem import NotFound, Problem
from lms.db import commit, rollback
from lms.media import services as media
from lms.media.models import Visibility
from lms.web import current_person, flash, redirect, render, requires, row_number

_PAGE = 40


@blueprint.get("/admin/media")
@requires(MEDIA)
def media_page() -> str:
    """The newest files, or those that fit what is looked for, and the form for one more."""
    return _draw(UploadForm())


@blueprint.post("/admin/media")
@requires(MEDIA)
def upload() -> Any:
    """Keep a file."""
    form = UploadForm()
    if not form.validate():
        return _draw(form), 422
    visibility = Visibility.PUBLIC if form.public.data else Visibility.PRIVATE
    try:
        kept = _store(form.file.data, visibility, form.alt.data or "")
    except Problem as problem:
        rollback()
        return _draw(form, problem), problem.status
    flash(_("%(name)s is here.", name=kept.name), "good")
    return redirect("/admin/media")


@blueprint.post("/admin/media/upload")
@requires(MEDIA)
def upload_picture() -> Response:
    """Keep a picture that was dropped or pasted into the editor. Those of lessons open to whom the lesson opens."""
    sent = request.files.get("file")
    try:
        if sent is None or not is_picture(sent):
            raise Problem(
                _("This is not a picture."), next_step=_("JPEG, PNG, WebP, AVIF and GIF are taken."), status=415
            )
        visibility = Visibility.PRIVATE if request.form.get("for") == "lesson" else Visibility.PUBLIC
        kept = _store(sent, visibility, "")
    except Problem as problem:
        rollback()
        response = jsonify({"sentence": " ".join(filter(None, (problem.sentence, str(problem.next_step or ""))))})
        response.status_code = problem.status
        return response
    return jsonify({"key": kept.key, "name": kept.name, "path": kept.path})


def _store(sent: Any, visibility: Visibility, alt: str) -> media.MediaView:
    actor_id = _actor()
    commit()
    return media.store(
        sent.stream, name=sent.filename or "", actor_id=actor_id, visibility=visibility, alt=" ".join(alt.split())
    )


def _actor() -> int | None:
    person = current_person()
    return person.id if person else None


@blueprint.get("/admin/media/<key>")
@requires(MEDIA)
def media_file_page(key: str) -> str:
    """One file: what it shows, where it stands, and what can be done with it."""
    found = _find(key)
    return _draw_file(found, PictureForm(alt=found.alt, focus=found.focus), ReplaceForm())


@blueprint.post("/admin/media/<key>")
@requires(MEDIA)
def describe_media(key: str) -> Any:
    """Say what a picture shows, and which part of it matters."""
    found, form = _find(key), PictureForm()
    if not form.validate():
        return _draw_file(found, form, ReplaceForm()), 422
    media.describe(key, alt=" ".join((form.alt.data or "").split()), focus=form.focus.data, actor_id=_actor())
    flash(_("Saved."), "good")
    return redirect(f"/admin/media/{key}")


@blueprint.post("/admin/media/<key>/replace")
@requires(MEDIA)
def replace_media(key: str) -> Any:
    """Put another file at the same address; pages that show it show the new one."""
    found, form = _find(key), ReplaceForm()
    pictures = PictureForm(formdata=None, alt=found.alt, focus=found.focus)
    if not form.validate():
        return _draw_file(found, pictures, form), 422
    actor_id = _actor()
    commit()
    try:
        media.replace(key, form.file.data.stream, name=form.file.data.filename or "", actor_id=actor_id)
    except Problem as problem:
        rollback()
        form.file.errors = [" ".join(filter(None, (problem.sentence, str(problem.next_step or ""))))]
        return _draw_file(_find(key), pictures, form), problem.status
    flash(_("The file is replaced. Its address is the same."), "good")
    return redirect(f"/admin/media/{key}")


@blueprint.post("/admin/media/<key>/<any(open, close, delete):change>")
@requires(MEDIA)
def change_media(key: str, change: str) -> Any:
    """Open a file to everybody, close it, or delete it."""
    if change == "delete":
        media.delete_file(key, actor_id=_actor())
        flash(_("The file is deleted."), "good")
        return redirect("/admin/media")
    media.set_visibility(key, Visibility.PUBLIC if change == "open" else Visibility.PRIVATE, actor_id=_actor())
    flash(_("Everybody may see it now.") if change == "open" else _("It is private now."), "good")
    return redirect(f"/admin/media/{key}")


def _find(key: str) -> media.MediaView:
    found = media.view(key)
    if found is None:
        raise NotFound(_("This file is not there any more."))
    return found


def _draw(form: UploadForm, problem: Problem | None = None) -> str:
    search = request.args.get("q", "")[:100]
    rows = media.newest(before=request.args.get("before", type=row_number), limit=_PAGE, search=search)
    older = rows[-1][0] if len(rows) == _PAGE else None
    files = [view for _id, view in rows]
    return render("admin/media.html", form=form, files=files, older=older, problem=problem, search=search)


def _draw_file(found: media.MediaView, form: PictureForm, replacing: ReplaceForm) -> str:
    places = media_places.of(found.key)
    return render("admin/media_file.html", file=found, form=form, replacing=replacing, places=places)
