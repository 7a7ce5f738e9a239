"""Revisions of the room access."""
