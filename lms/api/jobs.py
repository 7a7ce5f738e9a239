"""Background work of a plugin."""

from lms.jobs.leases import NotYet
from lms.jobs.services import UnknownJob, enqueue

__all__ = ["NotYet", "UnknownJob", "enqueue"]
