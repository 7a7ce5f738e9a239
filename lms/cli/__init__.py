"""The command ``lms``: what runs a site, and every command that rooms and plugins add."""

from lms.cli.main import main

__all__ = ["main"]
