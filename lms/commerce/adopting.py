"""Taking over what began elsewhere: an order for a subscription that a provider charges already."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from lms.audit import services as audit
from lms.base import ids
from lms.commerce import offers
from lms.commerce.facts import OrderState
from lms.commerce.models import Order, OrderLine
from lms.commerce.orders import ADOPTED, OrderView, find_order
from lms.db import session


def adopt_order(
    person_id: int,
    offer_id: int,
    provider: str,
    *,
    started_at: datetime,
    now: datetime,
    test: bool = False,
    actor_id: int | None = None,
) -> OrderView:
    """A paid order for something that the person has paid for elsewhere since ``started_at`` (UTC).

    Its later charges belong to it. Nothing is charged, opened or told by it: the provider's facts do that. Raises
    ``ValueError`` for an unknown offer. ``now`` is domain time, UTC.
    """
    offer = offers.find_offer(offer_id)
    if offer is None:
        raise ValueError(f"no offer {offer_id}")
    order = Order(
        number=ids.short_id(20),
        person_id=person_id,
        provider=provider,
        state=OrderState.PAID.value,
        reason=ADOPTED,
        total=offer.amount,
        currency=offer.currency,
        test=test,
        placed_at=now,
        paid_at=started_at,
    )
    session.add(order)
    session.flush()  # the number that people read is made of the id
    number = f"{now.year}-{order.id:04d}"
    session.execute(update(Order).where(Order.id == order.id).values(number=number))
    session.add(OrderLine(order_id=order.id, offer_id=offer.id, amount=offer.amount, trial_days=offer.trial_days))
    session.flush()  # the view reads the line
    audit.record("order.adopted", actor_id=actor_id, subject=f"order/{number}")
    adopted = find_order(order.id)
    assert adopted is not None  # noqa: S101  it was written above
    return adopted
