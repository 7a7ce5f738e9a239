"""The base of all forms that people send."""

from __future__ import annotations

from flask_wtf import FlaskForm


class Form(FlaskForm):
    """A form with CSRF protection; texts are trimmed by the fields that want it."""
