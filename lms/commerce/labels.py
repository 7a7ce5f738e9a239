"""Words about prices, and about what the person pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import format_date, get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form

from lms.access import services as access
from lms.access.decision import Decision, NextStep
from lms.commerce import offers, words
from lms.commerce.conditions import subscriptions_of
from lms.commerce.offer_view import OfferView
from lms.commerce.subscriptions import SubscriptionView
from lms.extend import DynamicLabel, LinkContext
from lms.extend.fields import Choice


class OfferForm(Form):
    """Which offer."""

    offer = Choice(_l("Offer"), [("", _l("Choose an offer"))], validate_choice=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        known = [(each.public_id, f"{each.product_name}, {each.label}") for each in offers.active_offers()]
        self.offer.choices = [*self.offer.choices, *known]
        if self.offer.data and self.offer.data not in {public_id for public_id, _label in known}:
            self.offer.choices = [*self.offer.choices, (self.offer.data, _l("No longer sold"))]


def _sold(ctx: LinkContext) -> Mapping[str, OfferView]:
    """What is sold, by public id. One query for a page."""
    found: Mapping[str, OfferView] = ctx.once(
        "commerce.sold", lambda: {each.public_id: each for each in offers.active_offers()}
    )
    return found


def _price(ctx: LinkContext, args: Mapping[str, Any]) -> str | None:
    offer = _sold(ctx).get(str(args.get("offer") or ""))
    return words.price_label(offer) if offer is not None else None


def _call(ctx: LinkContext, args: Mapping[str, Any]) -> str | None:
    """What a link that sells says: its offer's words, or where it leads whoever has it, had it or owes for it."""
    offer = _sold(ctx).get(str(args.get("offer") or ""))
    if offer is None:
        return None
    if ctx.person is None:
        return offer.button
    decision = _decisions(ctx)[offer.product_id]
    if decision.allowed:
        return _("Go to course")
    if decision.next_step is NextStep.RENEW:
        return _("Renew")
    return _("Settle the payment") if decision.next_step is NextStep.PAY else offer.button


def _decisions(ctx: LinkContext) -> Mapping[int, Decision]:
    """About each product that is sold. One query for a page, whatever the number of labels."""
    found: Mapping[int, Decision] = ctx.once(
        ("commerce.decided", ctx.person.id),
        lambda: access.decide_products(ctx.person.id, {each.product_id for each in _sold(ctx).values()}, ctx.now),
    )
    return found


def _running(ctx: LinkContext) -> SubscriptionView | None:
    """The newest subscription that goes on; the one with a charge to come before others."""
    running = [each for each in subscriptions_of(ctx) if each.is_running]
    return next((each for each in running if each.next_charge), next(iter(running), None))


def _of_subscription(value: Any) -> Any:
    def say(ctx: LinkContext, _args: Mapping[str, Any]) -> str | None:
        found = _running(ctx)
        said: str | None = value(found) if found is not None else None
        return said

    return say


def _next_charge(found: SubscriptionView) -> str | None:
    due = found.next_charge
    return format_date(due.astimezone(get_timezone()), "long") if due else None


def _open_until(found: SubscriptionView) -> str | None:
    until = found.open_until
    return format_date(until.astimezone(get_timezone()), "long") if until else None


def _payment(name: str, label: Any, help_text: Any, example: str, order: int, value: Any) -> DynamicLabel:
    return DynamicLabel(
        name=name,
        source="payment",
        source_label=_l("Payment"),
        label=label,
        help=help_text,
        states=("purchased",),
        value=_of_subscription(value),
        example=example,
        order=order,
    )


ALL = (
    DynamicLabel(
        name="price",
        source="product",
        source_label=_l("Product"),
        label=_l("Price of an offer"),
        help=_l("As the checkout says it: €9 a month. It changes with the offer."),
        form=OfferForm,
        value=_price,
        example="€49",
        # Offers move the content version when they change.
        depends_on=(),
    ),
    DynamicLabel(
        name="call",
        source="product",
        source_label=_l("Product"),
        label=_l("Buy, go to course or renew"),
        help=_l("For a button with the link Buy: it says to each person where that leads them."),
        form=OfferForm,
        value=_call,
        example=_l("Buy"),
        order=110,
    ),
    _payment(
        "plan", _l("Plan"), _l("What the running subscription is for."), "Membership", 10,
        lambda found: found.offer.product_name,
    ),
    _payment(
        "next-charge", _l("Next charge, date"), _l("Nothing while a charge is open."), "1 March 2027", 20,
        _next_charge,
    ),
    _payment(
        "next-amount", _l("Next charge, amount"), _l("As the running subscription charges it."), "€9", 30,
        lambda found: words.price(found.offer) if found.next_charge else None,
    ),
    _payment(
        "open-until", _l("Open until, after a failed payment"), _l("The end of the days of grace."), "8 March 2027", 40,
        _open_until,
    ),
)  # fmt: skip
