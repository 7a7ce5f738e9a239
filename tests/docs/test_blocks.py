"""The reference of blocks says what the registry says, and shows each of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import block_reference as reference


def test_the_reference_of_blocks_is_what_the_registry_says(tmp_path: Path) -> None:
    with reference.site(tmp_path):
        assert reference.PAGE.read_text(encoding="utf-8") == reference.text(), f"Run: {reference.COMMAND}"
        assert len(reference.known()) > 30
        shown = [one for one in reference.known() if one.full_name not in reference.UNSEEN]
        wanted = {reference.picture(one) for one in (*shown, *reference.patterns())}
    assert set(reference.PICTURES.iterdir()) == wanted, "Run: make block-pictures"
    assert [file.name for file in wanted if file.stat().st_size >= reference.LARGEST] == []
    assert set(re.findall(r"\(images/blocks/([\w.-]+)\)", reference.PAGE.read_text())) == {one.name for one in wanted}
