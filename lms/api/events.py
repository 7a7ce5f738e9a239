"""Telling what happened. The events themselves are with what they are about: ``lms.api.accounts`` and so on."""

from lms.host.bus import emit

__all__ = ["emit"]
