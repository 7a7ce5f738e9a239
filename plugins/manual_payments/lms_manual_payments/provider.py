"""The provider: an order is paid by bank transfer, against an invoice."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.api import db
from lms.api.problem import Unavailable
from lms.extend import ProviderRecord, RefundAnswer, RefundRequest, Service
from lms_manual_payments import bookkeeping, invoices, records, settings

NAME = invoices.PROVIDER


class BankTransfer(Service):
    """Sells what is paid once, in the currencies of the settings."""

    kind = "payment_provider"
    name = NAME
    order = 200  # what opens at once stands before it
    label = _l("Bank transfer")
    description = _l("You get an invoice and transfer the amount. Everything opens once the money has reached us.")

    def can_sell(self, offer: Any) -> bool | str:
        """True, or a sentence why not; from our database only."""
        terms = settings.terms()
        if offer.kind != "one_time":
            return _("Bank transfer is for what is paid once.")
        if not terms.is_complete:
            return _("Bank transfer is not set up yet.")
        if offer.currency not in terms.currencies:
            return _("Bank transfers are not taken in %(currency)s.", currency=offer.currency.upper())
        return True

    def takes_guests(self, offer: Any) -> bool:
        """Everybody may transfer money."""
        return True

    def start(self, order: Any, cancel_path: str) -> str:
        """The order's invoice, or the page that makes it. Raises ``Unavailable`` while nothing is set up."""
        invoice = invoices.of_order(order.id)
        if invoice is not None:
            return invoice.path
        refusal = self.can_sell(order.offer)
        if refusal is not True:
            raise Unavailable(str(refusal), next_step=_("Choose another way to pay."))
        return billing_path(order.number)

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Note that the money is sent back; whoever presses makes the transfer."""
        bookkeeping.refund(
            request.payment_ref,
            amount=request.amount,
            remaining=None,
            reason=request.reason,
            actor_id=request.actor_id,
            key=request.key,
        )
        reference = invoices.refund_by_key(request.key)
        db.commit()
        assert reference is not None  # noqa: S101  it was written above
        return RefundAnswer(provider_ref=reference, state="succeeded")

    def records(self, order: Any) -> Iterable[ProviderRecord]:
        """When the invoice went out and what became of it."""
        return records.records(order)

    def addresses_of(self, references: Collection[str]) -> dict[str, str]:
        """The pages on which staff decide about the invoices."""
        return {number: invoices.admin_path(number) for number in references}

    def orders_with(self, reference: str) -> Iterable[int]:
        """The order of the invoice with this number."""
        invoice = invoices.by_number(reference)
        return (invoice.order_id,) if invoice is not None else ()


def billing_path(order_number: str) -> str:
    """Where the buyer says to whom the invoice goes."""
    return f"/ext/manual_payments/orders/{order_number}"
