"""Products as blocks name them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lms.access import services as access
from lms.commerce import orders
from lms.content.references import References, Referred


class ProductReferences(References):
    """All products; those that are sold no longer are there, and lead nowhere."""

    name = "product"

    def search(self, words: str, limit: int) -> Sequence[Referred]:
        return [Referred(each.slug, each.name) for each in access.products_named(words, limit=limit)]

    def find(self, stored: Collection[Any]) -> Mapping[Any, Referred]:
        found = access.products_by_slug(stored).values()
        paths = orders.sales_paths([each.id for each in found])
        return {each.slug: Referred(each.slug, each.name, paths[each.id] if each.active else "") for each in found}
