"""All that the room commerce adds."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.commerce import blocks, links, manage
from lms.commerce.policies import MANAGE
from lms.commerce.providers import FreeOfCharge
from lms.extend import Block, DynamicLink, NavItem, Plugin, Service


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
        )  # fmt: skip

    def blocks(self) -> tuple[Block, ...]:
        return (blocks.subscription,)

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return (links.buy,)

    def services(self) -> tuple[Service, ...]:
        return (FreeOfCharge(),)
