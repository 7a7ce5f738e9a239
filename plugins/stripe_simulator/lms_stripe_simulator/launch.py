"""What the plugin adds to the command line; the simulator itself is imported when the command runs."""

from __future__ import annotations

import importlib
from typing import Any

import click


class Later(click.Command):
    """A command whose options and work are read from its module when they are asked for."""

    def __init__(self, name: str, module: str, attribute: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self._where = (module, attribute)

    def _real(self) -> click.Command:
        module, attribute = self._where
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> click.Context:
        """Hand over to the real command."""
        return self._real().make_context(info_name, args, parent, **extra)


stripe_simulator = Later(
    "stripe-simulator",
    "lms_stripe_simulator.command",
    "stripe_simulator",
    "A stand-in for Stripe on this machine. No money moves.",
)
