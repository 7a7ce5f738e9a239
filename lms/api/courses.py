"""Courses to read, for plugins."""

from lms.courses.outline import CourseView
from lms.courses.services import list_all, list_published

__all__ = ["CourseView", "list_all", "list_published"]
