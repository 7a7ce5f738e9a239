"""Tests of all plugins stand on what ``lms.testing`` gives to plugin authors."""

from __future__ import annotations

pytest_plugins = ["lms.testing.fixtures"]
