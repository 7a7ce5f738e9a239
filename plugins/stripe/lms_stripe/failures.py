"""What can go wrong with a call to Stripe, each with one sentence for people."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.api.problem import Problem, Unavailable


class StripeFailure(Problem):
    """A call did not do what it should. ``detail`` is for logs, never for pages of students.

    ``is_final``: nothing was made at Stripe, so the same call may be sent anew; otherwise the outcome is unknown.
    """

    status = 503
    words = _l("Stripe could not do this.")
    is_final = True

    def __init__(self, detail: str = "", *, code: str = "", param: str = "", request_id: str = "") -> None:
        super().__init__(str(self.words))
        self.detail = detail
        self.code = code
        self.param = param
        self.request_id = request_id


class KeyRefused(StripeFailure):
    """401: the key is wrong, or was deleted or rolled at Stripe."""

    status = 422
    words = _l("Stripe does not accept this key. It may be misspelt, or deleted in Stripe.")


class PermissionMissing(StripeFailure):
    """403: the restricted key may not do this."""

    status = 422
    words = _l("The key may not do this.")


class Missing(StripeFailure):
    """The object does not exist in this account and mode (``resource_missing``)."""

    words = _l("Stripe does not know this any longer.")


class Refused(StripeFailure):
    """Stripe understood and said no."""

    status = 422
    words = _l("Stripe refused this request.")


class Busy(StripeFailure):
    """429: too many requests."""

    words = _l("Stripe is busy. Try again in a minute.")


class Unreachable(StripeFailure):
    """No answer, or Stripe's own failure: nobody knows whether it was done."""

    words = _l("Stripe does not answer right now. Nothing was charged; try again in a minute.")
    is_final = False


def for_buyers(failure: StripeFailure) -> Unavailable:
    """The failure without anything about keys and permissions, which are the owner's business."""
    if isinstance(failure, Busy | Unreachable):
        return Unavailable(failure.sentence, next_step=_("Nothing has changed. Try again in a minute."))
    return Unavailable(
        _("Stripe cannot do this right now. Nothing was charged."),
        next_step=_("Try again later; if it stays like this, tell the school."),
    )


class WrongKey(Problem):
    """The key cannot be used here, whatever Stripe would say."""

    status = 422
