"""What happens in the room."""

from __future__ import annotations

from dataclasses import dataclass

from lms.extend import Event


@dataclass(frozen=True, slots=True)
class CoursePublished(Event):
    course_id: int


@dataclass(frozen=True, slots=True)
class CourseUnpublished(Event):
    course_id: int
