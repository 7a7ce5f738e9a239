"""Tables of the room. What stands on a page is a document of ``content``, with the owner kind "page"."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model


class Page(Model):
    """A page of the site: its title and address. Visitors get it while ``status`` is "published".

    ``kind`` chooses a template of the theme; "" for an ordinary page.
    """

    __tablename__ = "pages_page"
    __table_args__ = (Index("ix_pages_page_title_id", "title", "id"),)

    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(40), default="", server_default="")


class OldSlug(Model):
    """An address that a page had before; it goes on leading there until another page takes it."""

    __tablename__ = "pages_old_slug"

    slug: Mapped[str] = mapped_column(String(80), unique=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("pages_page.id", ondelete="CASCADE"), index=True)
