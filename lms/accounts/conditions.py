"""Conditions about the account of who looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Form

from lms.accounts.links import SOURCE
from lms.accounts.policies import ROLES
from lms.extend import Condition, LinkContext
from lms.extend.fields import Choice

_LABEL = _l("Account")
_NAMES = {"owner": _l("Owner"), "creator": _l("Creator"), "editor": _l("Editor"), "student": _l("Student")}


class RoleForm(Form):
    """Which role."""

    role = Choice(_l("Role"), [(role, _NAMES[role]) for role in ROLES])


def _has_role(ctx: LinkContext, args: Mapping[str, Any]) -> bool:
    return ctx.person is not None and args.get("role", ROLES[0]) in ctx.person.roles


ALL = (
    Condition(
        name="signed-in",
        source=SOURCE,
        source_label=_LABEL,
        label=_l("Is signed in"),
        help=_l("Everybody with an account, whether they bought something or not."),
        states=("purchased", "lapsed", "no_purchase"),
        holds=lambda ctx, _args: ctx.person is not None,
        order=10,
    ),
    Condition(
        name="role",
        source=SOURCE,
        source_label=_LABEL,
        label=_l("Has the role"),
        help=_l("Roles are given under People."),
        form=RoleForm,
        # Those of the preview are students without a role.
        states=(),
        holds=_has_role,
        order=20,
    ),
)
