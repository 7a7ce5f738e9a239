"""Words about the account of who looks."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from lms.accounts.links import SOURCE
from lms.extend import DynamicLabel

_LABEL = _l("Account")
_SIGNED_IN = ("purchased", "lapsed", "no_purchase")


def _label(name: str, label: Any, help_text: Any, example: str, order: int, value: Any) -> DynamicLabel:
    return DynamicLabel(
        name=name,
        source=SOURCE,
        source_label=_LABEL,
        label=label,
        help=help_text,
        states=_SIGNED_IN,
        value=lambda ctx, _args: value(ctx.person) if ctx.person is not None else None,
        example=example,
        order=order,
    )


ALL = (
    _label(
        "first-name", _l("First name"), _l("The first word of the name."), "Sam", 10,
        lambda person: next(iter(person.name.split()), None),
    ),
    _label("name", _l("Name"), _l("As it stands in the profile."), "Sam Rivers", 20, lambda person: person.name),
    _label("email", _l("E-mail"), _l("The address of the account."), "sam@example.org", 30, lambda who: who.email),
)  # fmt: skip
