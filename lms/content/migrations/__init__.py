"""Revisions of the tables of documents."""
