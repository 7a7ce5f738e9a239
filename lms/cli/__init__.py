"""The command ``lms``: what runs a site, and every command that rooms and plugins add."""
