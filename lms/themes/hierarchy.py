"""Which templates may draw a page, a course or a lesson, the most specific first."""

from __future__ import annotations

import re

_NAME = re.compile(r"[\w-]+")


def candidates(of: str, *, slug: str = "", kind: str = "") -> tuple[str, ...]:
    """``page/about.html``, ``page/landing.html``, ``page.html`` for the page ``about`` of the kind ``landing``.

    ``of`` is page, course or lesson. The last one is always there: the core has it.
    """
    names = [name for name in (slug, kind) if _NAME.fullmatch(name)]
    return (*dict.fromkeys(f"{of}/{name}.html" for name in names), f"{of}.html")
