"""The patterns that come with Stoa, stored as blocks once they are inserted."""

from lms.content.patterns import pages, parts, sections

ALL = (*sections.ALL, *pages.ALL)

__all__ = ["ALL", "parts"]
