"""Addresses of a plugin: who may see each is declared, and each lies where the host puts it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from flask import Blueprint, Flask

from lms.testing.contract.finding import Finding
from lms.testing.contract.stage import Stage, tried, words
from lms.web import access


def check(stage: Stage, blueprint: Blueprint) -> Iterator[Finding]:
    """Every view says who may see it."""
    app = Flask("contract", static_folder=None)
    _nothing, error = tried(lambda: app.register_blueprint(blueprint, url_prefix=f"/ext/{stage.name}"))
    if error is not None:
        yield stage.finding("blueprint", f"The blueprint cannot be registered: {words(error)}.", "")
        return
    addresses = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    for endpoint, view in sorted(app.view_functions.items()):
        if access.declared(view) is not None:
            continue
        if endpoint.endswith(".static"):
            do = f'Leave static_folder out: files below static/ are served, as in asset("{stage.name}/hello.css").'
            yield stage.finding("view", f"The blueprint {blueprint.name} serves files of its own.", do)
            continue
        do = "Put @public, @signed_in or @requires(…) of lms.api.web above the function, below the route."
        sentence = f"{addresses.get(endpoint, endpoint)} does not say who may see it."
        yield stage.finding("view", sentence, do, at=inspect.unwrap(view))
