"""Who may read an order, and who manages what is sold."""

from __future__ import annotations

from lms.commerce.orders import OrderView

MANAGE = "commerce.manage"
CONNECT = "payments.connect"


def may_read(person_id: int, order: OrderView) -> bool:
    """Whether the page of the order is this person's: only the buyer's; staff have their own list."""
    return order.person_id == person_id
