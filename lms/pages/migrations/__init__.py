"""Revisions of the tables of pages."""
