"""The way in for whoever manages plugins and is locked out: a link that works once, then half an hour to mend the site.

The link and what follows it know no plugin (``lms.web.apart``), so nothing that a plugin breaks is in the way.
"""

from __future__ import annotations

from contextlib import suppress

from flask_babel import gettext as _

from lms.accounts import mails, policies, services, tokens
from lms.accounts.services import PersonView
from lms.accounts.tokens import Issued, LinkDead, Purpose
from lms.audit import services as audit
from lms.base.problem import Conflict
from lms.host import activate, catalog
from lms.host.catalog import PluginView, State


def may_recover(person: PersonView) -> bool:
    """Whether the person manages plugins, and is not blocked."""
    return person.can(policies.RECOVER)


def ask(email: str) -> None:
    """Send a link to somebody who manages plugins; nothing to any other address. Answers the same."""
    found = services.by_email(email)
    if found is not None and may_recover(found):
        send(found, issue(found))


def issue(person: PersonView) -> Issued:
    """A new link for the person; older ones stop working. Whoever calls has seen that they ``may_recover``."""
    link = tokens.issue(person.id, Purpose.RECOVER, person.email)
    audit.record("accounts.recovery_asked", actor_id=None, subject=f"person/{person.id}")
    return link


def send(person: PersonView, link: Issued) -> None:
    """Put the link in the mail."""
    mails.recovery(person.email, link, locale=person.locale)


def waiting_for(token: str) -> PersonView:
    """Whom the link of a mail would let in; nothing is used up. Raises ``LinkDead``."""
    return _person(tokens.find(token, Purpose.RECOVER))


def begin(token: str) -> str:
    """Use the link up; returns the token of a browser that may mend the site for half an hour. Raises ``LinkDead``."""
    person = _person(tokens.consume(token, Purpose.RECOVER))
    audit.record("accounts.recovery_begun", actor_id=person.id, subject=f"person/{person.id}")
    return tokens.issue(person.id, Purpose.RECOVERING, person.email).token


def recovering(token: str) -> PersonView:
    """Who mends the site in the browser with this token. Raises ``LinkDead``."""
    return _person(tokens.find(token, Purpose.RECOVERING))


def _person(link: tokens.Link) -> PersonView:
    found = services.person(link.person_id)
    if found is None or not may_recover(found):
        raise LinkDead(_("This link is for an account that does not manage plugins any more."))
    return found


def running() -> list[PluginView]:
    """The plugins that should run, and those that are paused."""
    return [view for view in catalog.plugins() if view.should_run and view.state is not State.MISSING]


def pause(token: str, name: str) -> PluginView:
    """Pause a plugin; returns it. Raises ``LinkDead``, and ``Conflict`` for one that does not run."""
    person = recovering(token)
    view = next((one for one in running() if one.name == name and one.state is not State.PAUSED), None)
    if view is None:
        raise Conflict(_("It does not run any more."))
    activate.pause(name, _("%(name)s paused it while mending the site.", name=person.name), actor_id=person.id)
    return view


def finish(token: str, new_hash: str, *, user_agent: str = "", address: str = "") -> str:
    """Set a new password and sign in; returns the token for the cookie. All other sessions end. Raises ``LinkDead``."""
    person = _person(tokens.consume(token, Purpose.RECOVERING))
    services.set_password(person.id, new_hash)
    audit.record("accounts.recovered", actor_id=person.id, subject=f"person/{person.id}")
    return services.start_session(person.id, user_agent=user_agent, address=address)


def leave(token: str) -> None:
    """Done mending: the browser's token works no more. One that worked no more anyway is as good."""
    with suppress(LinkDead):
        tokens.consume(token, Purpose.RECOVERING)
