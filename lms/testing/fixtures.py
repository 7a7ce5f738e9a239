"""Fixtures for tests of the core and of plugins: ``pytest_plugins = ["lms.testing.fixtures"]``."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from lms import db
from lms.base import clock as base_clock
from lms.host import state
from lms.testing import sites
from lms.testing.chromium import chromium
from lms.testing.guard import closed_sockets
from lms.testing.makers import Makers, session_cookie
from lms.testing.queries import Queries
from lms.testing.simulator import _running_simulator, simulator

__all__ = ["_running_simulator", "chromium", "simulator"]
# Its tests run from the plugins that subclass them; without this a failure would not show what differed.
pytest.register_assert_rewrite("lms.testing.payments")


def pytest_configure(config: pytest.Config) -> None:
    """Random tests judge the code, not how busy the machine is: no deadlines, no complaints about slowness."""
    if importlib.util.find_spec("hypothesis") is None:
        return
    from hypothesis import HealthCheck, settings

    settings.register_profile("stoa", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("stoa")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``both_databases`` runs on SQLite and on PostgreSQL."""
    if "both_databases" in metafunc.fixturenames:
        metafunc.parametrize("both_databases", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def both_databases(request: pytest.FixtureRequest) -> str:
    """The kind of database of this run; PostgreSQL is skipped, with a word, where no server answers."""
    kind: str = request.param
    if kind == "postgresql" and not sites.postgresql_is_reachable():
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not reachable; in CI it has to be.")
        pytest.skip("PostgreSQL is not reachable at LMS_TEST_POSTGRESQL.")
    return kind


@pytest.fixture(scope="session", autouse=True)
def _databases_go() -> Iterator[None]:
    yield
    sites.drop_templates()


@pytest.fixture(autouse=True)
def outside() -> Iterator[list[Any]]:
    """Closed sockets; the list says where code connected to on this machine."""
    with closed_sockets() as connected:
        yield connected


@pytest.fixture(autouse=True)
def _domain_time_is_real_time() -> Iterator[None]:
    base_clock.set_offset(timedelta(0))
    yield
    base_clock.set_offset(timedelta(0))


@pytest.fixture
def site_options() -> dict[str, Any]:
    """Override to change the configuration of ``site``: ``{"plugins": ("stripe",), "site_url": …}``."""
    return {}


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest, site_options: dict[str, Any]) -> Iterator[sites.TestSite]:
    """A fresh site with its app context pushed."""
    kind = request.getfixturevalue("both_databases") if "both_databases" in request.fixturenames else "sqlite"
    with sites.site(tmp_path, kind=kind, **site_options) as fresh:
        yield fresh


@pytest.fixture
def client(site: sites.TestSite) -> FlaskClient:
    """A browser without cookies."""
    return site.client()


@pytest.fixture
def make(site: sites.TestSite) -> Makers:
    """Makers of people, courses, offers …; each commits."""
    return Makers()


@pytest.fixture
def sign_in(site: sites.TestSite) -> Callable[..., FlaskClient]:
    """``sign_in(person)`` returns a browser in which the person is signed in."""

    def signed(person: Any, browser: FlaskClient | None = None) -> FlaskClient:
        browser = browser or site.client()
        name, value = session_cookie(person.id)
        browser.set_cookie(name, value, domain=site.config.host)
        return browser

    return signed


@pytest.fixture
def letters(site: sites.TestSite) -> Callable[[], list[EmailMessage]]:
    """``letters()``: what was sent, oldest first. Sending is a job, so ``site.jobs.run_due()`` comes before."""

    def sent() -> list[EmailMessage]:
        files = sorted((site.config.instance / "outbox").glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    return sent


@pytest.fixture
def queries() -> Queries:
    """Counts statements: ``with queries.at_most(6): …``."""
    return Queries()


class Clock:
    """Domain time in the hands of the test."""

    def advance(self, **duration: float) -> None:
        """Move domain time ahead, as in ``advance(days=31)``."""
        state.set_clock_offset(base_clock.offset() + timedelta(**duration))
        db.commit()
        state.refresh()


@pytest.fixture
def clock(site: sites.TestSite) -> Clock:
    """Moves domain time."""
    return Clock()
