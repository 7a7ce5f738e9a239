from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from lms import db
from lms.audit import services as audit
from lms.base import clock
from lms.base.problem import NotFound, Unavailable
from lms.extend import Event, On
from lms.host import bus
from lms.jobs import leases, schedules, services
from lms.jobs.models import JobRow
from lms.jobs.runner import Worker

HOUR = timedelta(hours=1)


def enqueue(name: str = "trial.work", **options: object) -> int:
    job_id = services.enqueue(name, **options)
    db.commit()
    return job_id


def job(job_id: int) -> JobRow:
    db.rollback()
    return db.session.scalar(select(JobRow).where(JobRow.id == job_id).execution_options(populate_existing=True))


def fails() -> None:
    raise ZeroDivisionError("no")


def note() -> None:
    audit.record("trial.ran", actor_id=None, subject="trial")


def test_a_due_job_runs_once_with_its_args(site, with_jobs, both_databases):
    seen = []
    with_jobs(work=lambda number: seen.append(number))
    enqueue(args={"number": 3})
    assert [Worker(site.app).run_due(), Worker(site.app).run_due()] == [1, 0]
    assert seen == [3]


def test_a_job_is_not_run_before_its_time(site, with_jobs):
    with_jobs(work=note)
    enqueue(run_at=clock.real_now() + HOUR)
    assert Worker(site.app).run_due() == 0
    assert Worker(site.app).run_due(at=clock.real_now() + HOUR) == 1


def test_what_a_job_enqueues_runs_too(site, with_jobs):
    with_jobs(work=lambda: services.enqueue("trial.more"), more=note)
    enqueue()
    assert Worker(site.app).run_due() == 2


def test_effects_and_end_of_a_job_are_one_transaction(site, with_jobs, contained, both_databases):
    def half() -> None:
        note()
        fails()

    with_jobs(work=half)
    job_id = enqueue()
    Worker(site.app).run_due()
    assert (audit.entries(), job(job_id).state) == ((), "queued")


def test_with_strict_plugins_a_failure_is_raised_and_kept(site, with_jobs):
    with_jobs(work=fails)
    job_id = enqueue()
    with pytest.raises(ZeroDivisionError):
        Worker(site.app).run_due()
    assert job(job_id).last_error == "ZeroDivisionError: no"


def test_a_failed_job_waits_longer_each_time_and_is_dead_at_last(site, with_jobs, contained, both_databases):
    with_jobs(work=fails, max_attempts=3)
    job_id = enqueue()
    now, waits = clock.real_now(), []
    for _ in range(2):
        Worker(site.app).run_due(at=now)
        waits.append(job(job_id).due_at - now)
        now = job(job_id).due_at
    Worker(site.app).run_due(at=now)
    assert timedelta(seconds=2) < waits[0] <= timedelta(seconds=5) <= waits[1] <= timedelta(seconds=10)
    assert (job(job_id).state, services.summary().dead) == ("dead", 1)


def test_a_refusal_from_outside_is_tried_again_without_an_alarm(site, with_jobs):
    def refuse() -> None:
        raise Unavailable("Stripe does not answer.")

    with_jobs(work=refuse)
    job_id = enqueue()
    Worker(site.app).run_due()
    assert job(job_id).last_error == "Unavailable: Stripe does not answer."


def test_a_job_that_ends_the_process_by_itself_is_a_failure_like_any_other(site, with_jobs, contained):
    def leave() -> None:
        raise SystemExit(1)

    with_jobs(work=leave)
    job_id = enqueue()
    Worker(site.app).run_due()
    assert job(job_id).state == "queued"


def test_a_worker_whose_lease_another_took_leaves_nothing_behind(site, with_jobs, both_databases):
    taken = []

    def overtaken() -> None:
        if not taken:
            taken.append(True)
            db.commit()
            with site.app.app_context():
                lease = leases.claim(clock.real_now() + HOUR, leases.active_items())
                leases.extend(lease, clock.real_now() + HOUR)
        note()

    with_jobs(work=overtaken)
    job_id = enqueue()
    Worker(site.app).run_due()
    assert (audit.entries(), job(job_id).state) == ((), "running")


def test_a_job_whose_worker_is_gone_is_taken_by_another(site, with_jobs, both_databases):
    with_jobs(work=note)
    job_id = enqueue()
    leases.claim(clock.real_now(), leases.active_items())
    assert Worker(site.app).run_due() == 0
    assert Worker(site.app).run_due(at=clock.real_now() + HOUR) == 1
    assert (job(job_id).state, len(audit.entries())) == ("done", 1)


def test_a_job_that_takes_every_worker_down_is_dead_in_the_end(site, with_jobs, both_databases):
    with_jobs(work=note, max_attempts=2)
    job_id = enqueue()
    for hours in range(2):
        leases.claim(clock.real_now() + hours * HOUR, leases.active_items())
    assert leases.claim(clock.real_now() + 3 * HOUR, leases.active_items()) is None
    assert "worker ended" in job(job_id).last_error


def test_a_long_job_keeps_its_lease_by_the_heartbeat(site, with_jobs, both_databases):
    leased_until = []

    def long() -> None:
        while len(set(leased_until)) < 3:
            with site.app.app_context(), db.scope(db.Mode.READ):
                leased_until.append(db.session.scalar(select(JobRow.due_at)))

    with_jobs(work=long, lease=timedelta(seconds=0.3))
    job_id = enqueue()
    Worker(site.app).run_due()
    assert job(job_id).state == "done"


def test_a_worker_without_the_lease_cannot_extend_it(site, with_jobs):
    with_jobs(work=note)
    enqueue()
    lost = leases.claim(clock.real_now(), leases.active_items())
    leases.claim(clock.real_now() + HOUR, leases.active_items())
    assert leases.extend(lost, clock.real_now()) is False


def test_two_jobs_with_one_key_never_run_at_once(site, with_jobs, both_databases):
    with_jobs(work=note)
    enqueue(key="customer/1")
    now = clock.real_now()
    assert leases.claim(now, leases.active_items()) is not None
    second = enqueue(key="customer/1")
    assert leases.claim(clock.real_now(), leases.active_items()) is None
    assert job(second).state == "queued"


def test_a_job_that_an_open_transaction_asks_for_again_waits_for_it(site, with_jobs, both_databases):
    if both_databases == "sqlite":
        pytest.skip("SQLite has one writer: the worker could not take any job meanwhile.")
    with_jobs(work=note)
    enqueue(key="1")
    services.enqueue("trial.work", key="1")
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(Worker(site.app).run_due).result() == 0
    db.commit()
    assert Worker(site.app).run_due() == 1


def test_a_failed_job_whose_work_was_asked_for_again_leaves_it_to_the_new_one(site, with_jobs, contained):
    def ask_again() -> None:
        with site.app.app_context():
            enqueue(key="1")
        fails()

    with_jobs(work=ask_again)
    enqueue(key="1")
    Worker(site.app).run_due()
    assert (services.summary().queued, services.jobs("queued")[0].attempts) == (1, 1)


def test_a_job_of_a_plugin_that_is_off_waits(site, with_jobs):
    with_jobs(work=note)
    job_id = enqueue()
    with_jobs(other=note)
    assert Worker(site.app).run_due() == 0
    with_jobs(work=note)
    assert Worker(site.app).run_due() == 1
    assert job(job_id).state == "done"


def test_a_job_that_cannot_run_yet_loses_no_attempt(site, with_jobs):
    def not_yet() -> None:
        raise leases.NotYet("The plugin is off.")

    with_jobs(work=not_yet)
    job_id = enqueue()
    Worker(site.app).run_due()
    assert (job(job_id).state, job(job_id).attempts) == ("queued", 0)


def test_a_dead_job_runs_again_after_retry(site, with_jobs, contained):
    with_jobs(work=fails, max_attempts=1)
    job_id = enqueue()
    Worker(site.app).run_due()
    with_jobs(work=note)
    services.retry(job_id, actor_id=5)
    db.commit()
    assert Worker(site.app).run_due() == 1
    assert {entry.action for entry in audit.entries()} == {"jobs.retried", "trial.ran"}


def test_a_discarded_job_is_gone(site, with_jobs, contained):
    with_jobs(work=fails, max_attempts=1)
    job_id = enqueue()
    Worker(site.app).run_due()
    services.discard(job_id)
    assert services.dead() == ()
    with pytest.raises(NotFound):
        services.discard(job_id)


def test_a_job_that_still_waits_cannot_be_discarded(site, with_jobs):
    with_jobs(work=note)
    job_id = enqueue()
    with pytest.raises(NotFound):
        services.discard(job_id)


def test_a_schedule_is_due_after_its_interval_and_enqueued_once(site, with_jobs, both_databases):
    with_jobs(work=note, every=HOUR)
    items, now = leases.active_items(), clock.real_now()
    schedules.remember(items, now)
    counts = [schedules.enqueue_due(items, now + part * HOUR) for part in (0.5, 1, 1, 5)]
    assert counts == [0, 1, 0, 1]


def test_an_idle_worker_asks_one_query(site, with_jobs, queries):
    with_jobs(work=note)
    with queries.at_most(1):
        Worker(site.app).run_due()


@dataclass(frozen=True, slots=True)
class BookOpened(Event):
    page: int


def test_a_listener_that_failed_becomes_a_job_with_the_same_event(site, with_jobs, contained, both_databases):
    heard = []

    def listen(event: BookOpened) -> None:
        heard.append(event)
        if len(heard) == 1:
            fails()

    with_jobs(On(BookOpened, listen, plugin="trial"))
    bus.emit(BookOpened(12))
    db.commit()
    assert Worker(site.app).run_due() == 1
    assert heard == [BookOpened(12), BookOpened(12)]


def test_a_listener_of_a_plugin_that_is_off_waits_without_losing_attempts(site, with_jobs, contained):
    def listen(_event: BookOpened) -> None:
        fails()

    with_jobs(On(BookOpened, listen, plugin="trial"))
    bus.emit(BookOpened(12))
    db.commit()
    with_jobs()
    Worker(site.app).run_due()
    assert services.jobs("queued")[0].attempts == 0
