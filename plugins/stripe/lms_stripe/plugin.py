"""All that the plugin adds, on one page."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint

from lms.extend import (
    ContentSecuritySource,
    DynamicLink,
    HealthCheck,
    Job,
    Plugin,
    Service,
    SettingsPage,
    Slot,
)
from lms_stripe import checkout, connections, health, links, polling, settings, simulator_clock, sync, views


class Stripe(Plugin):
    """Stripe

    Take payments, and let students manage them in Stripe's customer portal.
    """

    category = "payments"
    models = "lms_stripe.models"
    migrations = "lms_stripe.migrations"

    def blueprint(self) -> Blueprint:
        return views.blueprint

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        return (settings.page,)

    def slots(self) -> tuple[Slot, ...]:
        return (Slot(name="portal", place="account.billing", render=views.billing_slot),)

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return links.ALL

    def jobs(self) -> tuple[Job, ...]:
        return (
            Job(name="sync", run=sync.run, lease=timedelta(minutes=5)),
            Job(name="follow_clock", run=simulator_clock.tick, every=timedelta(seconds=2), max_attempts=1),
            Job(name="poll", run=polling.run, every=timedelta(minutes=5), max_attempts=1),
        )

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return (health.key_works, health.webhook_arrives, health.portal_is_active)

    def content_security_sources(self) -> tuple[ContentSecuritySource, ...]:
        return (ContentSecuritySource(name="hosted", directive="form-action", sources=connections.hosted_origins),)

    def services(self) -> tuple[Service, ...]:
        return (checkout.StripePayments(),)
