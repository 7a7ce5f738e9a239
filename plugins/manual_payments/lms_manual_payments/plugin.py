"""All that the plugin adds, on one page."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint
from flask_babel import lazy_gettext as _l

from lms.api.commerce import OrderClaimed, OrderPaid
from lms.extend import HealthCheck, Job, NavItem, On, Plugin, Service, SettingsPage, Slot
from lms_manual_payments import bookkeeping, health, manage, overdue, provider, settings, views


class ManualPayments(Plugin):
    """Invoices and bank transfer

    Sell against an invoice: buyers transfer the money, you mark it as paid, and the course opens.
    """

    category = "payments"
    models = "lms_manual_payments.models"
    migrations = "lms_manual_payments.migrations"

    def blueprint(self) -> Blueprint:
        return manage.blueprint

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        return (settings.page,)

    def nav_items(self) -> tuple[NavItem, ...]:
        return (
            NavItem(
                name="invoices", label=_l("Invoices"), href=manage.LIST, icon="banknotes",
                capability=views.MANAGE, group="sell", order=30,
            ),
        )  # fmt: skip

    def slots(self) -> tuple[Slot, ...]:
        return (
            Slot(name="invoices", place="account.billing", render=views.billing_slot),
            Slot(name="invoice", place="account.order", render=views.order_slot),
        )

    def listeners(self) -> tuple[On, ...]:
        return (On(OrderPaid, bookkeeping.follow_payment), On(OrderClaimed, bookkeeping.follow_claim))

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="overdue", run=overdue.run, every=timedelta(hours=1)),)

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return (health.is_set_up,)

    def services(self) -> tuple[Service, ...]:
        return (provider.BankTransfer(),)
