"""Stoa: a course platform that people run themselves and extend with plugins."""

__version__ = "0.1.0"
