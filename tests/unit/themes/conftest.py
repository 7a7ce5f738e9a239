from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lms.testing import sites

Write = Callable[..., Path]
CHILD = 'name = "{name}"\ntitle = "{title}"\n'


@pytest.fixture
def theme(tmp_path: Path) -> Write:
    """``theme("sage", {"templates/page.html": "…"}, toml="…")`` writes a theme into the site's folder.

    Without ``toml`` it has a name and a title; with it, these two come in front, unless it names them itself.
    """

    def write(name: str, files: dict[str, str] | None = None, toml: str = "") -> Path:
        folder = tmp_path / "themes" / name
        folder.mkdir(parents=True, exist_ok=True)
        head = "" if "name =" in toml.splitlines()[0:1] else CHILD.format(name=name, title=name.capitalize())
        (folder / "theme.toml").write_text(head + toml)
        for path, text in (files or {}).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return folder

    return write


@pytest.fixture
def dressed(theme: Write, tmp_path: Path) -> Iterator[Callable[..., sites.TestSite]]:
    """``dressed({"templates/page.html": "…"})`` opens a site with the theme ``sage`` on, as visitors get it."""
    with ExitStack() as stack:

        def opened(files: dict[str, str] | None = None, toml: str = "", **options: Any) -> sites.TestSite:
            theme("sage", files, toml)
            # Containment is what is looked at here; strict sites raise.
            return stack.enter_context(sites.site(tmp_path, **{"strict_plugins": "", "theme": "sage", **options}))

        yield opened
