"""Importing an account that was in use before, last step: what a person confirmed is carried out.

Nothing is made, changed or charged at Stripe: prices, customers and subscriptions there get rows here, and the
subscriptions are read as if an event had come. Each line is a transaction of its own, so that a run which was cut off
goes on, and a second one changes nothing. What nobody decided about is left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update

from lms.api import accounts, audit, clock, commerce, db
from lms.api.problem import Conflict, Problem
from lms_stripe import catalog, connections, customers, import_look, tasks
from lms_stripe.connections import Connection
from lms_stripe.import_look import PRICE, SUBSCRIPTION
from lms_stripe.models import Import, ImportLine, Price, Subscription
from lms_stripe.statements import insert_ignoring

LEAVE, MATCH, CREATE = "leave", "match", "create"
_DECISION = re.compile(r"(?:leave|(?:offer|product):\d+)?")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many lines there are: of prices by what was decided, of subscriptions by who they could be and by state."""

    prices: int
    decided: int
    who: dict[str, int]
    done: int
    skipped: int


def counts(import_id: int) -> Counts:
    """One query."""
    # By its name: PostgreSQL takes the same comparison with another parameter for another one.
    is_decided: Any = (ImportLine.decision != "").label("is_decided")
    query = (
        select(ImportLine.kind, ImportLine.state, is_decided, ImportLine.note, func.count())
        .where(ImportLine.import_id == import_id)
        .group_by(ImportLine.kind, ImportLine.state, "is_decided", ImportLine.note)
    )
    prices = decided = done = skipped = 0
    who: dict[str, int] = {}
    for kind, state, has_decision, note, number in db.session.execute(query):
        if kind == PRICE:
            prices += number
            decided += number if has_decision else 0
        elif state == "found":
            who[note] = who.get(note, 0) + number
        else:
            done += number if state == "done" else 0
            skipped += number if state == "skipped" else 0
    return Counts(prices, decided, who, done, skipped)


def decide(row: Import, prices: dict[int, str], people_rule: str, *, invites: bool, actor_id: int | None) -> None:
    """Keep what a person confirmed: for each price's line what it is here, and whose the customers are.

    Raises ``Conflict`` for a rule that there is not, or a price that no offer is like. Does not commit.
    """
    if people_rule not in (LEAVE, MATCH, CREATE):
        raise Conflict(_("Choose what becomes of the people."))
    lines = {line.id: line for line in db.session.scalars(select(ImportLine).filter_by(import_id=row.id, kind=PRICE))}
    for line_id, decision in prices.items():
        line = lines.get(line_id)
        if line is None or not _DECISION.fullmatch(decision):
            raise Conflict(_("This price is not there any longer."), next_step=_("Look at the account again."))
        if line.state == "skipped":
            line.state, line.note = "found", ""
        if line.note and decision not in ("", LEAVE):
            raise Conflict(_("No offer is like the price of %(name)s.", name=line.facts["product_name"]))
        if line.state != "done":
            line.decision = decision
    row.people_rule, row.invites = people_rule, invites and people_rule == CREATE
    # What was left out under another rule is looked at anew.
    skipped = ImportLine.import_id == row.id, ImportLine.kind == SUBSCRIPTION, ImportLine.state == "skipped"
    db.session.execute(update(ImportLine).where(*skipped).values(state="found"))
    detail = {"people": people_rule, "invites": row.invites, "prices": sum(bool(each) for each in prices.values())}
    audit.record("stripe.import_decided", actor_id=actor_id, subject=f"import/{row.id}", detail=detail)


def run(import_id: int, actor_id: int | None = None) -> None:
    """Carry out what was decided. Commits after each line. Raises ``Conflict`` while nobody has decided."""
    row = db.session.get_one(Import, import_id)
    if not row.people_rule:
        raise Conflict(_("Nobody has confirmed yet what becomes of the people."))
    connection = connections.get(row.connection_id)
    row.state = "running"
    db.commit()
    for kind, carry_out in ((PRICE, _price), (SUBSCRIPTION, _subscription)):
        for line_id in _waiting(import_id, kind):
            line = db.session.get_one(ImportLine, line_id, with_for_update=True, populate_existing=True)
            if line.state == "found":
                carry_out(connection, db.session.get_one(Import, import_id), line, actor_id)
            db.commit()
    db.session.get_one(Import, import_id).state = "done"
    tasks.wake()
    db.commit()


def _waiting(import_id: int, kind: str) -> list[int]:
    query = select(ImportLine.id).filter_by(import_id=import_id, kind=kind, state="found").order_by(ImportLine.id)
    found = list(db.session.scalars(query))
    db.commit()
    return found


def _price(connection: Connection, row: Import, line: ImportLine, actor_id: int | None) -> None:
    kind, _colon, ref = line.decision.partition(":")
    if kind not in ("offer", "product"):
        return
    terms = line.facts
    try:
        offer = commerce.find_offer(int(ref)) if kind == "offer" else _new_offer(int(ref), terms, actor_id)
    except (Problem, LookupError) as problem:
        line.state, line.note = "skipped", str(getattr(problem, "sentence", problem))[:300]
        return
    if offer is None:
        line.state, line.note = "skipped", _("The offer is not there any longer.")
        return
    # An offer with a price of its own goes on being sold with that one.
    is_used = catalog.price_of(connection.id, offer) is None
    values = {
        "connection_id": connection.id,
        "offer_id": offer.id,
        "local_product_id": offer.product_id,
        "product_id": terms["product_id"],
        "price_id": line.stripe_id,
        "lookup_key": "",
        "currency": terms["currency"],
        "unit_amount": terms["unit_amount"],
        "interval": terms["interval"],
        "interval_count": terms["interval_count"],
        "active": is_used,
        "picked": is_used,
    }
    insert_ignoring(Price, values, ("connection_id", "price_id"))
    line.state, line.target_id = "done", offer.id


def _new_offer(product_id: int, terms: dict[str, Any], actor_id: int | None) -> commerce.OfferView:
    return commerce.create_offer(
        product_id=product_id,
        kind="subscription" if terms["interval"] else "one_time",
        amount=terms["unit_amount"],
        currency=terms["currency"],
        interval=terms["interval"],
        interval_count=terms["interval_count"] or 1,
        actor_id=actor_id,
    )


def _subscription(connection: Connection, row: Import, line: ImportLine, actor_id: int | None) -> None:
    known = select(Subscription.id).filter_by(connection_id=connection.id, stripe_id=line.stripe_id)
    if db.session.scalar(known) is not None:
        line.state, line.note = "done", _("It was here already.")
        return
    offer_id = catalog.offer_of(connection.id, tuple(line.facts["price_ids"]))
    if offer_id is None:
        line.state, line.note = "skipped", _("Its price is left alone.")
        return
    person_id, refusal = _person(connection, row, line)
    if person_id is None:
        line.state, line.note = "skipped", refusal
        return
    has_one = commerce.running_subscription(person_id, offer_id=offer_id) is not None
    customers.adopt(connection.id, person_id, line.customer_id, line.facts["email"])
    began = line.facts["started_at"]
    now = clock.now()
    order = commerce.adopt_order(
        person_id,
        offer_id,
        "stripe",
        started_at=datetime.fromisoformat(began) if began else now,
        now=now,
        test=bool(line.facts["test"]),
        actor_id=actor_id,
    )
    # The reading that is asked for below fills in the rest, and tells commerce.
    db.session.add(
        Subscription(
            connection_id=connection.id,
            stripe_id=line.stripe_id,
            customer_id=line.customer_id,
            person_id=person_id,
            offer_id=offer_id,
            order_id=order.id,
            status="",
        )
    )
    tasks.want(connection.id, "subscription", line.stripe_id)
    tasks.want(connection.id, "customer", line.customer_id)
    line.state, line.target_id = "done", order.id
    line.note = _("This person has another running subscription to the same offer.") if has_one else ""


def _person(connection: Connection, row: Import, line: ImportLine) -> tuple[int | None, str]:
    """Whose the subscription is by the rule that was confirmed, as things are now; or why nobody's."""
    who, person_id = import_look.whose(connection.id, line.customer_id, line.facts["email"])
    if who == "known":
        return person_id, ""
    if row.people_rule == LEAVE:
        return None, _("People are left alone.")
    if who == "match":
        return person_id, ""
    if who == "unproven":
        return None, _("An account has this address, but nobody has confirmed that it is theirs.")
    if who == "nameless":
        return None, _("The customer has no e-mail address.")
    if row.people_rule != CREATE:
        return None, _("Nobody here has this address.")
    email = str(line.facts["email"])
    try:
        made = accounts.create_person(
            email=email, name=line.facts["name"] or email.partition("@")[0], password_hash=None, roles=("student",)
        )
    except Problem as problem:
        return None, problem.sentence[:300]
    if row.invites:
        accounts.invite(made.id)
    return made.id, ""
