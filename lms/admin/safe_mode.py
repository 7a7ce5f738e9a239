"""What every admin page says while the site runs without plugins (``lms run --safe``)."""

from __future__ import annotations

from dataclasses import dataclass

from lms.admin.blueprint import blueprint
from lms.admin.policies import PLUGINS
from lms.host import catalog, config
from lms.host.catalog import State
from lms.web import current_person


@dataclass(frozen=True, slots=True)
class SafeMode:
    """The site was started without plugins. ``paused``: the titles of those that stay off otherwise, too.

    ``may_mend``: whether whoever looks manages plugins.
    """

    may_mend: bool
    paused: tuple[str, ...]


@blueprint.app_template_global()
def safe_mode() -> SafeMode | None:
    """For the banner; None, and no query, on a site that runs as usual."""
    person = current_person()
    if not config.current().safe_mode or person is None:
        return None
    if not person.can(PLUGINS):
        return SafeMode(False, ())
    return SafeMode(True, tuple(view.title for view in catalog.plugins() if view.state is State.PAUSED))
