"""Rate limits hold for all workers together."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisIsAway

from lms import db
from lms.host.models import StateNumber
from lms.testing import sites
from lms.web import TooMany, forgive, give_back, rate_limit


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


REDIS = os.environ.get("LMS_TEST_REDIS", "redis://127.0.0.1:6379/0")


@pytest.fixture
def site_with_redis(tmp_path: Path) -> Iterator[Any]:
    try:
        Redis.from_url(REDIS).ping()
    except RedisIsAway:
        if os.environ.get("CI"):
            pytest.fail("Redis is not reachable; in CI it has to be.")
        pytest.skip("Redis is not reachable at LMS_TEST_REDIS.")
    with sites.site(tmp_path, redis_url=REDIS) as site:
        yield site
        site.app.extensions["lms_limiter"].storage.storage.close()


def test_the_limit_holds_in_redis_and_the_database_is_left_alone(site_with_redis: Any) -> None:
    who = uuid.uuid4().hex
    assert [rate_limit("go", who, 3, 60) for _ in range(3)] == [2, 1, 0]
    with pytest.raises(TooMany):
        rate_limit("go", who, 3, 60)
    forgive("go", who, 3, 60)
    assert rate_limit("go", who, 3, 60) == 2
    assert db.session.execute(db.db.text("SELECT count(*) FROM web_rate_count")).scalar() == 0


def test_a_use_given_back_does_not_count_in_either_storage(site_with_redis: Any) -> None:
    who = uuid.uuid4().hex
    rate_limit("go", who, 3, 60)
    give_back("go", who, 3, 60)
    assert rate_limit("go", who, 3, 60) == 2
