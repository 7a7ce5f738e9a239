"""E-mail addresses: one person, however they write theirs."""

from __future__ import annotations

import pytest

from lms.accounts import addresses


@pytest.mark.parametrize("text", ["Anna.Berg@Example.org", " anna.berg@example.org ", "ANNA.BERG@EXAMPLE.ORG"])
def test_capitals_and_outer_spaces_make_no_other_person(text: str) -> None:
    assert addresses.parse(text).key == addresses.key_of("anna.berg@example.org")


def test_the_address_is_kept_as_its_owner_writes_it() -> None:
    assert addresses.parse("Anna.Berg@example.org").email == "Anna.Berg@example.org"


def test_a_host_with_other_letters_is_kept_as_mail_servers_know_it() -> None:
    assert addresses.parse("anna@Bücher.example").email == "anna@xn--bcher-kva.example"
    assert addresses.parse("anna@xn--bcher-kva.example").key == addresses.parse("Anna@bücher.example").key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "anna@",
        "@example.org",
        "anna@@example.org",
        "anna@example.org\nBcc: all@example.org",
        "anna berg@example.org",
        "anna@exa mple.org",
        "anna@localhost",
        "m\u0131ke@example.org",  # a dotless i: becomes "mike" under some comparisons
        "a" * 250 + "@example.org",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(addresses.AddressInvalid, match=r"name@example\.org"):
        addresses.parse(text)
