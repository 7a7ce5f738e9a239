"""Which plugins are installed, and what an installation that broke off costs: itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from lms.host import discover
from lms.testing.distributions import installed, make_distribution

POINTS = b"[lms.plugins]\nbroken = lms_broken:Broken\n"
METADATA = b"Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n"
PLUGIN = {"lms_whole.plugin": "from lms.extend import Plugin\nclass Whole(Plugin): pass"}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"entry_points.txt": POINTS},
        {"METADATA": b"Metadata-Version: 2.1\nName: broken\n", "entry_points.txt": POINTS},
        {"METADATA": METADATA, "entry_points.txt": b"[lms.plugins]\nno equals\n"},
        {"METADATA": METADATA, "entry_points.txt": b"[lms.plugins]\nbr\xffken = lms_broken:Broken\n"},
        {"METADATA": METADATA},
    ],
    ids=["empty", "no metadata", "no version", "no entry", "no text", "no entry points"],
)
def test_an_installation_that_broke_off_is_left_out_and_the_others_are_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, files: Mapping[str, bytes]
) -> None:
    make_distribution(tmp_path, "whole", "1.0", PLUGIN)
    folder = tmp_path / "broken-1.0.dist-info"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with installed(tmp_path), caplog.at_level(logging.ERROR):
        for _ in range(2):
            found = discover.found()
            assert found["whole"].version == "1.0"
            assert "broken" not in found
    told = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    assert len(told) == ("entry_points.txt" in files), "once, and only where a plugin might be"


def test_of_two_versions_the_first_on_the_path_counts(tmp_path: Path) -> None:
    for folder, version in (("first", "1.0"), ("second", "2.0")):
        (tmp_path / folder).mkdir()
        make_distribution(tmp_path / folder, "whole", version, PLUGIN)
    with installed(tmp_path / "second"), installed(tmp_path / "first"):
        assert discover.found()["whole"].version == "1.0"
