"""What happens in the room."""

from __future__ import annotations

from dataclasses import dataclass

from lms.extend import Event


@dataclass(frozen=True, slots=True)
class Enrolled(Event):
    person_id: int
    course_id: int


@dataclass(frozen=True, slots=True)
class LessonCompleted(Event):
    person_id: int
    course_id: int
    placement_id: int


@dataclass(frozen=True, slots=True)
class CourseCompleted(Event):
    person_id: int
    course_id: int
