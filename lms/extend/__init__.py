"""Floor 2, the contract: all that a plugin author declares with.

A plugin is a subclass of ``Plugin`` under an entry point of the group ``lms.plugins``. It returns frozen items:
what it adds. Nothing here runs anything; the host does.
"""

from lms.extend.blocks import Block, BlockForm, BlockSlot, DocumentOwner, Group, RenderContext
from lms.extend.events import Event, On
from lms.extend.items import (
    Action,
    Command,
    ContentSecuritySource,
    HealthCheck,
    HealthResult,
    Item,
    Job,
    NavItem,
    SettingsPage,
    Slot,
)
from lms.extend.links import (
    ATTENTION,
    STATES,
    DynamicLink,
    LinkContext,
    LinkRefused,
)
from lms.extend.plugin import Plugin
from lms.extend.services import PaymentProvider, Service

__all__ = [
    "ATTENTION",
    "STATES",
    "Action",
    "Block",
    "BlockForm",
    "BlockSlot",
    "Command",
    "ContentSecuritySource",
    "DocumentOwner",
    "DynamicLink",
    "Event",
    "Group",
    "HealthCheck",
    "HealthResult",
    "Item",
    "Job",
    "LinkContext",
    "LinkRefused",
    "NavItem",
    "On",
    "PaymentProvider",
    "Plugin",
    "RenderContext",
    "Service",
    "SettingsPage",
    "Slot",
]
