"""Overview, health and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _

from lms.admin.blueprint import blueprint
from lms.admin.policies import AUDIT, COMMERCE, ENTER, HEALTH
from lms.audit import services as audit
from lms.base import clock
from lms.commerce import services as commerce
from lms.commerce.services import OrderState
from lms.health import services as health
from lms.jobs import services as jobs
from lms.jobs.models import State
from lms.web import current_person, flash, redirect, render, requires

_PAGE = 50
_SHOWN = (State.DEAD, State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that somebody has to look at; ``tone`` is warn or bad."""

    tone: str
    title: Any
    detail: str
    href: str
    words: str


@blueprint.get("/admin")
@requires(ENTER)
def overview() -> str:
    """What needs somebody, and what happened."""
    person = current_person()
    may = person.can if person is not None else (lambda _capability: False)
    return render(
        "admin/overview.html",
        today=clock.now(),
        needs=[*(_held_orders() if may(COMMERCE) else ()), *(_unhealthy() if may(HEALTH) else ())],
        orders=commerce.list_orders(limit=6) if may(COMMERCE) else (),
        changes=audit.entries(limit=6) if may(AUDIT) else (),
    )


def _unhealthy() -> list[Need]:
    tones = {"advice": "warn", "broken": "bad"}
    return [
        Need(
            tones.get(one.result.state, "bad"),
            one.label,
            f"{one.result.sentence} {one.result.do}",
            "/admin/health",
            _("See health"),
        )
        for one in health.findings()
        if one.result.state != "good"
    ]


def _held_orders() -> list[Need]:
    return [
        Need(
            "bad",
            _("An order is held: %(number)s", number=one.order.number),
            _("%(name)s paid another amount than was agreed.", name=one.person_name or one.person_email),
            "/admin/orders?state=held",
            _("See order"),
        )
        for one in commerce.list_orders(states=(OrderState.HELD,), limit=3)
    ]


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
