"""Revisions of the media tables."""
