"""Signing up and in, as a browser does it: forms with their tokens, cookies, and letters in the outbox."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from lms import db
from lms.accounts import passwords, roles, services, tokens
from lms.accounts.models import MailedLink, Person, SignIn
from lms.audit import services as audit
from lms.base import clock
from lms.base.ids import token_hash
from lms.mail.models import Message
from lms.mail.services import Letter
from lms.settings import services as settings
from lms.testing.makers import Makers
from lms.testing.queries import Queries
from lms.testing.sites import TestSite
from lms.web import COOKIE

PASSWORD = "a porch in the morning"
OTHER = "a porch in the evening"


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def csrf_of(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert found, page.text
    return found.group(1)


def send(client: FlaskClient, action: str, *, page: str = "", **fields: Any) -> TestResponse:
    """Open the page, fill in its form, and send it."""
    token = csrf_of(client.get(page or action))
    return client.post(action, data={**fields, "csrf_token": token})


def log_in(client: FlaskClient, email: str, password: str = PASSWORD, **fields: str) -> TestResponse:
    return send(client, "/login", email=email, password=password, **fields)


def cookie(client: FlaskClient) -> str | None:
    found = client.get_cookie(COOKIE)
    return found.value if found else None


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account/profile").status_code == 200


def letters(to: str) -> list[Letter]:
    """The letters that wait for this address, in the order they were written."""
    db.commit()
    rows = db.session.execute(
        select(Message.key, Message.sealed_body).where(Message.recipient == to).order_by(Message.id)
    ).all()
    db.commit()
    return [Letter(*json.loads(settings.unseal(f"mail.{key}", body))) for key, body in rows]


def link_in(letter: Letter) -> str:
    found = re.search(r"http\S+/(?:verify|reset)/\S+", letter.text)
    assert found, letter.text
    assert found.group(0) in letter.html
    return found.group(0)


def path_in(letter: Letter) -> str:
    return link_in(letter).removeprefix("http://localhost")


# Making an account


def test_a_new_account_is_verified_by_mail_and_goes_on_where_it_came_from(site: TestSite, client: FlaskClient) -> None:
    answer = send(client, "/register", page="/register?next=/courses/letters", name="Anna Berg",
                  email="anna@example.org", password=PASSWORD, next="/courses/letters")  # fmt: skip
    assert answer.status_code == 200
    path = path_in(letters("anna@example.org")[0])
    assert not person("anna@example.org").verified
    confirmed = send(client, path)
    assert confirmed.status_code == 303
    assert person("anna@example.org").verified
    signed = log_in(client, "anna@example.org", next="/courses/letters")
    assert confirmed.location == "/login?next=/courses/letters"
    assert signed.location == "/courses/letters"


def person(email: str) -> services.PersonView:
    db.rollback()
    found = services.by_email(email)
    assert found is not None
    db.rollback()
    return found


def test_opening_the_link_verifies_nothing_before_the_button_is_pressed(site: TestSite, client: FlaskClient) -> None:
    send(client, "/register", name="Anna", email="anna@example.org", password=PASSWORD)
    path = path_in(letters("anna@example.org")[0])
    assert client.get(path).status_code == 200
    assert not person("anna@example.org").verified


def test_the_same_page_answers_whether_an_address_has_an_account_or_not(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    known = send(client, "/register", name="X", email="anna@example.org", password=OTHER)
    new = send(client, "/register", name="X", email="bert@example.org", password=OTHER)
    assert known.status_code == new.status_code
    assert known.text.replace("anna@", "bert@") == new.text


def test_the_owner_of_the_address_is_told_instead(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    send(client, "/register", name="X", email="ANNA@example.org", password=OTHER)
    send(client, "/register", name="X", email="Anna@Example.org", password=OTHER)
    assert [letter.subject for letter in letters("anna@example.org")] == ["You already have an account"]
    assert log_in(client, "anna@example.org", OTHER).status_code == 422


@pytest.mark.parametrize("action", ["/forgot", "/verify"])
def test_asking_for_a_link_does_not_say_who_has_an_account(
    site: TestSite, make: Makers, client: FlaskClient, action: str
) -> None:
    make.person(email="anna@example.org", verified=False)
    known = send(client, action, email="anna@example.org")
    unknown = send(client, action, email="bert@example.org")
    assert known.text.replace("anna@", "bert@") == unknown.text
    assert len(letters("anna@example.org")) == 1
    assert letters("bert@example.org") == []


def test_a_wrong_address_and_a_weak_password_are_said_at_their_fields(site: TestSite, client: FlaskClient) -> None:
    answer = send(client, "/register", name="", email="anna", password="short")
    assert answer.status_code == 422
    for words in ("Write your name.", "Write it like name@example.org.", "Use 12 characters or more."):
        assert words in answer.text


def test_registration_can_be_closed(site: TestSite, client: FlaskClient) -> None:
    token = csrf_of(client.get("/register"))
    settings.save("site", {"registration": "closed"}, actor_id=None)
    site.commit()
    assert client.get("/register").status_code == 403
    fields = {"name": "A", "email": "anna@example.org", "password": PASSWORD, "csrf_token": token}
    assert client.post("/register", data=fields).status_code == 403
    assert services.by_email("anna@example.org") is None
    assert "/register" not in client.get("/login").text


# Links in mail


def test_a_link_works_once(site: TestSite, client: FlaskClient) -> None:
    send(client, "/register", name="Anna", email="anna@example.org", password=PASSWORD)
    path = path_in(letters("anna@example.org")[0])
    send(client, path)
    again = client.get(path)
    assert again.status_code == 410
    assert "This link was used already" in again.text


def test_an_expired_link_says_so_and_offers_a_new_one(site: TestSite, client: FlaskClient) -> None:
    send(client, "/register", name="Anna", email="anna@example.org", password=PASSWORD)
    path = path_in(letters("anna@example.org")[0])
    token = csrf_of(client.get(path))
    expire(path)
    for answer in (client.get(path), client.post(path, data={"csrf_token": token})):
        assert answer.status_code == 410
        assert "This link has expired." in answer.text
        assert 'action="/verify"' in answer.text
    assert not person("anna@example.org").verified
    send(client, "/verify", email="anna@example.org")
    send(client, path_in(letters("anna@example.org")[1]))
    assert person("anna@example.org").verified


def expire(path: str) -> None:
    secret = token_hash(path.rsplit("/", 1)[1])
    db.session.execute(update(MailedLink).where(MailedLink.token_hash == secret).values(expires_at=clock.real_now()))
    db.commit()


@pytest.mark.parametrize("path", ["/verify/never-ours", "/reset/never-ours"])
def test_an_unknown_link_is_a_page_with_a_way_on(site: TestSite, client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "never ours" in answer.text


def test_a_link_for_one_purpose_opens_no_other_door(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD, verified=False)
    send(client, "/forgot", email="anna@example.org")
    send(client, "/verify", email="anna@example.org")
    reset, verify = (path_in(letter) for letter in letters("anna@example.org"))
    assert client.get(reset.replace("/reset/", "/verify/")).status_code == 404
    assert client.get(verify.replace("/verify/", "/reset/")).status_code == 404


def test_a_page_with_a_secret_address_is_told_to_nobody(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    send(client, "/forgot", email="anna@example.org")
    page = client.get(path_in(letters("anna@example.org")[0]))
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_links_start_with_the_configured_address_whatever_the_host_header_says(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    token = csrf_of(client.get("/forgot"))
    fields = {"email": "anna@example.org", "csrf_token": token}
    client.post("/forgot", data=fields, headers={"X-Forwarded-Host": "evil.example"})
    assert client.post("/forgot", data=fields, headers={"Host": "evil.example"}).status_code == 400
    assert [link_in(letter).split("/reset/")[0] for letter in letters("anna@example.org")] == ["http://localhost"]


# Signing in


def test_signing_in_goes_on_to_the_courses(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    answer = log_in(client, "anna@example.org")
    assert (answer.status_code, answer.location) == (303, "/account")
    assert is_signed_in(client)


def test_capitals_in_the_address_do_not_matter(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="Anna.Berg@example.org", password=PASSWORD)
    assert log_in(client, "ANNA.BERG@EXAMPLE.ORG").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    given = [c for c in log_in(client, "anna@example.org").headers.getlist("Set-Cookie") if c.startswith(COOKIE)]
    assert len(given) == 1
    assert "HttpOnly" in given[0]
    assert "SameSite=Lax" in given[0]
    assert "Secure" not in given[0]


class TestOverHttps:
    @pytest.fixture
    def site_options(self) -> dict[str, Any]:
        return {"site_url": "https://localhost"}

    def test_the_cookie_goes_over_https_only(self, site: TestSite, make: Makers, client: FlaskClient) -> None:
        make.person(email="anna@example.org", password=PASSWORD)
        page = client.get("/login", base_url="https://localhost")
        fields = {"email": "anna@example.org", "password": PASSWORD, "csrf_token": csrf_of(page)}
        headers = {"Referer": "https://localhost/login"}
        answer = client.post("/login", data=fields, base_url="https://localhost", headers=headers)
        given = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(COOKIE)]
        assert "Secure" in given[0]


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/go/stripe/customer-portal?c=eyJ.a-b_c&x=1", "/go/stripe/customer-portal?c=eyJ.a-b_c&x=1"),
        ("//evil.example/", "/account"),
        ("/\\evil.example", "/account"),
        ("https://evil.example/", "/account"),
        ("javascript:alert(1)", "/account"),
        ("/\tevil", "/account"),
        ("", "/account"),
    ],
)
def test_only_a_path_of_this_site_is_gone_on_to(
    site: TestSite, make: Makers, client: FlaskClient, wanted: str, reached: str
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    page = client.get("/login", query_string={"next": wanted})
    kept = re.search(r'name="next" value="([^"]*)"', page.text)
    assert kept is not None
    assert kept.group(1).replace("&amp;", "&") == reached
    fields = {"email": "anna@example.org", "password": PASSWORD, "next": wanted, "csrf_token": csrf_of(page)}
    assert client.post("/login", data=fields).location == reached
    assert client.get("/login", query_string={"next": wanted}).location == reached


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    known = log_in(client, "anna@example.org", OTHER)
    unknown = log_in(site.client(), "bert@example.org", OTHER)
    assert known.status_code == unknown.status_code == 422
    assert error_in(known) == "E-mail or password is wrong. Nine more tries, then a pause of at most five minutes."
    assert error_in(unknown) == "E-mail or password is wrong. Eight more tries, then a pause of at most five minutes."
    assert cookie(client) is None


def error_in(page: TestResponse) -> str:
    found = re.search(r'class="field-error".*?<span>(.*?)</span>', page.text, re.DOTALL)
    assert found, page.text
    return found.group(1)


def test_the_password_is_not_sent_back(site: TestSite, client: FlaskClient) -> None:
    answer = log_in(client, "anna@example.org", OTHER)
    assert OTHER not in answer.text
    assert 'value="anna@example.org"' in answer.text


def test_after_ten_wrong_tries_even_the_right_password_waits(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    answers = [log_in(client, "anna@example.org", OTHER) for _ in range(10)]
    assert [answer.status_code for answer in answers] == [422] * 10
    assert error_in(answers[5]) == "E-mail or password is wrong. Four more tries, then a pause of at most five minutes."
    paused = log_in(client, "anna@example.org")
    assert paused.status_code == 429
    assert re.fullmatch(r"Too many tries\. The next one counts in [1-5] minutes?\.", error_in(paused))
    assert 0 < int(paused.headers["Retry-After"]) <= 300
    assert cookie(client) is None


def test_the_tries_for_one_account_are_counted_wherever_they_come_from(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    for number in range(10):
        wrong_from(client, f"192.0.2.{number}", "ANNA@example.org")
    assert wrong_from(client, "192.0.2.99", "anna@example.org").status_code == 429


def wrong_from(client: FlaskClient, address: str, email: str) -> TestResponse:
    origin = {"REMOTE_ADDR": address}
    token = csrf_of(client.get("/login", environ_overrides=origin))
    fields = {"email": email, "password": OTHER, "csrf_token": token}
    return client.post("/login", data=fields, environ_overrides=origin)


def test_the_tries_from_one_network_address_are_counted_over_all_accounts(site: TestSite, client: FlaskClient) -> None:
    answers = [wrong_from(client, "192.0.2.1", f"person{number}@example.org").status_code for number in range(11)]
    assert answers == [422] * 10 + [429]
    assert wrong_from(client, "192.0.2.2", "person0@example.org").status_code == 422


def test_right_passwords_are_not_counted(site: TestSite, make: Makers) -> None:
    people = [make.person(email=f"pupil{number}@example.org", password=PASSWORD) for number in range(12)]
    answers = [log_in(site.client(), pupil.email).status_code for pupil in people]
    assert answers == [303] * 12


def test_a_right_password_makes_the_account_forget_wrong_tries_but_not_the_network(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    for _ in range(3):
        log_in(client, "anna@example.org", OTHER)
    log_in(client, "anna@example.org")
    after = log_in(site.client(), "anna@example.org", OTHER)
    assert "Six more tries" in error_in(after)


def test_a_blocked_person_does_not_get_in_and_only_they_hear_why(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    blocked = make.person(email="anna@example.org", password=PASSWORD)
    roles.block(blocked.id, actor_id=None)
    site.commit()
    assert "blocked" not in log_in(client, "anna@example.org", OTHER).text
    answer = log_in(client, "anna@example.org")
    assert answer.status_code == 403
    assert "This account is blocked." in answer.text
    assert cookie(client) is None


def test_a_form_without_its_token_signs_nobody_in(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    answer = client.post("/login", data={"email": "anna@example.org", "password": PASSWORD})
    assert answer.status_code == 400
    assert cookie(client) is None


def test_a_cookie_from_before_the_sign_in_is_worth_nothing_after_it(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    client.set_cookie(COOKIE, "a-value-that-the-attacker-knows")
    log_in(client, "anna@example.org")
    attacker = site.client()
    attacker.set_cookie(COOKIE, "a-value-that-the-attacker-knows")
    assert cookie(client) != "a-value-that-the-attacker-knows"
    assert is_signed_in(client)
    assert not is_signed_in(attacker)


def test_signing_in_again_ends_the_session_before(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    first_page = csrf_of(client.get("/login"))
    log_in(client, "anna@example.org")
    thief = site.client()
    thief.set_cookie(COOKIE, cookie(client) or "")
    assert is_signed_in(thief)
    token = csrf_of(client.get("/account/profile"))
    client.post("/login", data={"email": "anna@example.org", "password": PASSWORD, "csrf_token": token})
    assert is_signed_in(client)
    assert not is_signed_in(thief)
    assert first_page != token  # the form's token is another one after each sign-in


def test_a_hash_with_older_parameters_is_replaced_at_sign_in(site: TestSite, make: Makers, client: FlaskClient) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(PASSWORD)
    made = make.person(email="anna@example.org")
    db.session.execute(update(Person).where(Person.id == made.id).values(password_hash=old))
    db.commit()
    assert log_in(client, "anna@example.org").status_code == 303
    stored = db.session.scalar(select(Person.password_hash))
    assert stored is not None
    assert not passwords.needs_rehash(stored)
    db.rollback()
    assert log_in(site.client(), "anna@example.org").status_code == 303


def test_a_password_that_changes_while_it_is_compared_signs_nobody_in(
    site: TestSite, make: Makers, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make.person(email="anna@example.org", password=PASSWORD)
    page = csrf_of(client.get("/login"))
    new_hash, compare = passwords.hash_password(OTHER), passwords.check

    def slowly(stored: str | None, word: str) -> bool:
        with db.writes():
            services.set_password(made.id, new_hash)
        return compare(stored, word)

    monkeypatch.setattr(passwords, "check", slowly)
    fields = {"email": "anna@example.org", "password": PASSWORD, "csrf_token": page}
    assert client.post("/login", data=fields).status_code == 409
    assert cookie(client) is None


def test_no_transaction_is_open_while_a_password_is_hashed(
    site: TestSite, make: Makers, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    open_during: list[bool] = []

    class Watching(PasswordHasher):
        def hash(self, *args: Any, **options: Any) -> str:
            open_during.append(db.session().in_transaction())
            return super().hash(*args, **options)

        def verify(self, *args: Any, **options: Any) -> Any:
            open_during.append(db.session().in_transaction())
            return super().verify(*args, **options)

    # Other parameters than the stored ones, so that the sign-in makes a new hash too.
    monkeypatch.setattr(passwords, "hasher", Watching(time_cost=1, memory_cost=128, parallelism=1))
    send(client, "/register", name="Bert", email="bert@example.org", password=PASSWORD)
    log_in(client, "anna@example.org")
    change = {"current_password": PASSWORD, "new_password": OTHER}
    send(client, "/account/profile/password", page="/account/profile", **change)
    send(client, "/forgot", email="anna@example.org")
    send(client, path_in(letters("anna@example.org")[-1]), password=PASSWORD)
    assert open_during == [False] * 6


# Signing out


def test_the_sign_out_page_signs_nobody_out_by_itself(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    log_in(client, "anna@example.org")
    assert client.get("/logout").status_code == 200
    assert is_signed_in(client)


def test_signing_out_kills_the_cookie_even_for_who_kept_a_copy(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    log_in(client, "anna@example.org")
    thief = site.client()
    thief.set_cookie(COOKIE, cookie(client) or "")
    answer = send(client, "/logout", next="/courses")
    assert answer.location == "/courses"
    assert cookie(client) is None
    assert not is_signed_in(thief)


def test_signing_out_needs_the_form(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    log_in(client, "anna@example.org")
    assert client.post("/logout").status_code == 400
    assert is_signed_in(client)


def test_signing_out_twice_is_no_error(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    log_in(client, "anna@example.org")
    send(client, "/logout")
    assert client.get("/logout").status_code == 200


# A forgotten password


def test_a_new_password_works_and_everybody_who_had_the_old_one_is_out(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD, verified=False)
    thief = site.client()
    log_in(thief, "anna@example.org")
    send(client, "/forgot", email="anna@example.org")
    answer = send(client, path_in(letters("anna@example.org")[0]), password=OTHER)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert not is_signed_in(thief)
    assert log_in(client, "anna@example.org", PASSWORD).status_code == 422
    assert log_in(client, "anna@example.org", OTHER).status_code == 303
    assert person("anna@example.org").verified
    assert letters("anna@example.org")[-1].subject == "Your password was changed"


def test_a_reset_link_works_once_and_only_the_newest_works(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    send(client, "/forgot", email="anna@example.org")
    send(client, "/forgot", email="anna@example.org")
    first, second = (path_in(letter) for letter in letters("anna@example.org"))
    assert client.get(first).status_code == 410
    token = csrf_of(client.get(second))
    assert client.post(second, data={"password": OTHER, "csrf_token": token}).status_code == 303
    again = site.client()
    token = csrf_of(again.get("/forgot"))
    assert again.post(second, data={"password": "a third sentence", "csrf_token": token}).status_code == 410
    assert log_in(again, "anna@example.org", OTHER).status_code == 303


def test_a_weak_new_password_leaves_the_link_as_it_was(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    send(client, "/forgot", email="anna@example.org")
    path = path_in(letters("anna@example.org")[0])
    assert send(client, path, password="short").status_code == 422
    assert send(client, path, password=OTHER).status_code == 303


def test_a_reset_link_lives_for_an_hour(site: TestSite, make: Makers) -> None:
    assert tokens.LIFETIME[tokens.Purpose.RESET].total_seconds() == 3600


def test_whoever_is_blocked_gets_no_reset_link(site: TestSite, make: Makers, client: FlaskClient) -> None:
    blocked = make.person(email="anna@example.org", password=PASSWORD)
    roles.block(blocked.id, actor_id=None)
    site.commit()
    send(client, "/forgot", email="anna@example.org")
    assert letters("anna@example.org") == []


def test_one_address_gets_five_letters_an_hour_at_most(site: TestSite, make: Makers, client: FlaskClient) -> None:
    make.person(email="anna@example.org", password=PASSWORD)
    answers = [send(client, "/forgot", email="Anna@example.org").status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
    assert len(letters("anna@example.org")) == 5


# The own profile


@pytest.fixture
def anna(site: TestSite, make: Makers, client: FlaskClient) -> FlaskClient:
    """Anna's browser, in which she is signed in."""
    make.person(email="anna@example.org", name="Anna Berg", password=PASSWORD)
    log_in(client, "anna@example.org")
    return client


def change(browser: FlaskClient, part: str, **fields: str) -> TestResponse:
    return send(browser, f"/account/profile{part}", page="/account/profile", **fields)


def test_a_guest_is_asked_to_sign_in_and_comes_back(site: TestSite, client: FlaskClient) -> None:
    answer = client.get("/account/profile")
    assert (answer.status_code, answer.location) == (303, "/login?next=/account/profile")


def test_the_pages_of_the_account_lead_to_each_other(anna: FlaskClient) -> None:
    page = anna.get("/account/profile").text
    assert '<a href="/account/profile" aria-current="page">Profile</a>' in page
    assert '<a href="/account/billing">Billing</a>' in page


def test_name_language_and_zone_are_kept(anna: FlaskClient) -> None:
    answer = change(anna, "", name="  Anna   B. ", locale="en", timezone="Europe/Berlin")
    assert answer.status_code == 303
    found = person("anna@example.org")
    assert (found.name, found.locale, found.timezone) == ("Anna B.", "en", "Europe/Berlin")


@pytest.mark.parametrize("fields", [{"name": ""}, {"timezone": "Mars/Olympus"}, {"locale": "xx"}])
def test_a_profile_that_cannot_be_is_refused(anna: FlaskClient, fields: dict[str, str]) -> None:
    sent = {"name": "Anna", "locale": "", "timezone": "", **fields}
    assert change(anna, "", **sent).status_code == 422
    assert person("anna@example.org").name == "Anna Berg"


def test_a_new_address_takes_effect_when_its_owner_says_yes(anna: FlaskClient) -> None:
    answer = change(anna, "/email", new_email="Berg@example.org", email_password=PASSWORD)
    assert answer.status_code == 303
    assert person("anna@example.org").verified
    assert [each.subject for each in letters("anna@example.org")] == ["A new e-mail address for your account"]
    send(anna, path_in(letters("Berg@example.org")[0]))
    assert services.by_email("anna@example.org") is None
    assert person("berg@example.org").email == "Berg@example.org"
    assert letters("anna@example.org")[-1].subject == "Your e-mail address was changed"


def test_a_new_address_needs_the_password(anna: FlaskClient) -> None:
    answer = change(anna, "/email", new_email="berg@example.org", email_password=OTHER)
    assert answer.status_code == 422
    assert "That is not your current password. Nine more tries" in answer.text
    assert letters("berg@example.org") == []


def test_an_address_of_somebody_else_is_not_taken_and_not_told(make: Makers, anna: FlaskClient) -> None:
    make.person(email="bert@example.org", name="Bert")
    taken = change(anna, "/email", new_email="bert@example.org", email_password=PASSWORD)
    assert taken.status_code == 303
    assert "We sent a link to bert@example.org" in anna.get("/account/profile").text
    assert [each.subject for each in letters("bert@example.org")] == ["You already have an account"]
    assert person("bert@example.org").name == "Bert"


def test_an_address_that_was_taken_meanwhile_stays_with_who_has_it(make: Makers, anna: FlaskClient) -> None:
    change(anna, "/email", new_email="berg@example.org", email_password=PASSWORD)
    make.person(email="berg@example.org", name="Somebody else")
    answer = send(anna, path_in(letters("berg@example.org")[0]))
    assert answer.status_code == 409
    assert person("berg@example.org").name == "Somebody else"
    assert person("anna@example.org").name == "Anna Berg"


def test_a_reset_link_that_went_to_the_old_address_is_dead_after_a_change(site: TestSite, anna: FlaskClient) -> None:
    send(site.client(), "/forgot", email="anna@example.org")
    reset = path_in(letters("anna@example.org")[0])
    change(anna, "/email", new_email="berg@example.org", email_password=PASSWORD)
    send(anna, path_in(letters("berg@example.org")[0]))
    assert site.client().get(reset).status_code == 410


def test_a_new_password_keeps_this_device_and_ends_all_others(site: TestSite, anna: FlaskClient) -> None:
    other, thief = site.client(), site.client()
    log_in(other, "anna@example.org")
    thief.set_cookie(COOKIE, cookie(anna) or "")
    answer = change(anna, "/password", current_password=PASSWORD, new_password=OTHER)
    assert answer.status_code == 303
    assert is_signed_in(anna)
    assert not is_signed_in(other)
    assert not is_signed_in(thief)
    assert log_in(other, "anna@example.org", OTHER).status_code == 303


def test_a_new_password_stops_a_change_of_address_that_was_asked_for_with_the_old_one(anna: FlaskClient) -> None:
    change(anna, "/email", new_email="thief@example.org", email_password=PASSWORD)
    change(anna, "/password", current_password=PASSWORD, new_password=OTHER)
    assert anna.get(path_in(letters("thief@example.org")[0])).status_code == 410


def test_a_new_password_makes_a_reset_link_that_lies_in_the_mail_worthless(site: TestSite, anna: FlaskClient) -> None:
    send(site.client(), "/forgot", email="anna@example.org")
    change(anna, "/password", current_password=PASSWORD, new_password=OTHER)
    assert site.client().get(path_in(letters("anna@example.org")[0])).status_code == 410


def test_a_new_password_needs_the_old_one(anna: FlaskClient) -> None:
    answer = change(anna, "/password", current_password=OTHER, new_password="a third sentence")
    assert answer.status_code == 422
    assert "That is not your current password." in answer.text


def test_a_device_is_signed_out_from_another(site: TestSite, anna: FlaskClient) -> None:
    phone = site.client()
    log_in(phone, "anna@example.org")
    shown = anna.get("/account/profile").text
    ids = [int(each) for each in re.findall(r"/sessions/(\d+)/end", shown)]
    change(anna, f"/sessions/{max(ids)}/end")
    assert not is_signed_in(phone)
    assert is_signed_in(anna)


def test_ending_this_device_signs_out_here(anna: FlaskClient) -> None:
    shown = anna.get("/account/profile").text
    only = re.findall(r"/sessions/(\d+)/end", shown)
    answer = change(anna, f"/sessions/{only[0]}/end")
    assert answer.location == "/login"
    assert cookie(anna) is None


def test_all_other_devices_are_signed_out_at_once(site: TestSite, anna: FlaskClient) -> None:
    others = [site.client(), site.client()]
    for each in others:
        log_in(each, "anna@example.org")
    change(anna, "/sessions/end")
    assert [is_signed_in(each) for each in others] == [False, False]
    assert is_signed_in(anna)


def test_nobody_ends_a_device_of_somebody_else(site: TestSite, make: Makers, anna: FlaskClient) -> None:
    make.person(email="bert@example.org", password=PASSWORD)
    bert = site.client()
    log_in(bert, "bert@example.org")
    newest = db.session.scalars(select(SignIn.id).order_by(SignIn.id.desc())).first()
    db.rollback()
    assert change(anna, f"/sessions/{newest}/end").status_code == 404
    assert is_signed_in(bert)


def test_an_unverified_person_is_asked_to_confirm_and_gets_a_new_link(
    site: TestSite, make: Makers, client: FlaskClient
) -> None:
    make.person(email="anna@example.org", password=PASSWORD, verified=False)
    log_in(client, "anna@example.org")
    assert "Your e-mail address is not confirmed yet." in client.get("/account/profile").text
    change(client, "/verify")
    send(client, path_in(letters("anna@example.org")[0]))
    assert "Your e-mail address is not confirmed yet." not in client.get("/account/profile").text


# What it costs


def test_a_guest_costs_no_query(site: TestSite, client: FlaskClient, queries: Queries) -> None:
    client.get("/login")  # settings are read once
    with queries.at_most(0):
        assert client.get("/login").status_code == 200


def test_a_forged_cookie_costs_one_query_and_a_giant_one_none(
    site: TestSite, client: FlaskClient, queries: Queries
) -> None:
    client.get("/login")
    client.set_cookie(COOKIE, "forged")
    with queries.at_most(1):
        assert client.get("/login").status_code == 200
    client.set_cookie(COOKIE, "x" * 3000)
    with queries.at_most(0):
        assert client.get("/login").status_code == 200


def test_the_profile_costs_two_queries(anna: FlaskClient, queries: Queries) -> None:
    anna.get("/account/profile")
    with queries.at_most(2):
        assert anna.get("/account/profile").status_code == 200


# People, for the owner


@pytest.fixture
def owner(site: TestSite, make: Makers, sign_in: Any) -> FlaskClient:
    """The owner's browser."""
    return sign_in(make.person(email="owner@example.org", name="Olga Owner", role="owner"))  # type: ignore[no-any-return]


def press(browser: FlaskClient, person_id: int, act: str, **fields: str) -> TestResponse:
    return send(browser, f"/admin/people/{person_id}/{act}", page=f"/admin/people/{person_id}", **fields)


@pytest.mark.parametrize(("role", "status"), [("creator", 403), ("editor", 403), ("student", 403), ("owner", 200)])
def test_only_owners_see_the_people(site: TestSite, make: Makers, sign_in: Any, role: str, status: int) -> None:
    assert sign_in(make.person(role=role)).get("/admin/people").status_code == status


def test_people_are_found_by_name_and_by_address(make: Makers, owner: FlaskClient) -> None:
    make.person(email="anna@example.org", name="Anna Berg")
    make.person(email="bert@100%.example.org".replace("%", ""), name="Bert Tal")
    for words in ("BERG", "anna@EXAMPLE"):
        page = owner.get("/admin/people", query_string={"q": words}).text
        assert "Anna Berg" in page
        assert "Bert Tal" not in page
    assert "Nobody found." in owner.get("/admin/people?q=%25").text


def test_the_list_goes_on_with_older_people(make: Makers, owner: FlaskClient, queries: Queries) -> None:
    for number in range(roles.PAGE + 2):
        make.person(name=f"Pupil number {number:03}")
    owner.get("/admin/people")  # settings are read once
    with queries.at_most(3):
        first = owner.get("/admin/people").text
    assert f"number {roles.PAGE + 1:03}" in first
    assert "number 000" not in first
    older = re.search(r'href="(\?[^"]*before=\d+)"', first)
    assert older is not None
    second = owner.get("/admin/people" + older.group(1).replace("&amp;", "&")).text
    assert "number 000" in second


def test_an_owner_gives_and_takes_a_role_and_both_are_on_record(make: Makers, owner: FlaskClient) -> None:
    other = make.person(email="anna@example.org")
    press(owner, other.id, "give", role="editor")
    assert "editor" in person("anna@example.org").roles
    press(owner, other.id, "take", role="editor")
    assert "editor" not in person("anna@example.org").roles
    kept = audit.entries(subject=f"person/{other.id}")
    actor = person("owner@example.org").id
    assert [(each.action, each.actor_id, each.detail["role"]) for each in kept] == [
        ("accounts.role_taken", actor, "editor"),
        ("accounts.role_given", actor, "editor"),
    ]


def test_a_role_counts_at_once(make: Makers, owner: FlaskClient, sign_in: Any) -> None:
    other = make.person(email="anna@example.org")
    browser = sign_in(other)
    assert browser.get("/admin/people").status_code == 403
    press(owner, other.id, "give", role="owner")
    assert browser.get("/admin/people").status_code == 200


def test_the_last_owner_keeps_the_role(owner: FlaskClient) -> None:
    me = person("owner@example.org")
    press(owner, me.id, "take", role="owner")
    assert "owner" in person("owner@example.org").roles
    assert "This is the last owner." in owner.get(f"/admin/people/{me.id}").text


def test_a_role_that_does_not_exist_is_not_given(make: Makers, owner: FlaskClient) -> None:
    other = make.person()
    assert press(owner, other.id, "give", role="emperor").status_code == 404


def test_blocking_signs_out_and_unblocking_lets_in_again(
    site: TestSite, make: Makers, owner: FlaskClient, client: FlaskClient
) -> None:
    other = make.person(email="anna@example.org", password=PASSWORD)
    log_in(client, "anna@example.org")
    press(owner, other.id, "block")
    assert not is_signed_in(client)
    press(owner, other.id, "unblock")
    assert log_in(client, "anna@example.org").status_code == 303


def test_an_owner_does_not_block_themselves(owner: FlaskClient) -> None:
    me = person("owner@example.org")
    press(owner, me.id, "block")
    assert not person("owner@example.org").is_blocked


def test_names_are_words_and_never_markup(make: Makers, owner: FlaskClient) -> None:
    make.person(name="<script>alert(1)</script>")
    assert "<script>alert" not in owner.get("/admin/people").text
