"""``lms stripe``: how the connections stand, and reading things again, from the command line."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from flask_babel import gettext as _
from sqlalchemy import select

from lms.api import commerce, db
from lms.api.problem import Problem
from lms_stripe import connections, import_look, import_run, reconcile, sync, tasks
from lms_stripe.connections import Connection
from lms_stripe.models import ImportLine

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("stripe")
def stripe_group() -> None:
    """How Stripe is connected, and reading there again."""


@stripe_group.command("status")
@_AS_JSON
def status(as_json: bool) -> None:
    """Show each connection; ends with 1 when one of them needs somebody."""
    found = [_of(row) for row in connections.all_of_them()]
    db.rollback()
    if as_json:
        click.echo(json.dumps({"connections": found, "waiting": tasks.waiting(), "given_up": tasks.dead()}, indent=2))
    elif not found:
        click.echo(_("Stripe is not connected."))
    for each in [] if as_json else found:
        click.echo(f"{each['mode']:10} {each['account']}  {each['status']}{'  selling' if each['selling'] else ''}")
        click.echo(f"           delivery: {each['delivery']}, last event: {each['last_event'] or '-'}")
        if each["reason"]:
            click.echo(f"           {each['reason']}")
    needs_care = [each for each in found if each["status"] in {"degraded", "revoked"}]
    if needs_care or tasks.dead():
        sys.exit(1)


def _of(row: Connection) -> dict[str, Any]:
    facts = connections.facts_of(row)
    drift = reconcile.last(row.id, "everything")
    return {
        "id": row.id,
        "account": row.account_id,
        "name": row.account_name,
        "mode": row.mode,
        "status": row.status,
        "reason": row.reason,
        "selling": row.is_selling,
        "portal": row.portal_status if row.portal_enabled else "off",
        "delivery": row.delivery,
        "products": facts.products,
        "last_event": facts.last_event_at.isoformat() if facts.last_event_at else None,
        "last_look_over": drift[0].isoformat() if drift else None,
        "drifted": drift[1] if drift else None,
    }


@stripe_group.command("sync")
@_AS_JSON
def sync_now(as_json: bool) -> None:
    """Read now what happened since the last time, and everything that waits to be read again."""
    _run(("replay",), as_json)


@stripe_group.command("reconcile")
@click.option("--everything", is_flag=True, help="Compare all subscriptions and payments at Stripe as well.")
@_AS_JSON
def reconcile_now(everything: bool, as_json: bool) -> None:
    """Look over events, checkouts and what ends soon, and read again what differs."""
    _run(("replay", "due", "checkouts", *(reconcile.THOROUGH if everything else ())), as_json)


@stripe_group.command("import")
@click.option("--dry-run", is_flag=True, help="Look at the account and tell what could be taken over; change nothing.")
@click.option("--connection", "connection_id", type=int, help="Which connection, by its id (see status).")
@_AS_JSON
def import_account(dry_run: bool, connection_id: int | None, as_json: bool) -> None:
    """Take over prices and running subscriptions that were at Stripe before, by the rules that were confirmed."""
    usable = [each for each in connections.in_use() if connection_id in (None, each.id)]
    connection = next((each for each in usable if each.is_selling), next(iter(usable), None))
    if connection is None:
        raise click.ClickException(_("Stripe is not connected."))
    found = import_look.begin(connection)
    import_id = found.id
    db.commit()
    try:
        import_look.look(import_id)
        if not dry_run:
            import_run.run(import_id)
            sync.run()
    except Problem as problem:
        db.rollback()
        raise click.ClickException(f"{problem.sentence} {problem.next_step}".strip()) from problem
    told = _import_report(connection, import_id)
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    for price in told["prices"]:
        what = price["decision"] or (f"proposed: offers {price['equal_offers']}" if price["equal_offers"] else "-")
        click.echo(f"{price['id']:32} {price['product']}  {price['amount']} {price['currency']}  {what}")
    click.echo(_("Subscriptions: %(counts)s", counts=json.dumps(told["subscriptions"])))


def _import_report(connection: Connection, import_id: int) -> dict[str, Any]:
    offers = commerce.active_offers()
    prices = db.session.scalars(select(ImportLine).filter_by(import_id=import_id, kind="price").order_by(ImportLine.id))
    counts = import_run.counts(import_id)
    told = {
        "account": connection.account_id,
        "mode": connection.mode,
        "prices": [
            {
                "id": line.stripe_id,
                "product": line.facts["product_name"],
                "amount": line.facts["unit_amount"],
                "currency": line.facts["currency"],
                "interval": line.facts["interval"],
                "interval_count": line.facts["interval_count"],
                "equal_offers": [offer.id for offer in import_look.equal_offers(line, offers)],
                "decision": line.decision,
                "state": line.state,
            }
            for line in prices
        ],
        "subscriptions": {"waiting": counts.who, "taken_over": counts.done, "left_out": counts.skipped},
    }
    db.rollback()
    return told


def _run(kinds: tuple[str, ...], as_json: bool) -> None:
    told, failed = [], False
    for connection in connections.in_use():
        for kind in kinds:
            run = reconcile.ask(connection, kind)
            failed = failed or bool(run.error)
            told.append(
                {
                    "account": connection.account_id,
                    "kind": kind,
                    "checked": run.checked,
                    "drifted": run.drifted,
                    "foreign": run.foreign_objects,
                    "error": run.error,
                }
            )
    db.commit()
    sync.run()
    left = tasks.waiting()
    if as_json:
        click.echo(json.dumps({"runs": told, "waiting": left}, indent=2))
    for each in [] if as_json else told:
        click.echo(
            f"{each['account']}  {each['kind']:10} checked {each['checked']}, drifted {each['drifted']}"
            + (f"  {each['error']}" if each["error"] else "")
        )
    if failed or left:
        sys.exit(1)
