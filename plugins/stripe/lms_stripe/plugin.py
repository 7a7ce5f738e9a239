"""All that the plugin adds, on one page."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint

from lms.api import commerce
from lms.extend import (
    Block,
    Command,
    Condition,
    ContentSecuritySource,
    DynamicLabel,
    DynamicLink,
    HealthCheck,
    Job,
    On,
    Plugin,
    SealedColumn,
    Service,
    SettingsPage,
    Slot,
)
from lms_stripe import (
    billing,
    blocks,
    checkout,
    commands,
    conditions,
    connections,
    coupon_views,
    customers,
    detours,
    drift,
    drift_views,
    endpoints,
    health,
    how_to,
    import_views,
    instalments,
    labels,
    links,
    owner_views,
    polling,
    portal_views,
    prices,
    purge_views,
    reconcile,
    settings,
    simulator_clock,
    sync,
    views,
)
from lms_stripe.blueprint import blueprint

# Imported for their views, which hang on the one blueprint.
_VIEWS = (coupon_views, drift_views, import_views, views, owner_views, portal_views, purge_views, how_to)


class Stripe(Plugin):
    """Stripe

    Take payments, and let students manage them in Stripe's customer portal.
    """

    category = "payments"
    models = "lms_stripe.models"
    migrations = "lms_stripe.migrations"

    def blueprint(self) -> Blueprint:
        return blueprint

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        return (settings.page,)

    def sealed_columns(self) -> tuple[SealedColumn, ...]:
        return (*endpoints.sealed, checkout.sealed)

    def slots(self) -> tuple[Slot, ...]:
        return (*billing.SLOTS, how_to.slot)

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return links.ALL

    def dynamic_labels(self) -> tuple[DynamicLabel, ...]:
        return labels.ALL

    def conditions(self) -> tuple[Condition, ...]:
        return conditions.ALL

    def blocks(self) -> tuple[Block, ...]:
        return blocks.ALL

    def listeners(self) -> tuple[On, ...]:
        return (
            On(commerce.OfferChanged, prices.on_offer_changed),
            On(commerce.OrderClaimed, customers.follow_claim),
        )

    def jobs(self) -> tuple[Job, ...]:
        return (
            # Short: while a worker that was killed still counts as being at it, nothing is read again.
            Job(name="sync", run=sync.run, lease=timedelta(minutes=1)),
            Job(name="follow_clock", run=simulator_clock.tick, every=timedelta(seconds=2), max_attempts=1),
            Job(name="prices", run=prices.run, lease=timedelta(minutes=5)),
            Job(name="reconcile", run=reconcile.hourly, every=timedelta(hours=1), max_attempts=1),
            Job(name="reconcile_everything", run=reconcile.nightly, every=timedelta(hours=24), max_attempts=1),
            Job(name="detours", run=detours.run, every=timedelta(hours=1), max_attempts=1),
            Job(name="look_over", run=drift.look_over, lease=timedelta(minutes=10), max_attempts=1),
            Job(name="import_look", run=import_views.look, lease=timedelta(minutes=10)),
            Job(name="import_run", run=import_views.run, lease=timedelta(minutes=10)),
            Job(name="instalments", run=instalments.run),
            Job(name="poll", run=polling.run, every=timedelta(minutes=5), max_attempts=1),
        )

    def health_checks(self) -> tuple[HealthCheck, ...]:
        return (
            health.key_works,
            health.webhook_arrives,
            health.portal_is_active,
            health.invoices_go_out,
            health.nothing_drifts,
            health.picked_prices_are_there,
            health.given_codes_count,
        )

    def commands(self) -> tuple[Command, ...]:
        return (Command(name="stripe", command=commands.stripe_group),)

    def content_security_sources(self) -> tuple[ContentSecuritySource, ...]:
        return (ContentSecuritySource(name="hosted", directive="form-action", sources=connections.hosted_origins),)

    def services(self) -> tuple[Service, ...]:
        return (checkout.StripePayments(),)
