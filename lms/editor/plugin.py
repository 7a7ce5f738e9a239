"""All that the room adds."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint

from lms.editor import drafts, views
from lms.extend import Job, Plugin


class Editor(Plugin):
    """Editor

    The visual editor of pages and other documents.
    """

    name = "editor"
    builtin = True
    models = "lms.editor.models"
    migrations = "lms.editor.migrations"

    def blueprint(self) -> Blueprint:
        return views.blueprint

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="prune", run=drafts.prune, every=timedelta(days=1)),)
