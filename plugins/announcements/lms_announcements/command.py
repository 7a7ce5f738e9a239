"""``lms announcements``: the same from the command line."""

from __future__ import annotations

import json
from typing import Any

import click

from lms.api import clock
from lms.api.db import writes
from lms.api.problem import Problem
from lms_announcements import services
from lms_announcements.services import AnnouncementView


@click.group("announcements")
def announcements() -> None:
    """List announcements, and let them begin."""


@announcements.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def list_(as_json: bool) -> None:
    """List all announcements, the newest first."""
    found = services.newest(limit=1000)
    if as_json:
        click.echo(json.dumps([_told(each) for each in found], indent=2))
        return
    for each in found:
        click.echo(f"{each.id}\t{each.state(clock.now())}\t{each.where}\t{each.title}")


@announcements.command("publish")
@click.argument("announcement_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="The announcement as JSON.")
def publish(announcement_id: int, as_json: bool) -> None:
    """Let the announcement with this ANNOUNCEMENT_ID begin now."""
    try:
        with writes():
            published = services.publish(announcement_id, actor_id=None)
    except Problem as problem:
        raise click.ClickException(f"{problem.sentence} {problem.next_step}".strip()) from problem
    click.echo(json.dumps(_told(published), indent=2) if as_json else f"“{published.title}” is shown now.")


def _told(each: AnnouncementView) -> dict[str, Any]:
    return {
        "id": each.id,
        "title": each.title,
        "where": each.where,
        "state": each.state(clock.now()),
        "starts_at": each.starts_at.isoformat() if each.starts_at else None,
        "ends_at": each.ends_at.isoformat() if each.ends_at else None,
    }
