"""Letters of a plugin."""

from lms.mail.services import send

__all__ = ["send"]
