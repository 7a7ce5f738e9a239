"""Revisions of the web layer."""
