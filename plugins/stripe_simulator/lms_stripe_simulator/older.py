"""Requests that name no API version speak the account's default one, here 2026-03-25.dahlia.

It still had ``payment_method_types``, which this version calls ``allowed_payment_method_types``. The public
command-line tool sends such requests. Answers have today's shape. Requests that name a version are taken at their word.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

RENAMED = re.compile(r"^payment_method_types(?=\[|$)")
ROUTES = ("POST /v1/payment_intents", "POST /v1/setup_intents", "POST /v1/checkout/sessions")


def translated(route: str, form: str) -> str:
    """Return a request's form in today's words."""
    if not route.startswith(ROUTES) or "payment_method_types" not in form:
        return form
    pairs = parse_qsl(form, keep_blank_values=True)
    return urlencode([(RENAMED.sub("allowed_payment_method_types", key), value) for key, value in pairs])
