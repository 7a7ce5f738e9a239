"""The Flask application: API, hosted pages, control."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from lms_stripe_simulator import api, control, pages
from lms_stripe_simulator.accounts import ensure_account
from lms_stripe_simulator.delivery import Delivery
from lms_stripe_simulator.exchange import Api
from lms_stripe_simulator.knobs import Knobs
from lms_stripe_simulator.state import State
from lms_stripe_simulator.steering import Control

LARGEST_REQUEST = 1_048_576


def create_app(directory: Path, base_url: str, *, epoch: int | None = None) -> Flask:
    """Return the simulator's application with its data in a directory.

    ``base_url`` is where browsers reach it; ``epoch`` sets the clock of a new data directory (UTC seconds).
    """
    state = State(directory, epoch=epoch)
    state.base_url = base_url.rstrip("/")
    ensure_account(state)
    knobs = Knobs()
    shared = Api(state, knobs, state.base_url)
    delivery = Delivery(state, knobs)
    app = Flask("lms_stripe_simulator", root_path=str(Path(__file__).parent), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_REQUEST
    app.extensions["simulator_api"] = shared
    app.extensions["simulator_control"] = Control(state, shared, delivery)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(control.blueprint)
    pages.register(app)
    delivery.wake()
    return app
