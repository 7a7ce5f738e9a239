"""Revisions of the job tables."""
