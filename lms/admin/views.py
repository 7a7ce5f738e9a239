"""Overview, health and jobs."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _

from lms.admin.blueprint import blueprint
from lms.admin.policies import AUDIT, ENTER, HEALTH
from lms.audit import services as audit
from lms.base import clock
from lms.health import services as health
from lms.jobs import services as jobs
from lms.jobs.models import State
from lms.web import current_person, flash, redirect, render, requires

_PAGE = 50
_SHOWN = (State.DEAD, State.QUEUED, State.RUNNING)


@blueprint.get("/admin")
@requires(ENTER)
def overview() -> str:
    """What needs somebody, and what happened."""
    person = current_person()
    may_see_health = person is not None and person.can(HEALTH)
    needs = [one for one in health.findings() if one.result.state != "good"] if may_see_health else []
    changes = audit.entries(limit=8) if person is not None and person.can(AUDIT) else ()
    return render("admin/overview.html", today=clock.now(), needs=needs, changes=changes)


@blueprint.get("/admin/health")
@requires(HEALTH)
def health_page() -> str:
    """Every check with what to do."""
    return render("admin/health.html", findings=health.findings(), counts=jobs.summary())


@blueprint.get("/admin/jobs")
@requires(HEALTH)
def jobs_page() -> str:
    """Background work that failed, waits or runs."""
    state = request.args.get("state", State.DEAD)
    if state not in _SHOWN:
        state = State.DEAD
    shown = jobs.jobs(state, before=request.args.get("before", type=int), limit=_PAGE)
    older = f"/admin/jobs?state={state}&before={shown[-1].id}" if len(shown) == _PAGE else None
    return render("admin/jobs.html", jobs=shown, state=str(state), counts=jobs.summary(), older=older)


@blueprint.post("/admin/jobs/<int:job_id>/<any(retry, discard):decision>")
@requires(HEALTH)
def decide_job(job_id: int, decision: str) -> Any:
    """Let a failed job run again, or drop it."""
    person = current_person()
    actor_id = person.id if person else None
    if decision == "retry":
        jobs.retry(job_id, actor_id=actor_id)
        flash(_("The job runs again in a moment."), "good")
    else:
        jobs.discard(job_id, actor_id=actor_id)
        flash(_("The job is gone; its work is not done."), "good")
    return redirect("/admin/jobs")
