"""Courses as blocks name them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lms.content.references import References, Referred
from lms.courses import services
from lms.courses.outline import CourseView


class CourseReferences(References):
    """All courses; drafts are there, and lead nowhere."""

    name = "course"

    def search(self, words: str, limit: int) -> Sequence[Referred]:
        return [_referred(each) for each in services.titled(words, limit=limit)]

    def find(self, stored: Collection[Any]) -> Mapping[Any, Referred]:
        return {each.id: _referred(each) for each in services.by_id(stored)}


def _referred(course: CourseView) -> Referred:
    return Referred(course.id, course.title, course.path if course.is_published else "")
