"""Revisions of the settings tables."""
