"""The Stripe simulator for tests of plugins that talk to Stripe, or that act on payments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def _running_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    testing = pytest.importorskip(
        "lms_stripe_simulator.testing", reason="The simulator is not installed: pip install stoa-stripe-simulator."
    )
    with testing.start(data=tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture
def simulator(_running_simulator: Any) -> Any:
    """A stand-in for Stripe on this machine, as new: ``url``, ``key()``, ``advance(seconds)``, ``pay_checkout(url)``.

    A site talks to it with ``site_options`` of ``{"stripe_api_base": simulator.url}``.
    """
    _running_simulator.control("POST", "reset", {})
    return _running_simulator
