"""Announcements for Stoa: something said at the top of pages, for a while."""
