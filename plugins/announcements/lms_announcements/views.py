"""The plugin's pages: the list and the form for whoever announces, and the button that puts a banner away."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from lms.api import clock
from lms.api.urls import safe_path
from lms.api.web import current_person, flash, public, redirect, render, requires, row_number, signed_in
from lms_announcements import services, settings
from lms_announcements.forms import AnnouncementForm
from lms_announcements.services import AnnouncementView, State
from lms_announcements.settings import CAPABILITY

blueprint = Blueprint("announcements", __name__, template_folder="templates")
LIST = "/ext/announcements/"
_A_PAGE = 50


@blueprint.get("/")
@requires(CAPABILITY)
def index() -> ResponseReturnValue:
    """All announcements, the newest first."""
    found = services.newest(before=request.args.get("before", type=row_number), limit=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    return render(
        "announcements/list.html",
        listed=[(each, each.state(clock.now())) for each in shown],
        older=f"?before={shown[-1].id}" if len(found) > _A_PAGE else None,
    )


@blueprint.route("/new", methods=["GET", "POST"])
@requires(CAPABILITY)
def new() -> ResponseReturnValue:
    """A new announcement."""
    return _form_page(AnnouncementForm(data={"tone": settings.usual_tone()}), None)


@blueprint.route("/<int:announcement_id>", methods=["GET", "POST"])
@requires(CAPABILITY)
def edit(announcement_id: int) -> ResponseReturnValue:
    """An announcement to change."""
    found = services.find(announcement_id)
    return _form_page(AnnouncementForm(data=asdict(found)), found)


def _form_page(form: AnnouncementForm, found: AnnouncementView | None) -> ResponseReturnValue:
    """Show the form, or save it and, where that was pressed, publish."""
    if not form.validate_on_submit():
        state = found.state(clock.now()) if found else State.DRAFT
        page = render("announcements/form.html", form=form, announcement=found, state=state)
        return page, 422 if form.is_submitted() else 200
    saved = services.save(form.values(), announcement_id=found.id if found else None, actor_id=_person_id())
    if request.form.get("act") == "publish":
        services.publish(saved.id, actor_id=_person_id())
        flash(_("“%(title)s” is shown now.", title=saved.title), "good")
    else:
        flash(_("“%(title)s” is saved.", title=saved.title), "good")
    return redirect(LIST)


@blueprint.post("/<int:announcement_id>/publish")
@requires(CAPABILITY)
def publish(announcement_id: int) -> ResponseReturnValue:
    """Let it begin now."""
    published = services.publish(announcement_id, actor_id=_person_id())
    flash(_("“%(title)s” is shown now.", title=published.title), "good")
    return redirect(LIST)


@blueprint.post("/<int:announcement_id>/end")
@requires(CAPABILITY)
def end(announcement_id: int) -> ResponseReturnValue:
    """Let it end now."""
    ended = services.end(announcement_id, actor_id=_person_id())
    flash(_("“%(title)s” is not shown any more.", title=ended.title), "good")
    return redirect(LIST)


@blueprint.post("/<int:announcement_id>/delete")
@requires(CAPABILITY)
def delete(announcement_id: int) -> ResponseReturnValue:
    """Delete it for good."""
    services.remove(announcement_id, actor_id=_person_id())
    flash(_("The announcement is deleted."), "good")
    return redirect(LIST)


@blueprint.post("/<int:announcement_id>/dismiss")
@signed_in
def dismiss(announcement_id: int) -> ResponseReturnValue:
    """Put it away for good, and go back to the page it stood on."""
    services.dismiss(announcement_id, _person_id())
    return redirect(safe_path(request.form.get("back")))


@blueprint.get("/<int:announcement_id>/dismiss")
@public
def dismissed_elsewhere(announcement_id: int) -> ResponseReturnValue:
    """Whoever was signed out meanwhile comes here from the sign-in page, without the form."""
    return redirect("/")


def _person_id() -> int:
    person: Any = current_person()
    return int(person.id)  # these views let nobody else in
