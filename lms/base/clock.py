"""The two clocks of a site: domain time and real time.

Domain time decides about access, billing and dates that people see. In a demo it may run ahead of real
time, together with the payment simulator's clock. Leases, sessions and tokens always keep real time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def real_now() -> datetime:
    """The machine's time, aware, in UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """Domain time, aware, in UTC: real time plus the offset of a demo or a test."""
    return real_now() + _offset


def offset() -> timedelta:
    """How far domain time is ahead of real time; zero in production."""
    return _offset


def set_offset(value: timedelta) -> None:
    """Move domain time to ``value`` ahead of real time, for the whole process."""
    global _offset
    _offset = value
