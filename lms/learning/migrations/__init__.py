"""Revisions of the room's tables."""
