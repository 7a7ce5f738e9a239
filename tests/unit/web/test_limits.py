"""Rate limits hold for all workers together."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from lms import db
from lms.host.models import StateNumber
from lms.web import TooMany, forgive, rate_limit


def test_the_limit_is_the_limit(site: Any, both_databases: str) -> None:
    assert [rate_limit("go", "ana", 3, 60) for _ in range(3)] == [2, 1, 0]
    with pytest.raises(TooMany) as refused:
        rate_limit("go", "ana", 3, 60)
    assert 0 < refused.value.retry_after <= 60


def test_two_people_do_not_share_a_limit(site: Any) -> None:
    rate_limit("go", "ana", 1, 60)
    assert rate_limit("go", "ben", 1, 60) == 0


def test_after_a_success_the_count_starts_again(site: Any) -> None:
    rate_limit("login", "ana", 2, 60)
    forgive("login", "ana", 2, 60)
    assert rate_limit("login", "ana", 2, 60) == 1


def test_many_threads_together_do_not_get_more_than_allowed(site: Any, both_databases: str) -> None:
    allowed: list[int] = []

    def ask() -> None:
        with site.app.app_context():
            for _ in range(5):
                try:
                    allowed.append(rate_limit("go", "ana", 10, 600))
                except TooMany:
                    continue

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowed) == 10


def test_a_limit_asked_for_too_late_is_a_mistake(site: Any) -> None:
    db.session.add(StateNumber(name="x", value=1))
    with pytest.raises(RuntimeError, match="before changing anything"):
        rate_limit("go", "ana", 3, 60)


def test_addresses_are_not_kept_in_the_table(site: Any) -> None:
    rate_limit("login", "ana@example.org", 3, 60)
    rows = db.session.execute(db.db.text("SELECT key FROM web_rate_count")).scalars().all()
    assert rows
    assert "ana" not in "".join(rows)
