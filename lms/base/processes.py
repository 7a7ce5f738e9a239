"""Child processes that do not outlive whoever started them."""

from __future__ import annotations

import ctypes
import signal
import sys

# Linux: the kernel sends this child the signal when its parent ends, however it ends (prctl(2), PR_SET_PDEATHSIG).
_PARENT_DEATH_SIGNAL = 1


def end_with_parent() -> None:
    """For ``preexec_fn``: the child gets SIGTERM when its parent is gone, also when that was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)
