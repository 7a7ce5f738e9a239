"""Pages as blocks name them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lms.content.references import References, Referred
from lms.pages import reading
from lms.settings import services as settings


class PageReferences(References):
    """All pages; drafts are there, and lead nowhere."""

    name = "page"

    def search(self, words: str, limit: int) -> Sequence[Referred]:
        return [_referred(each, "") for each in reading.titled(words, limit=limit)]

    def find(self, stored: Collection[Any]) -> Mapping[Any, Referred]:
        home = str(settings.get("site", "home_page"))
        return {each.id: _referred(each, home) for each in reading.pages(stored)}


def _referred(page: reading.PageView, home: str) -> Referred:
    href = "" if page.status != reading.PUBLISHED else "/" if page.slug == home else page.path
    return Referred(page.id, page.title, href)
