"""Blocks about courses, as older versions stored them."""

from __future__ import annotations

from lms.learning.blocks import number_courses


def test_an_older_block_about_a_course_goes_on_with_its_number():
    assert number_courses({"course": "12", "title": "x"}, 1) == {"course": 12, "title": "x"}
    assert number_courses({"course": ""}, 1) == {}
    assert number_courses({"course": "twelve"}, 1) == {}
    assert number_courses({}, 1) == {}
