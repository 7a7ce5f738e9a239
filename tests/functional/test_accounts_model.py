"""Who is signed in with which cookie: the site against a model of a few lines, over any order of events."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from werkzeug.test import TestResponse

from lms import db
from lms.accounts import passwords, roles, sessions, tokens
from lms.accounts.tokens import Purpose
from lms.testing.makers import Makers
from lms.testing.sites import TestSite
from lms.web import COOKIE
from lms.web.limits import DatabaseStorage

WORDS = ("a porch in the morning", "a porch in the evening", "a porch at noon today")
PEOPLE = st.integers(0, 1)
BROWSERS = st.integers(0, 2)
WORD = st.sampled_from(WORDS)


class SigningIn(RuleBasedStateMachine):
    """Two people, three browsers, and every cookie that was ever given out (a thief may have kept a copy)."""

    site: ClassVar[TestSite]
    make: ClassVar[Makers]

    @initialize()
    def begin(self) -> None:
        self.people = [self.make.person(password=WORDS[0]) for _ in range(2)]
        self.password = [WORDS[0], WORDS[0]]
        self.blocked = [False, False]
        self.reset_links: list[tuple[int, str, bool]] = []
        self.browsers = [self.site.client() for _ in range(3)]
        self.holds: list[str | None] = [None, None, None]
        self.given: dict[str, int | None] = {}
        """Every cookie ever given out, and whose it is now."""

    def _post(self, browser: int, path: str, **fields: Any) -> TestResponse:
        DatabaseStorage().reset()
        return self.browsers[browser].post(path, data=fields)

    def _note_cookie(self, browser: int, person: int | None) -> None:
        found = self.browsers[browser].get_cookie(COOKIE)
        self.holds[browser] = found.value if found else None
        if found and person is not None:
            assert found.value not in self.given, "a cookie was given out twice"
            self.given[found.value] = person

    def _end(self, *cookies: str | None) -> None:
        for each in cookies:
            if each in self.given:
                self.given[each] = None

    def _of(self, person: int) -> list[str]:
        return [each for each, owner in self.given.items() if owner == person]

    @rule(browser=BROWSERS, person=PEOPLE, word=WORD)
    def sign_in(self, browser: int, person: int, word: str) -> None:
        answer = self._post(browser, "/login", email=self.people[person].email.upper(), password=word)
        right = word == self.password[person] and not self.blocked[person]
        assert (answer.status_code == 303) is right
        if right:
            self._end(self.holds[browser])
            self._note_cookie(browser, person)

    @rule(browser=BROWSERS, person=PEOPLE)
    def sign_in_with_the_right_password(self, browser: int, person: int) -> None:
        self.sign_in(browser, person, self.password[person])

    @rule(browser=BROWSERS, word=WORD)
    def change_password_rightly(self, browser: int, word: str) -> None:
        person = self.given.get(self.holds[browser] or "")
        if person is not None:
            self.change_password(browser, self.password[person], word)

    @rule(browser=BROWSERS)
    def sign_out(self, browser: int) -> None:
        assert self._post(browser, "/logout").status_code == 303
        self._end(self.holds[browser])
        self._note_cookie(browser, None)

    @rule(browser=BROWSERS, old=WORD, new=WORD)
    def change_password(self, browser: int, old: str, new: str) -> None:
        person = self.given.get(self.holds[browser] or "")
        answer = self._post(browser, "/account/profile/password", current_password=old, new_password=new)
        if person is None:
            assert "/login" in (answer.location or "")
        elif old == self.password[person]:
            assert answer.location == "/account/profile"
            self._end(*self._of(person))
            self._note_cookie(browser, person)
            self._set_password(person, new)
        else:
            assert answer.status_code == 422

    def _set_password(self, person: int, word: str) -> None:
        self.password[person] = word
        self.reset_links = [(who, link, alive and who != person) for who, link, alive in self.reset_links]

    @rule(person=PEOPLE)
    def ask_for_reset(self, person: int) -> None:
        if self.blocked[person]:
            return
        self.reset_links = [(who, link, alive and who != person) for who, link, alive in self.reset_links]
        with db.writes():
            issued = tokens.issue(self.people[person].id, Purpose.RESET, self.people[person].email)
        self.reset_links.append((person, issued.token, True))

    @rule(browser=BROWSERS, which=st.integers(0, 50), word=WORD)
    def use_reset_link(self, browser: int, which: int, word: str) -> None:
        if not self.reset_links:
            return
        person, link, alive = self.reset_links[which % len(self.reset_links)]
        answer = self._post(browser, f"/reset/{link}", password=word)
        assert (answer.status_code == 303) is alive
        if alive:
            self._end(*self._of(person))
            self._set_password(person, word)
            self._note_cookie(browser, None)

    @rule(browser=BROWSERS)
    def end_all_other_devices(self, browser: int) -> None:
        person = self.given.get(self.holds[browser] or "")
        self._post(browser, "/account/profile/sessions/end")
        if person is not None:
            self._end(*(each for each in self._of(person) if each != self.holds[browser]))

    @rule(person=PEOPLE)
    def block_or_unblock(self, person: int) -> None:
        with db.writes():
            (roles.unblock if self.blocked[person] else roles.block)(self.people[person].id, actor_id=None)
        if not self.blocked[person]:
            self._end(*self._of(person))
            self.reset_links = [(who, link, alive and who != person) for who, link, alive in self.reset_links]
        self.blocked[person] = not self.blocked[person]

    @invariant()
    def every_cookie_is_whose_the_model_says(self) -> None:
        for cookie, person in getattr(self, "given", {}).items():
            found = sessions.signed_in(cookie)
            assert (found.person_id if found else None) == (None if person is None else self.people[person].id)
        db.rollback()


def test_who_is_signed_in_with_which_cookie_is_what_the_model_says(
    site: TestSite, make: Makers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=32, parallelism=1))
    # Forms with their tokens are tested beside this; here they would double the requests.
    site.app.config["WTF_CSRF_ENABLED"] = False
    SigningIn.site, SigningIn.make = site, make
    run_state_machine_as_test(
        SigningIn,
        settings=settings(
            max_examples=12,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
