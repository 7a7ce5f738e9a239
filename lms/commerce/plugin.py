"""All that the room commerce adds."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.access.events import GrantReopened
from lms.commerce import (
    blocks,
    checkout_settings,
    checkout_views,
    claim_views,
    conditions,
    disputes,
    health,
    labels,
    links,
    manage,
    offer_views,
    order_views,
    references,
    refund_views,
    refunds,
    renewals,
    reopening,
    sales_views,
    selling_blocks,
    trials,
    unpaid,
)
from lms.commerce.policies import MANAGE
from lms.commerce.providers import FreeOfCharge
from lms.extend import (
    Block,
    Condition,
    DynamicLabel,
    DynamicLink,
    HealthCheck,
    Job,
    NavItem,
    On,
    Plugin,
    Service,
    SettingsPage,
    Slot,
)

# Imported for their views, which hang on the one blueprint.
_VIEWS = (checkout_views, claim_views, offer_views, order_views, refund_views, sales_views)


class Commerce(Plugin):
    """Commerce

    Offers, orders and subscriptions, whoever takes the money.
    """

    name = "commerce"
    category = "core"
    builtin = True
    models = "lms.commerce.models"
    migrations = "lms.commerce.migrations"

    def blueprint(self) -> Blueprint:
        return manage.blueprint

    def nav_items(self) -> tuple[NavItem, ...]:
        return (
            NavItem(
                name="products", label=_l("Products"), href="/admin/products", icon="tag", capability=MANAGE,
                group="sell", order=10,
            ),
            NavItem(
                name="orders", label=_l("Orders"), href="/admin/orders", icon="receipt-percent", capability=MANAGE,
                group="sell", order=20,
            ),
            NavItem(
                name="subscriptions", label=_l("Subscriptions"), href="/admin/subscriptions", icon="arrow-path",
                capability=MANAGE, group="sell", order=25,
            ),
        )  # fmt: skip

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        return (checkout_settings.page,)

    def blocks(self) -> tuple[Block, ...]:
        return (blocks.subscription, selling_blocks.buy, selling_blocks.pricing)

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return (links.buy, links.pricing)

    def dynamic_labels(self) -> tuple[DynamicLabel, ...]:
        return labels.ALL

    def conditions(self) -> tuple[Condition, ...]:
        return conditions.ALL

    def listeners(self) -> tuple[On, ...]:
        return (On(GrantReopened, reopening.follow),)

    def jobs(self) -> tuple[Job, ...]:
        return (
            Job(name="send_refund", run=refunds.send, lease=timedelta(minutes=5)),
            Job(name="remind_of_trials", run=trials.remind, every=timedelta(hours=1)),
            Job(name="remind_of_renewals", run=renewals.remind, every=timedelta(hours=1)),
            Job(name="follow_disputes", run=disputes.follow_setting, every=timedelta(hours=1)),
        )

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return (health.refunds_leave, health.disputes_are_answered, health.nobody_pays_twice)

    def slots(self) -> tuple[Slot, ...]:
        return (unpaid.slot,)

    def services(self) -> tuple[Service, ...]:
        return (FreeOfCharge(), references.ProductReferences())
