"""Fixtures of the plugin's tests."""

from __future__ import annotations
