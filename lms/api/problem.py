"""Refusals that people can do something about."""

from lms.base.problem import Conflict, Forbidden, NotFound, Problem, Unavailable

__all__ = ["Conflict", "Forbidden", "NotFound", "Problem", "Unavailable"]
