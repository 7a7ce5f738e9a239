"""The blocks that come with Stoa, stored as ``core/<name>``: each a form, a template, and a word on what it is for."""

from lms.content.blocks import layout, lists, media, words
from lms.content.blocks.words import HeadingForm

ALL = (*layout.ALL, *words.ALL, *media.ALL, *lists.ALL)

__all__ = ["ALL", "HeadingForm"]
