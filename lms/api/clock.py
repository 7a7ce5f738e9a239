"""The two clocks: domain time, and real time."""

from lms.base.clock import now, offset, real_now
from lms.host.state import set_clock_offset as persist_offset

__all__ = ["now", "offset", "persist_offset", "real_now"]
