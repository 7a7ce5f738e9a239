"""Revisions of the audit tables."""
