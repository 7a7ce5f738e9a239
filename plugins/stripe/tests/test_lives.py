"""What a random life of ``test_truth`` found once, told plainly."""

from __future__ import annotations

from typing import Any

from lms_stripe import tasks
from lms_stripe.models import Customer
from sqlalchemy import select

from lms.api import db


def test_a_customer_deleted_at_stripe_is_read_and_marked(connected: Any) -> None:
    # A deleted customer is a stub, and what is asked for besides may not be there to be asked for.
    connected.subscribe()
    stripe = connected.simulator.stripe()
    stripe.v1.customers.delete(stripe.v1.customers.list().data[0].id)
    connected.deliver()
    db.rollback()
    assert (tasks.waiting(), tasks.dead()) == (0, 0)
    assert [row.deleted_at is not None for row in db.session.scalars(select(Customer))] == [True]
