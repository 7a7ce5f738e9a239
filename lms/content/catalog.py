"""The blocks and links that the active plugins know, looked up by the names that documents use."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from lms.extend import Block, DynamicLink
from lms.host import registry


@dataclass(frozen=True, slots=True)
class Catalog:
    """``blocks`` by type (``core/heading``), ``links`` by key (``stripe/customer-portal``)."""

    blocks: dict[str, Block]
    links: dict[str, DynamicLink]

    def block(self, kind: str, version: int) -> Block | None:
        """The block of the type; None if no active plugin can read that version of it."""
        block = self.blocks.get(kind)
        return None if block is None or version > block.version else block

    def link(self, source: str, key: str) -> DynamicLink | None:
        """The link; None if no active plugin offers it."""
        return self.links.get(f"{source}/{key}")


def current() -> Catalog:
    """The catalog of the app that is running, made once."""
    kept = current_app.extensions.get("lms_content_catalog")
    if kept is None:
        items = registry.current()
        kept = Catalog(
            {block.full_name: block for block in items.items(Block)},
            {link.key: link for link in items.items(DynamicLink)},
        )
        current_app.extensions["lms_content_catalog"] = kept
    return kept
