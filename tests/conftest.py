"""The core's tests stand on the same fixtures as those of plugin authors."""

from __future__ import annotations

pytest_plugins = ["lms.testing.fixtures"]
