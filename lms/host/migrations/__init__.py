"""Revisions of the host's own tables."""
