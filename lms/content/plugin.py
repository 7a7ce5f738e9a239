"""What the room adds."""

from __future__ import annotations

from flask import Blueprint

from lms.content import blocks, dates, embeds, patterns, views
from lms.extend import Block, Condition, ContentSecuritySource, Pattern, Plugin


class Content(Plugin):
    """Content

    Documents made of blocks, and links that know who clicks.
    """

    name = "content"
    builtin = True
    models = "lms.content.models"
    migrations = "lms.content.migrations"

    def blueprint(self) -> Blueprint:
        return views.blueprint

    def blocks(self) -> tuple[Block, ...]:
        return blocks.ALL

    def conditions(self) -> tuple[Condition, ...]:
        return (dates.between,)

    def patterns(self) -> tuple[Pattern, ...]:
        return patterns.ALL

    def content_security_sources(self) -> tuple[ContentSecuritySource, ...]:
        return (embeds.SOURCE,)
