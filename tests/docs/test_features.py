"""The page of features says what the tests say, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import features

MARKED = """
@pytest.mark.feature("TA-01", "B-03")
def test_a_thing_works(): ...
"""


def test_the_page_is_what_the_tests_say() -> None:
    made = features.page(features.all_proofs())
    assert features.PAGE.read_text() == made, f"Run {features.COMMAND}"


def test_no_test_names_a_row_that_is_not_there() -> None:
    rows = {row for _title, of_part in features.table().values() for row in of_part}
    assert [proof for proof in features.all_proofs() if proof.row not in rows] == []


def test_a_mark_is_read_with_all_its_rows() -> None:
    found = list(features.proofs(MARKED, "tests/test_x.py"))
    assert [(proof.row, proof.words) for proof in found] == [("TA-01", "a thing works"), ("B-03", "a thing works")]


@pytest.mark.parametrize("mark", ["", "ROWS[0]", "'TA-01', ROWS[0]", "row='TA-01'"])
def test_a_mark_that_cannot_be_read_is_refused(mark: str) -> None:
    with pytest.raises(ValueError, match="name rows"):
        list(features.proofs(f"@pytest.mark.feature({mark})\ndef test_x(): ...", "x.py"))


def test_a_row_without_a_test_is_called_open() -> None:
    made = features.page([features.Proof("TA-01", "tests/test_x.py", "test_a_thing_works")])
    assert "| [a thing works](../tests/test_x.py) |" in made
    assert made.count("**open**") == sum(len(of_part) for _title, of_part in features.table().values()) - 1
