"""The sign-in form and the account menu as blocks of a page."""

from __future__ import annotations

import re

import pytest
from argon2 import PasswordHasher

from lms.accounts import passwords
from lms.content.document import new_block
from tests.functional.test_accounts import PASSWORD, csrf_of, is_signed_in, send


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch):
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def members(make):
    form, menu = new_block("accounts/login-form", {"title": "Come in"}), new_block("accounts/account-menu", {})
    return make.page(form, menu, slug="members", title="Members")


def test_a_visitor_signs_in_on_the_page_comes_back_to_it_and_sees_no_form_any_more(make, members, site):
    person = make.person(password=PASSWORD)
    visitor, other = site.client(), site.client()
    first = visitor.get("/members")
    assert "Come in" in first.text
    assert re.search(r'href="/login\?next=[^"]*members"', first.text)
    # The form is this visitor's own: nobody keeps the page for the next one.
    assert "ETag" not in first.headers
    assert "public" not in first.headers["Cache-Control"]
    assert csrf_of(first) != csrf_of(other.get("/members"))

    wrong = send(visitor, "/login", page="/members", email=person.email, password="wrong", next="/members")
    assert wrong.status_code == 422
    assert "E-mail or password is wrong." in wrong.text
    done = send(visitor, "/login", page="/members", email=person.email, password=PASSWORD, next="/members")
    assert (done.status_code, done.location) == (303, "/members")
    assert is_signed_in(visitor)
    seen = visitor.get("/members").text
    assert "Come in" not in seen
    assert 'href="/account/billing"' in seen
    assert 'href="/logout"' in seen
    assert "Come in" in other.get("/members").text


@pytest.mark.parametrize(
    ("after", "target"), [("/account", "/account"), ("https://evil.example", "/come"), ("//evil.example", "/come")]
)
def test_the_form_leads_to_a_page_of_this_site_only(make, client, after, target):
    make.page(new_block("accounts/login-form", {"after": after}), slug="come", title="Come")
    assert f'name="next" value="{target}"' in client.get("/come").text
