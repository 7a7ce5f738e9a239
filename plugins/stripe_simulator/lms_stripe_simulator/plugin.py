"""All that the plugin adds: one command."""

from __future__ import annotations

from lms.extend import Command, Plugin
from lms_stripe_simulator.launch import stripe_simulator


class StripeSimulator(Plugin):
    """Stripe simulator

    A stand-in for Stripe that runs on your own machine, for trying things out. No money moves. Never for production.
    """

    category = "payments"

    def commands(self) -> tuple[Command, ...]:
        return (Command(name="stripe-simulator", command=stripe_simulator, needs_site=False),)
