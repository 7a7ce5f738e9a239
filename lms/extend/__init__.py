"""Floor 2, the contract: all that a plugin author declares with.

A plugin is a subclass of ``Plugin`` under an entry point of the group ``lms.plugins``. It returns frozen items:
what it adds. Nothing here runs anything; the host does.
"""

from lms.extend.blocks import Block, BlockForm, BlockSlot, DocumentOwner, Group, Pattern, RenderContext
from lms.extend.conditions import Condition
from lms.extend.deprecation import Deprecation, Outdated, deprecate, on_deprecated
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
    Remedy,
    SealedColumn,
    SettingsPage,
    Slot,
)
from lms.extend.labels import DynamicLabel
from lms.extend.links import (
    ATTENTION,
    STATES,
    DynamicLink,
    LinkContext,
    LinkRefused,
)
from lms.extend.plugin import Plugin
from lms.extend.services import (
    GuestSales,
    PaymentProvider,
    PriceList,
    PriceLists,
    ProviderLinks,
    ProviderPrice,
    ProviderRecord,
    ProviderRecords,
    RefundAnswer,
    Refunding,
    RefundRequest,
    Service,
)

__all__ = [
    "ATTENTION",
    "STATES",
    "Action",
    "Block",
    "BlockForm",
    "BlockSlot",
    "Command",
    "Condition",
    "ContentSecuritySource",
    "Deprecation",
    "DocumentOwner",
    "DynamicLabel",
    "DynamicLink",
    "Event",
    "Group",
    "GuestSales",
    "HealthCheck",
    "HealthResult",
    "Item",
    "Job",
    "LinkContext",
    "LinkRefused",
    "NavItem",
    "On",
    "Outdated",
    "Pattern",
    "PaymentProvider",
    "Plugin",
    "PriceList",
    "PriceLists",
    "ProviderLinks",
    "ProviderPrice",
    "ProviderRecord",
    "ProviderRecords",
    "RefundAnswer",
    "RefundRequest",
    "Refunding",
    "Remedy",
    "RenderContext",
    "SealedColumn",
    "Service",
    "SettingsPage",
    "Slot",
    "deprecate",
    "on_deprecated",
]
