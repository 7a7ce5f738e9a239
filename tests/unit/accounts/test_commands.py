"""People from the command line."""

from __future__ import annotations

import json

import click
from click.testing import CliRunner, Result

from lms import db
from lms.accounts import passwords, services
from lms.accounts.commands import user
from lms.audit import services as audit
from lms.testing.makers import Makers
from lms.testing.sites import TestSite


def run(*words: str, given: str = "") -> Result:
    db.rollback()
    return CliRunner().invoke(user, list(words), input=given)


def test_an_owner_is_made_with_a_password_from_standard_input(site: TestSite) -> None:
    done = run("create", "--email", "Olga@example.org", "--name", "Olga", "--role", "owner", "--password-stdin",
               given="a porch in the morning\n")  # fmt: skip
    assert done.exit_code == 0, done.output
    made = services.by_email("olga@example.org")
    known = services.credentials("olga@example.org")
    assert made is not None
    assert known is not None
    assert (made.roles, made.verified) == (("owner",), True)
    assert passwords.check(known.password_hash, "a porch in the morning")
    assert audit.entries(subject=f"person/{made.id}")[0].action == "accounts.role_given"


def test_a_weak_password_makes_nobody(site: TestSite) -> None:
    done = run("create", "--email", "olga@example.org", "--name", "Olga", "--password-stdin", given="short\n")
    assert done.exit_code == 1
    assert "Use 12 characters or more." in done.output
    assert services.by_email("olga@example.org") is None


def test_a_person_without_a_password_is_a_student_who_cannot_sign_in_yet(site: TestSite) -> None:
    assert run("create", "--email", "anna@example.org", "--name", "Anna", "--unverified").exit_code == 0
    made, known = services.by_email("anna@example.org"), services.credentials("anna@example.org")
    assert made is not None
    assert known is not None
    assert (made.roles, made.verified, known.password_hash) == (("student",), False, None)


def test_one_address_is_given_once(site: TestSite, make: Makers) -> None:
    make.person(email="anna@example.org")
    done = run("create", "--email", "ANNA@example.org", "--name", "Anna")
    assert done.exit_code == 1
    assert "exists already" in done.output


def test_roles_are_given_and_taken(site: TestSite, make: Makers) -> None:
    make.person(email="anna@example.org", role="student")
    done = run("role", "Anna@example.org", "--give", "editor", "--take", "student")
    assert (done.exit_code, done.output) == (0, "editor\n")


def test_the_last_owner_keeps_the_role_and_nothing_else_of_the_command_happens(site: TestSite, make: Makers) -> None:
    make.person(email="olga@example.org", role="owner")
    done = run("role", "olga@example.org", "--give", "editor", "--take", "owner")
    assert done.exit_code == 1
    assert "This is the last owner." in done.output
    assert run("role", "olga@example.org").output == "owner\n"


def test_an_unknown_address_is_an_error(site: TestSite) -> None:
    assert run("role", "nobody@example.org", "--give", "owner").exit_code == 1


def test_people_are_listed_for_people_and_for_programs(site: TestSite, make: Makers) -> None:
    make.person(email="anna@example.org", name="Anna", role="editor", verified=False)
    make.person(email="bert@example.org", name="Bert")
    assert "anna@example.org\tAnna\teditor (not verified)" in run("list").output
    listed = json.loads(run("list", "--json", "--search", "anna").output)
    assert [(each["email"], each["roles"], each["verified"]) for each in listed] == [
        ("anna@example.org", ["editor"], False)
    ]


def test_every_command_and_option_says_what_it_does() -> None:
    assert all(command.help for command in user.commands.values())
    options = [each for command in user.commands.values() for each in command.params if isinstance(each, click.Option)]
    assert all(option.help for option in options)
