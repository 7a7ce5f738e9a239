"""``lms demo``: sets up the sample site and runs it until Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from lms.demo import sample, story
from lms.demo.processes import DidNotStart, Processes, answers

MARKER = ".demo"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the demo's servers listen, on this machine only."""

    port: int
    simulator_port: int

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def simulator(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"


def _port(name: str, default: int) -> int:
    given = os.environ.get(name, "")
    if not given:
        return default
    if not given.isdigit() or not 0 < int(given) < 65536:
        raise click.ClickException(f"{name} is {given!r}; it has to be a port, such as {default}.")
    return int(given)


def _prepare_folder(instance: Path, reset: bool) -> None:
    """Never touch the data of a site that is not the sample."""
    instance.mkdir(parents=True, exist_ok=True)
    if (instance / "lms.db").exists() and not (instance / MARKER).exists():
        raise click.ClickException(
            f"{instance} holds a site that is not the sample site. Set LMS_INSTANCE to another folder."
        )
    if reset:
        for entry in instance.iterdir():
            if entry.name == "README.md":
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    (instance / MARKER).touch()


def _refuse_taken_ports(where: Addresses) -> None:
    for address, variable in ((where.site, "LMS_DEMO_PORT"), (where.simulator, "LMS_DEMO_SIMULATOR_PORT")):
        if answers(address):
            raise click.ClickException(f"Something answers at {address} already. Choose a port with {variable}.")


def _environment(instance: Path, where: Addresses) -> dict[str, str]:
    return {
        "LMS_ENV": "demo",
        "LMS_INSTANCE": str(instance),
        "LMS_SITE_URL": where.site,
        "LMS_STRIPE_API_BASE": where.simulator,
        "LMS_MAIL": "outbox",
    }


@click.command()
@click.option("--reset", is_flag=True, help="Forget everything and start over.")
@click.option("--fresh", is_flag=True, help="Leave Stripe unconnected, to connect it yourself.")
def demo(reset: bool, fresh: bool) -> None:
    """Run the sample site: web server, worker, Stripe simulator. Ctrl-C stops all of it."""
    instance = Path(os.environ.get("LMS_INSTANCE", "instance")).resolve()
    where = Addresses(_port("LMS_DEMO_PORT", 8000), _port("LMS_DEMO_SIMULATOR_PORT", 8420))
    _refuse_taken_ports(where)
    _prepare_folder(instance, reset)
    environment = _environment(instance, where)
    os.environ.update(environment)
    processes = Processes(instance / "logs")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _start(processes, instance, where, environment, fresh)
        _watch(processes)
    except (DidNotStart, story.FlowFailed) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    finally:
        processes.end()


def _start(processes: Processes, instance: Path, where: Addresses, environment: dict[str, str], fresh: bool) -> None:
    simulator = processes.start(
        "simulator",
        ["lms_stripe_simulator", "--port", str(where.simulator_port), "--data", str(instance / "simulator")],
        environment,
    )
    click.echo("Setting up the sample site …")
    about = sample.ensure()
    processes.wait_for("simulator", simulator, f"{where.simulator}/_simulator/state")
    server = processes.start("site", ["lms", "run", "--port", str(where.port)], environment)
    processes.wait_for("site", server, f"{where.site}/")
    if not fresh:
        story.tell(where.site, where.simulator, about)
    _announce(instance, where, about)


def _announce(instance: Path, where: Addresses, about: dict[str, Any]) -> None:
    people = about["people"]
    told = {"site": where.site, "simulator": where.simulator, "people": people, "pages": about["pages"]}
    (instance / "demo.json").write_text(json.dumps(told, indent=2) + "\n")
    click.echo(f"\n  Site        {where.site}\n  Admin       {where.site}/admin\n  Simulator   {where.simulator}\n")
    for role, person in people.items():
        click.echo(f"  {role:<11} {person['email']:<28} {person['password']}")
    click.echo("\nCtrl-C stops all of it.")


def _watch(processes: Processes) -> None:
    while (ended := processes.first_ended()) is None:
        time.sleep(0.5)
    raise DidNotStart(f"A part of the demo ended (exit status {ended.returncode}); see {processes.logs}.")
