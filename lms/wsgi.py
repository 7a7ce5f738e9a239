"""The WSGI callable of a site: ``lms.wsgi:site``."""

from __future__ import annotations

import os

from lms.app import create_app
from lms.cli import anew
from lms.host import watchdog
from lms.host.config import load
from lms.host.site import Site
from lms.host.watch import Watch

# Other servers may have no master that would start a process again, once one ended.
_is_restarted = os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn")
# Before any plugin is imported: an import may be what does not return.
_guardian = watchdog.start(load()) if _is_restarted else None
watch = Watch()
site = Site(lambda: create_app(load()))
if _guardian is not None:
    _guardian.app = lambda: site.app
if _is_restarted:
    watch.start(site, anew.end_worker)
