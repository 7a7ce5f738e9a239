"""The contract kit: what a plugin has to keep so that the host can carry it.

``findings(plugin)`` is what ``lms plugin check`` prints; ``lms.testing.contract.tests`` is the ready-made test.
"""

from lms.testing.contract.distribution import NotADistribution
from lms.testing.contract.finding import ADVICE, WRONG, Finding, told
from lms.testing.contract.run import findings

__all__ = ["ADVICE", "WRONG", "Finding", "NotADistribution", "findings", "told"]
