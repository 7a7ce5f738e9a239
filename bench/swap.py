"""How long a process takes to follow when a plugin is switched: building the new app and swapping it in."""

from __future__ import annotations

import statistics
import time

from lms import db
from lms.app import create_app
from lms.host import activate
from lms.host.site import Site
from lms.testing.sites import TestSite

SWITCHES = 20


def median_swap(site: TestSite) -> float:
    """Milliseconds from the first request after a switch until the new app answers, the median of twenty."""
    server = Site(lambda: create_app(site.config))
    times = []
    for number in range(SWITCHES):
        with db.writes():
            if number % 2:
                activate.mark_active("stripe", "")
            else:
                activate.deactivate("stripe")
        server.app.extensions["lms_state"].forget()
        started = time.perf_counter()
        server.follow()
        times.append((time.perf_counter() - started) * 1000)
    db.dispose(server.app)
    return statistics.median(times)
