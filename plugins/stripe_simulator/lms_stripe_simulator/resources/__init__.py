"""The API's resources: what each request may say, and what it does."""

from lms_stripe_simulator.resources import (
    account,
    catalog,
    checkout,
    coupons,
    customers,
    endpoints,
    invoices,
    payments,
    portal,
    subscriptions,
)

__all__ = [
    "account",
    "catalog",
    "checkout",
    "coupons",
    "customers",
    "endpoints",
    "invoices",
    "payments",
    "portal",
    "subscriptions",
]
