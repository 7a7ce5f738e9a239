"""Themes: where templates and assets come from."""
