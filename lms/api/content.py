"""Documents, blocks and dynamic links, for plugins."""

from lms.content.document import empty, new_block
from lms.content.links import ResolvedLink, dynamic_link, go_address, resolve
from lms.content.problems import DocumentInvalid, Fault
from lms.content.render import Rendered, page_html, tree_html
from lms.content.services import RevisionView, newest_revision, published_tree, save_document

__all__ = [
    "DocumentInvalid",
    "Fault",
    "Rendered",
    "ResolvedLink",
    "RevisionView",
    "dynamic_link",
    "empty",
    "go_address",
    "new_block",
    "newest_revision",
    "page_html",
    "published_tree",
    "resolve",
    "save_document",
    "tree_html",
]
