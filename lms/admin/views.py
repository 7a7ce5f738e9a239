"""Overview, health and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from lms.admin import month
from lms.admin.blueprint import blueprint
from lms.admin.policies import AUDIT, COMMERCE, ENTER, HEALTH, PLUGINS
from lms.audit import services as audit
from lms.base import clock
from lms.commerce import services as commerce
from lms.commerce.services import OrderState
from lms.health import services as health
from lms.host import pieces, upgrade
from lms.jobs import services as jobs
from lms.jobs.models import State
from lms.web import current_person, flash, redirect, render, requires, row_number

_PAGE = 50
# The overview stays one; Health has them all, the worst first.
_MOST_NEEDS = 8
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
        numbers=month.numbers(clock.now()) if may(COMMERCE) else (),
        orders=commerce.list_orders(limit=6) if may(COMMERCE) else (),
        changes=audit.entries(limit=6) if may(AUDIT) else (),
    )


def _unhealthy() -> list[Need]:
    tones = {"advice": "warn", "broken": "bad"}
    wrong = [one for one in health.findings() if one.result.state != "good"]
    needs = [
        Need(
            tones.get(one.result.state, "bad"),
            f"{one.group}: {one.label}",
            f"{one.result.sentence} {one.result.do}",
            "/admin/health",
            _("See health"),
        )
        for one in wrong[:_MOST_NEEDS]
    ]
    left = len(wrong) - len(needs)
    if left:
        title = ngettext("One more thing needs somebody", "%(num)s more things need somebody", left)
        needs.append(Need("warn", title, _("What is broken stands above."), "/admin/health", _("See health")))
    return needs


def _held_orders() -> list[Need]:
    return [
        Need(
            "bad",
            _("An order is held: %(number)s", number=one.order.number),
            _("%(name)s paid another amount than was agreed.", name=one.person_name or one.person_email),
            f"/admin/orders/{one.order.number}",
            _("See order"),
        )
        for one in commerce.list_orders(wanted=commerce.Wanted(states=(OrderState.HELD,)), limit=3)
    ]


@blueprint.get("/admin/health")
@requires(HEALTH)
def health_page() -> str:
    """What needs somebody, then all that is well."""
    found = health.findings()
    return render(
        "admin/health.html",
        broken=[one for one in found if one.result.state == "broken"],
        advice=[one for one in found if one.result.state == "advice"],
        well=health.groups(tuple(one for one in found if one.result.state == "good")),
    )


@blueprint.post("/admin/health/check-database")
@requires(HEALTH)
def check_database() -> Any:
    """Look through the database file as soon as a worker has time."""
    jobs.enqueue("health.look_through_database", key="now")
    flash(_("The database file is looked through now. The answer is here in a moment."), "good")
    return redirect("/admin/health")


@blueprint.post("/admin/health/upgrade/<name>")
@requires(PLUGINS)
def upgrade_plugin(name: str) -> Any:
    """Bring a plugin that waits to its installed version."""
    person = current_person()
    upgrade.upgrade(name, actor_id=person.id if person else None)
    flash(_("The plugin is upgraded, and runs again within two seconds."), "good")
    return redirect("/admin/health")


@blueprint.post("/admin/health/dismiss/<name>")
@requires(HEALTH)
def dismiss_failures(name: str) -> Any:
    """Forget the failures of a piece of a plugin, or of all of them: somebody has seen it."""
    pieces.dismiss(name, request.form.get("piece", ""))
    flash(_("Dismissed. It stands here again when it fails the next time."), "good")
    return redirect("/admin/health")


@blueprint.get("/admin/jobs")
@requires(HEALTH)
def jobs_page() -> str:
    """Background work that failed, waits or runs."""
    state = request.args.get("state", State.DEAD)
    if state not in _SHOWN:
        state = State.DEAD
    shown = jobs.jobs(state, before=request.args.get("before", type=row_number), limit=_PAGE)
    older = f"/admin/jobs?state={state}&before={shown[-1].id}" if len(shown) == _PAGE else None
    return render("admin/jobs.html", jobs=shown, state=str(state), counts=jobs.summary(), older=older)


@blueprint.post("/admin/jobs/retry")
@requires(HEALTH)
def retry_jobs() -> Any:
    """Let all failed jobs run again."""
    person = current_person()
    count = jobs.retry_all(actor_id=person.id if person else None)
    flash(ngettext("%(num)s job runs again in a moment.", "%(num)s jobs run again in a moment.", count), "good")
    return redirect("/admin/jobs?state=queued")


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
