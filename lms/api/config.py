"""What the site was told from outside."""

from lms.host.config import Config, current

__all__ = ["Config", "current"]
