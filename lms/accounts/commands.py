"""``lms user``: people from the command line."""

from __future__ import annotations

import json
import sys

import click

from lms.accounts import mails, passwords, policies, recovery, roles, services
from lms.base.problem import Problem
from lms.db import writes

_ROLE = click.Choice(policies.ROLES)


@click.group("user")
def user() -> None:
    """Make people and give them roles."""


def _password_from_stdin(email: str) -> str:
    word = sys.stdin.readline().rstrip("\r\n")
    passwords.require_strength(word, email=email)
    return passwords.hash_password(word)


@user.command("create")
@click.option("--email", required=True, help="The address they sign in with.")
@click.option("--name", required=True, help="The name that others see.")
@click.option("--role", "given", type=_ROLE, multiple=True, help="A role; may be given more than once.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input (one line).")
@click.option("--unverified", is_flag=True, help="The address still has to be confirmed by mail.")
def create(email: str, name: str, given: tuple[str, ...], password_stdin: bool, unverified: bool) -> None:
    """Make a person. Without a password they choose one through "Forgotten the password?"."""
    try:
        password_hash = _password_from_stdin(email) if password_stdin else None
        with writes():
            made = services.create_person(
                email=email, name=name, password_hash=password_hash, roles=(), verified=not unverified
            )
            for role in given or (policies.STUDENT,):
                roles.give_role(made.id, role, actor_id=None)
    except Problem as problem:
        raise click.ClickException(problem.sentence) from problem
    click.echo(f"{made.email} is person {made.id}.")


@user.command("role")
@click.argument("email")
@click.option("--give", "given", type=_ROLE, multiple=True, help="A role to give.")
@click.option("--take", "taken", type=_ROLE, multiple=True, help="A role to take away.")
def role(email: str, given: tuple[str, ...], taken: tuple[str, ...]) -> None:
    """Give roles to the person with this EMAIL, take others away, and say which they have."""
    found = services.by_email(email)
    if found is None:
        raise click.ClickException(f"Nobody has the address {email}.")
    try:
        with writes():
            for each in given:
                roles.give_role(found.id, each, actor_id=None)
            for each in taken:
                roles.take_role(found.id, each, actor_id=None)
    except Problem as problem:
        raise click.ClickException(f"{problem.sentence} {problem.next_step}".strip()) from problem
    after = services.person(found.id)
    click.echo(", ".join(after.roles) if after and after.roles else "no role")


@user.command("recover")
@click.argument("email")
def recover(email: str) -> None:
    """Print a link by which the owner with this EMAIL gets in where the site does not work; it is mailed, too.

    The link works once, for one hour, and leads to a page where no plugin runs.
    """
    found = services.by_email(email)
    if found is None:
        raise click.ClickException(f"Nobody has the address {email}.")
    if found.is_blocked:
        raise click.ClickException(f"{found.email} is blocked, and may not sign in.")
    if not recovery.may_recover(found):
        raise click.ClickException(
            f"{found.email} does not manage plugins. Make them an owner first: "
            f"lms user role {found.email} --give {policies.OWNER}"
        )
    with writes():
        link = recovery.issue(found)
    click.echo(mails.recovery_address(link))
    try:
        with writes():
            recovery.send(found, link)
        words = f"It was put in the mail to {found.email}, too."
    except Exception as error:
        # The link stands above; the mail may be just what does not work.
        words = f"It could not be mailed ({type(error).__name__}: {error})."
    click.echo(f"It works once, for one hour. {words}", err=True)


@user.command("list")
@click.option("--search", default="", help="Only names and addresses that hold this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def list_(search: str, as_json: bool) -> None:
    """List people, the newest first."""
    people: list[roles.ListedPerson] = []
    before: int | None = None
    while True:
        page = roles.list_people(search=search, before=before, limit=500)
        people += page.people
        before = page.before
        if before is None:
            break
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in people], indent=2))
        return
    for each in people:
        state = " (blocked)" if each.blocked else "" if each.verified else " (not verified)"
        click.echo(f"{each.id}\t{each.email}\t{each.name}\t{', '.join(each.roles)}{state}")


def _as_json(each: roles.ListedPerson) -> dict[str, object]:
    return {
        "id": each.id,
        "email": each.email,
        "name": each.name,
        "verified": each.verified,
        "blocked": each.blocked,
        "roles": list(each.roles),
        "since": each.since.isoformat(),
    }
