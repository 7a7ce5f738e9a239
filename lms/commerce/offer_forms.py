"""What the creator writes about an offer: its price once, its other terms now and later."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from lms.access import services as access
from lms.base import money
from lms.commerce import offer_rules, picking_fields
from lms.commerce.offer_view import FREE, INSTALMENTS, ONE_TIME, SUBSCRIPTION, OfferView
from lms.web.site import site_view

CURRENCIES = ("eur", "usd", "gbp", "chf", "sek", "nok", "dkk", "pln", "czk", "cad", "aud", "nzd", "jpy", "krw", "kwd")
_A_PAGE = _l(
    "A page of this site, such as /thanks, or an address that starts with https://. Empty: the site’s default."
)
# A list to choose from, not a place to search.
_MOST_PRODUCTS = 500
_SHOWN = {"": None, "on": True, "off": False}


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


class OfferTermsForm(picking_fields.PickingForm):
    """The terms of an offer that may change later: whoever ordered keeps what was agreed."""

    trial_days = IntegerField(
        _l("Free days at the start"),
        default=0,
        validators=[Optional(), NumberRange(0, 730, _l("Write a number from 0 to 730."))],
        description=_l("For subscriptions and instalments. Each person gets them once."),
    )
    trial_method = BooleanField(
        _l("Ask for a way to pay before the free days"),
        default=True,
        description=_l("Off: people begin without one, and it ends with the free days unless they add one."),
    )
    sale_price = StringField(
        _l("Sale price"),
        filters=[_trimmed],
        description=_l("Less than the usual price. Whoever subscribes during the sale keeps it for every charge."),
    )
    sale_first = DateField(_l("First day of the sale"), validators=[Optional()], description=_l("Empty: at once."))
    sale_last = DateField(
        _l("Last day of the sale"), validators=[Optional()], description=_l("Empty: until you take it back.")
    )
    open_to = SelectField(
        _l("Who may buy it"), coerce=int, default=0, description=_l("Others do not see this price on course pages.")
    )
    promotion = SelectField(
        _l("Allow coupons at checkout"),
        choices=[
            ("default", _l("As the site’s default says")),
            ("customer_enters", _l("On: buyers may enter a code")),
            ("none", _l("Off: no code")),
            ("fixed", _l("Always the code below")),
        ],
        default="default",
    )
    promotion_code = StringField(
        _l("Code that every buyer gets"),
        filters=[_trimmed],
        validators=[Length(max=80)],
        description=_l("A promotion code as it stands at the payment provider, such as SPRING20."),
    )
    success_page = StringField(_l("Page after paying"), filters=[_trimmed], description=_A_PAGE)
    cancel_page = StringField(_l("Page after giving up"), filters=[_trimmed], description=_A_PAGE)
    show_button = SelectField(
        _l("Buy button on course pages"),
        choices=[
            ("", _l("As the site’s default says")),
            ("on", _l("On: shown by itself")),
            ("off", _l("Off: only where you place it")),
        ],
        default="",
    )
    button_text = StringField(
        _l("Words on the button"), validators=[Length(max=80)], description=_l("Empty: the usual words.")
    )

    def __init__(self, *args: Any, product_id: int, **options: Any) -> None:
        super().__init__(*args, **options)
        others = [each for each in access.products(limit=_MOST_PRODUCTS) if each.id != product_id]
        self.open_to.choices = [
            (0, _("Everybody")),
            *((each.id, _("Only people who have %(product)s", product=each.name)) for each in others),
        ]

    has_trial = True

    @property
    def money_in(self) -> str:
        """The currency that prices are written in."""
        raise NotImplementedError

    @property
    def usual_amount(self) -> int | None:
        """What it costs otherwise, in minor units; None where that is not known or nothing."""
        raise NotImplementedError

    def validate_sale_price(self, field: StringField) -> None:
        """A price below the usual one, in a currency that can write it."""
        if not field.data:
            return
        usual = self.usual_amount
        if usual is None:
            raise ValidationError(_("What is free cannot be reduced."))
        if not 0 < read_price(field.data, self.money_in) < usual:
            raise ValidationError(_("The sale price lies above zero and below the usual price."))

    def validate_sale_last(self, field: DateField) -> None:
        """Not before the first day, and only with a price."""
        if (field.data or self.sale_first.data) and not self.sale_price.data:
            raise ValidationError(_("Write the sale price as well, or leave the days empty."))
        if field.data and self.sale_first.data and field.data < self.sale_first.data:
            raise ValidationError(_("The sale ends on or after its first day."))

    def validate_promotion_code(self, field: StringField) -> None:
        """Needed where every buyer gets it."""
        if self.promotion.data == "fixed" and not offer_rules.is_code(field.data or ""):
            raise ValidationError(_("Write the code that every buyer gets, such as SPRING20."))

    def validate_success_page(self, field: StringField) -> None:
        """A place to send people to."""
        _check_page(field)

    def validate_cancel_page(self, field: StringField) -> None:
        """A place to send people to."""
        _check_page(field)

    def changeable(self) -> dict[str, Any]:
        """The terms as ``change_offer`` wants them; days of the sale are those of the site's zone."""
        sale = self.sale_price.data
        return {
            **self._trial(),
            "sale_amount": read_price(sale, self.money_in) if sale else None,
            "sale_from": _midnight(self.sale_first.data),
            "sale_until": _midnight(self.sale_last.data, days=1),
            "open_to_id": self.open_to.data or None,
            "promotion": self.promotion.data,
            "promotion_code": self.promotion_code.data or "",
            "success_page": self.success_page.data or "",
            "cancel_page": self.cancel_page.data or "",
            "show_button": _SHOWN[self.show_button.data or ""],
            "button_text": self.button_text.data or "",
        }

    def _trial(self) -> dict[str, Any]:
        if not self.has_trial:
            return {}
        return {"trial_days": self.trial_days.data or 0, "trial_method": bool(self.trial_method.data)}


class OfferForm(OfferTermsForm):
    """A new offer. Its price cannot be changed later: another price is another offer."""

    kind = SelectField(
        _l("Kind"),
        choices=[
            (ONE_TIME, _l("Paid once")),
            (SUBSCRIPTION, _l("Subscription")),
            (INSTALMENTS, _l("Instalments")),
            (FREE, _l("Free")),
        ],
    )
    price = StringField(
        _l("Price"), default="", description=_l("As people write it, like 49 or 9.50. Of instalments: of each.")
    )
    currency = SelectField(_l("Currency"))
    interval = SelectField(
        _l("Charged every"),
        choices=[("month", _l("month")), ("year", _l("year")), ("week", _l("week")), ("day", _l("day"))],
        description=_l("For subscriptions and instalments."),
    )
    instalments = IntegerField(
        _l("Number of instalments"),
        validators=[Optional(), NumberRange(2, 60, _l("Write a number from 2 to 60."))],
        description=_l("After so many payments it is theirs to keep. Who stops paying before loses access."),
    )
    access_days = IntegerField(
        _l("Open for how many days"),
        validators=[Optional(), NumberRange(1, 36500, _l("Write a number from 1 upwards, or nothing."))],
        description=_l("For what is paid once. Nothing means: for good."),
    )
    grace_days = IntegerField(
        _l("Days of grace"),
        default=7,
        validators=[Optional(), NumberRange(0, 90, _l("Write a number from 0 to 90."))],
        description=_l("How long the courses stay open when a charge fails."),
    )
    pause_closes = BooleanField(
        _l("A pause closes the courses"),
        description=_l("Off: whoever pauses a subscription goes on learning meanwhile."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.currency.choices = [(code, f"{code.upper()}, {get_currency_name(code.upper())}") for code in CURRENCIES]

    @property
    def money_in(self) -> str:
        picked = self.picked_price
        return picked.currency if picked is not None else str(self.currency.data)

    @property
    def usual_amount(self) -> int | None:
        picked = self.picked_price
        if self.kind.data == FREE or picked is not None:
            return picked.amount if picked is not None else None
        try:
            return read_price(self.price.data or "", self.money_in)
        except ValidationError:
            # Said at the price itself; a sale of it cannot be judged.
            return offer_rules.LARGEST_AMOUNT + 1

    def validate_price(self, field: StringField) -> None:
        """A price that the currency can write; free offers have none, and what was picked brings its own."""
        picked = self.picked_price
        if self.kind.data == FREE or (picked is not None and not (field.data or "").strip()):
            return
        if picked is not None:
            if read_price(field.data or "", picked.currency) != picked.amount:
                raise ValidationError(_("You picked a price that costs something else. Leave this empty to take that."))
            return
        if not 0 < read_price(field.data or "", self.money_in) <= offer_rules.LARGEST_AMOUNT:
            raise ValidationError(_("Write a price above zero, and not out of all proportion."))

    def validate_instalments(self, field: IntegerField) -> None:
        """Needed for instalments."""
        if self.kind.data == INSTALMENTS and field.data is None and not field.errors:
            raise ValidationError(_("Write a number from 2 to 60."))

    def terms(self) -> dict[str, Any]:
        """The offer as ``create_offer`` wants it."""
        return {
            "kind": self.kind.data,
            **self._price_terms(),
            "instalments": self.instalments.data,
            "grace_days": 7 if self.grace_days.data is None else self.grace_days.data,
            "access_days": self.access_days.data,
            "pause_closes": bool(self.pause_closes.data),
            **self.changeable(),
        }

    def _price_terms(self) -> dict[str, Any]:
        picked = self.picked_price
        if picked is not None:
            return {
                "amount": picked.amount,
                "currency": picked.currency,
                "interval": picked.interval,
                "interval_count": picked.interval_count or 1,
            }
        return {
            "amount": 0 if self.kind.data == FREE else read_price(self.price.data or "", self.money_in),
            "currency": self.currency.data,
            "interval": self.interval.data,
        }


class ChangeOfferForm(OfferTermsForm):
    """An offer that is there."""

    def __init__(self, *args: Any, offer: OfferView, **options: Any) -> None:
        self.offer = offer
        super().__init__(*args, product_id=offer.product_id, data=_stored(offer), **options)
        self.has_trial = offer.is_subscription
        if not self.has_trial:
            del self["trial_days"]
            del self["trial_method"]

    @property
    def money_in(self) -> str:
        return self.offer.currency

    @property
    def usual_amount(self) -> int | None:
        return self.offer.amount or None


def read_price(words: str, currency: str) -> int:
    """A price as people write it, in minor units. Raises ``ValidationError`` with what to write instead."""
    try:
        return money.to_minor(words.strip().replace(",", "."), currency)
    except money.NotRepresentable as error:
        raise ValidationError(_("This currency has %(count)s decimals.", count=money.decimals(currency))) from error
    except ValueError as error:
        raise ValidationError(_("Write the price as a number, like 49 or 9.50.")) from error


def _stored(offer: OfferView) -> dict[str, Any]:
    zone = ZoneInfo(site_view().timezone)
    last = offer.sale_until - timedelta(microseconds=1) if offer.sale_until else None
    sale = offer.sale_amount
    return {
        "trial_days": offer.trial_days,
        "trial_method": offer.trial_method,
        "sale_price": "" if sale is None else str(money.Money(offer.currency, sale).major),
        "sale_first": offer.sale_from.astimezone(zone).date() if offer.sale_from else None,
        "sale_last": last.astimezone(zone).date() if last else None,
        "open_to": offer.open_to_id or 0,
        "promotion": offer.promotion,
        "promotion_code": offer.promotion_code,
        "success_page": offer.success_page,
        "cancel_page": offer.cancel_page,
        "show_button": {value: name for name, value in _SHOWN.items()}[offer.show_button],
        "button_text": offer.button_text,
    }


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """The day's beginning in the site's zone, or that of a later day, in UTC."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=days), time(), ZoneInfo(site_view().timezone)).astimezone(UTC)


def _check_page(field: StringField) -> None:
    if field.data and not offer_rules.is_page(field.data):
        raise ValidationError(_("Write a page of this site, such as /thanks, or an address that starts with https://."))
