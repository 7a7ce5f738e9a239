"""The WSGI callable of a site: ``lms.wsgi:site``."""

from __future__ import annotations

from lms.app import create_app
from lms.host.config import load
from lms.host.site import Site

site = Site(lambda: create_app(load()))
