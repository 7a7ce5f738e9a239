"""Revisions of the room commerce."""
