"""Which addresses may be redirected to."""

from lms.base.urls import is_https_address, is_loopback, is_safe_path, origin, safe_path

__all__ = ["is_https_address", "is_loopback", "is_safe_path", "origin", "safe_path"]
