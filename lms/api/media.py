"""Pictures and files."""

from lms.media.services import MediaView, set_visibility, store, view, views

__all__ = ["MediaView", "set_visibility", "store", "view", "views"]
