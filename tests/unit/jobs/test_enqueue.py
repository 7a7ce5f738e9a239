from __future__ import annotations

from datetime import timedelta

import pytest

from lms import db
from lms.base import clock
from lms.jobs import services


def nothing() -> None:
    pass


def test_a_job_of_no_active_plugin_is_refused(site):
    with pytest.raises(services.UnknownJob):
        services.enqueue("trial.typo")


def test_args_that_are_no_json_are_refused(site, with_jobs):
    with_jobs(work=nothing)
    with pytest.raises(TypeError):
        services.enqueue("trial.work", {"when": clock.now()})


def test_a_job_of_a_rolled_back_transaction_is_not_there(site, with_jobs):
    with_jobs(work=nothing)
    services.enqueue("trial.work")
    db.rollback()
    assert services.summary().queued == 0


def test_while_a_key_waits_no_second_job_is_added(site, with_jobs, both_databases):
    with_jobs(work=nothing)
    first = services.enqueue("trial.work", key="customer/1")
    assert services.enqueue("trial.work", key="customer/1") == first
    assert services.enqueue("trial.work", key="customer/2") != first


def test_the_same_key_of_another_job_is_another_job(site, with_jobs, both_databases):
    with_jobs(work=nothing, other=nothing)
    assert services.enqueue("trial.work", key="1") != services.enqueue("trial.other", key="1")


def test_asking_again_brings_a_waiting_job_forward(site, with_jobs, both_databases):
    with_jobs(work=nothing)
    services.enqueue("trial.work", key="1", run_at=clock.real_now() + timedelta(hours=1))
    services.enqueue("trial.work", key="1")
    db.commit()
    assert services.summary().oldest_due is not None
