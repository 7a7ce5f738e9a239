"""All documents of the site, as visitors get them and as editors have them: for looking whether each can be drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from lms.content import services as content
from lms.content.models import Document
from lms.db import session
from lms.editor import drafts


def trees() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Pairs of where ("page 3, published", "page 3, draft") and tree; a draft only where it differs. One by one, so
    that a large site needs no more memory than a small one."""
    known = session.execute(
        select(Document.owner_kind, Document.owner_id, Document.published_id).order_by(Document.id)
    ).all()
    for kind, owner_id, published_id in known:
        published = content.tree_of_revision(published_id) if published_id is not None else None
        if published is not None:
            yield f"{kind} {owner_id}, published", published
        draft = drafts.find(kind, owner_id).tree
        if draft != published:
            yield f"{kind} {owner_id}, draft", draft
