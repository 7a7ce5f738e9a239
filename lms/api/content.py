"""Documents, blocks and dynamic links, for plugins."""

from lms.content.document import empty, new_block
from lms.content.linkfield import LinkField
from lms.content.links import ResolvedLink, dynamic_link, go_address, resolve
from lms.content.links import of_render as link_context_of
from lms.content.links import of_request as link_context
from lms.content.problems import DocumentInvalid, Fault
from lms.content.render import Rendered, page_html, tree_html
from lms.content.services import RevisionView, newest_revision, published_tree, save_document
from lms.host.kept import kept
from lms.host.state import bump_content_version

__all__ = [
    "DocumentInvalid",
    "Fault",
    "LinkField",
    "Rendered",
    "ResolvedLink",
    "RevisionView",
    "bump_content_version",
    "dynamic_link",
    "empty",
    "go_address",
    "kept",
    "link_context",
    "link_context_of",
    "new_block",
    "newest_revision",
    "page_html",
    "published_tree",
    "resolve",
    "save_document",
    "tree_html",
]
