"""The record of changes."""

from lms.audit.services import record

__all__ = ["record"]
