"""What an editor may say about a link into the portal."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from lms.api import access, commerce
from lms.extend import fields
from lms_stripe.returning import ReturnPageForm

_ANY = ("", _l("Any"))
# A list to choose from, not a place to search; a site with more products names the product in the page instead.
_MOST_PRODUCTS = 200


class ProductForm(ReturnPageForm):
    """Which subscription, where a student has several."""

    product = fields.Choice(_l("Product"), [_ANY], description=_l("Only the subscription to this product."))

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.product.choices = [
            _ANY,
            *((product.slug, product.name) for product in access.products(limit=_MOST_PRODUCTS)),
        ]


class CancelForm(ProductForm):
    """With an offer to stay."""

    coupon = fields.PlainText(
        _l("Retention coupon"),
        max_length=255,
        description=_l("The id of a coupon in Stripe. Students who want to cancel are offered it first."),
    )


class ChangePlanForm(ProductForm):
    """To which plan."""

    offer = fields.Choice(_l("Offer"), [_ANY], description=_l("Straight to this plan; empty: the student chooses."))

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.offer.choices = [
            _ANY,
            *(
                (offer.public_id, f"{offer.product_name}, {offer.label}")
                for offer in commerce.active_offers()
                if offer.kind == "subscription"
            ),
        ]
