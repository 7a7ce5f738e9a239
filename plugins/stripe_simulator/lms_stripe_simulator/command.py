"""``lms stripe-simulator``: the simulator beside a site, or without one."""

from __future__ import annotations

from pathlib import Path

import click

from lms_stripe_simulator.server import NotHere, run


@click.command("stripe-simulator")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--port", default=8420, show_default=True)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("instance/simulator"),
    show_default=True,
    help="Directory for its data.",
)
@click.option("--url", help="Where browsers reach it, if not at the address it listens on.")
@click.option("--epoch", type=int, help="Time of a new data directory's clock, seconds since 1970 UTC.")
def stripe_simulator(host: str, port: int, data: Path, url: str | None, epoch: int | None) -> None:
    """A stand-in for Stripe on this machine. No money moves."""
    try:
        run(data, host=host, port=port, url=url, epoch=epoch)
    except (NotHere, OSError) as error:
        raise click.ClickException(str(error)) from error
