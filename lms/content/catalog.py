"""The blocks, links, labels and conditions that the active plugins know, looked up by the names that documents use."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import current_app

from lms.extend import Block, Condition, DynamicLabel, DynamicLink, Pattern
from lms.host import registry


@dataclass(frozen=True, slots=True)
class Catalog:
    """``blocks`` by type (``core/heading``); ``links``, ``conditions`` and ``labels`` by key (``stripe/invoices``);
    ``patterns`` by name (``core/hero``)."""

    blocks: dict[str, Block]
    links: dict[str, DynamicLink]
    conditions: dict[str, Condition] = field(default_factory=dict)
    patterns: dict[str, Pattern] = field(default_factory=dict)
    labels: dict[str, DynamicLabel] = field(default_factory=dict)

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
            {condition.key: condition for condition in items.items(Condition)},
            {pattern.full_name: pattern for pattern in items.items(Pattern)},
            {each.key: each for each in items.items(DynamicLabel)},
        )
        current_app.extensions["lms_content_catalog"] = kept
    return kept
