"""Pages of staff: sending money back, with what follows from it said before the press."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from lms.base import money
from lms.base.ids import new_token
from lms.base.money import Money
from lms.base.problem import Problem
from lms.commerce import refunds, services, words
from lms.commerce.order_views import actor
from lms.commerce.policies import MANAGE
from lms.commerce.refunds import Refundable, RefundView
from lms.commerce.services import OrderView
from lms.commerce.views import blueprint
from lms.db import commit, rollback
from lms.web import Form, flash, redirect, render, requires

KEEPS, ENDS = "keeps", "ends"


class RefundForm(Form):
    """How much, why, and what becomes of the access.

    ``left`` is what whoever sends this saw as still there, ``key`` makes two presses one decision.
    """

    amount = StringField(_l("Amount"), validators=[DataRequired(_l("Write how much goes back.")), Length(max=20)])
    access = RadioField(
        _l("If it is a part, the access"),
        choices=[(KEEPS, _l("stays open")), (ENDS, _l("ends now"))],
        default=KEEPS,
    )
    reason = StringField(
        _l("Reason"),
        validators=[DataRequired(_l("Say why, for whoever asks later.")), Length(max=200)],
        description=_l("Only staff read it."),
    )
    left = HiddenField(validators=[DataRequired()])
    key = HiddenField(default=lambda: new_token(12), validators=[DataRequired(), Length(max=80)])

    def __init__(self, there: Refundable, **options: Any) -> None:
        super().__init__(**options)
        self.there = there

    def validate_amount(self, field: Any) -> None:
        """An amount of the payment's currency, not above what is there."""
        try:
            amount = self.minor()
        except money.NotRepresentable as error:
            count = money.decimals(self.there.currency)
            raise ValidationError(_("This currency has %(count)s decimals.", count=count)) from error
        except ValueError as error:
            raise ValidationError(_("Write the amount as a number, like 49 or 9.50.")) from error
        if not 0 < amount <= self.there.amount:
            most = words.format_money(self.there.left, self.there.currency)
            raise ValidationError(_("Write an amount above zero, at most %(most)s.", most=most))

    def minor(self) -> int:
        """The amount in minor units. Raises ``ValueError``."""
        return money.to_minor((self.amount.data or "").strip().replace(",", "."), self.there.currency)

    def seen(self) -> int:
        """What the sender saw as still there; -1 for what is no number."""
        text = self.left.data or ""
        return int(text) if text.isdecimal() and len(text) < 16 else -1


@blueprint.route("/admin/orders/<number>/refund/<int:payment_id>", methods=["GET", "POST"])
@requires(MANAGE)
def refund(number: str, payment_id: int) -> Any:
    """Send all or a part of one payment back."""
    order, there = _found(number, payment_id)
    form = RefundForm(there, data={"amount": _plain(there.left, there.currency), "left": str(there.left)})
    if not form.validate_on_submit():
        return _page(order, there, form, None), 422 if form.errors else 200
    try:
        asked = refunds.ask(
            payment_id,
            amount=form.minor(),
            left=form.seen(),
            reason=(form.reason.data or "").strip(),
            ends_access=form.access.data == ENDS and not order.offer.is_subscription,
            actor_id=actor(),
            key=form.key.data or "",
        )
    except Problem as problem:
        rollback()
        order, there = _found(number, payment_id)
        fresh = {"amount": _plain(there.left, there.currency), "left": str(there.left), "reason": form.reason.data}
        return _page(order, there, RefundForm(there, formdata=None, data=fresh), problem), problem.status
    commit()
    _tell(refunds.carry_out(asked.id))
    return redirect(f"/admin/orders/{number}")


@blueprint.post("/admin/orders/<number>/refunds/<int:request_id>")
@requires(MANAGE)
def try_refund_again(number: str, request_id: int) -> Any:
    """Ask the provider again, with the same key."""
    found = refunds.find(request_id)
    _found(number, found.payment_id)
    _tell(refunds.carry_out(request_id))
    return redirect(f"/admin/orders/{number}")


def _tell(made: RefundView) -> None:
    amount = words.format_money(made.amount, made.currency)
    if made.state == refunds.DONE:
        flash(_("%(amount)s go back.", amount=amount), "good")
    elif made.state == refunds.REFUSED:
        flash(_("Nothing went back. %(why)s", why=made.sentence), "error")
    else:
        flash(_("%(amount)s are not back yet: %(why)s It is tried again by itself.", amount=amount, why=made.sentence))


def _found(number: str, payment_id: int) -> tuple[OrderView, Refundable]:
    order = services.order_by_number(number) or abort(404)
    there = refunds.refundable(payment_id)
    if there.order_id != order.id:
        abort(404)
    return order, there


def _page(order: OrderView, there: Refundable, form: RefundForm, problem: Problem | None) -> str:
    return render(
        "commerce/admin/refund.html",
        order=order,
        there=there,
        form=form,
        problem=problem,
        can_refund=refunds.can_refund(there.provider),
    )


def _plain(amount: int, currency: str) -> str:
    return str(Money(currency, amount).major)
