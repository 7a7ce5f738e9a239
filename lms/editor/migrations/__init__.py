"""Revisions of the tables of the editor."""
