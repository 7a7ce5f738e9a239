"""Passwords: what is refused, how they are kept, and how many are compared at once."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher

from lms.accounts import passwords


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "hasher", hasher)
    return hasher


def test_a_hash_has_the_parameters_of_the_house() -> None:
    assert passwords.hash_password("a porch in the morning").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_right_password_is_right_and_another_is_not(cheap: PasswordHasher) -> None:
    stored = passwords.hash_password("a porch in the morning")
    assert passwords.check(stored, "a porch in the morning")
    assert not passwords.check(stored, "a porch in the evening")


def test_an_accent_typed_in_two_keystrokes_is_the_same_password(cheap: PasswordHasher) -> None:
    stored = passwords.hash_password("caf\u00e9 at the porch")
    assert passwords.check(stored, "cafe\u0301 at the porch")


def test_nobody_has_every_password(cheap: PasswordHasher) -> None:
    assert not passwords.check(None, "a porch in the morning")


def test_an_unknown_account_costs_one_comparison_too(cheap: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    class Counting:
        def verify(self, stored: str, word: str) -> bool:
            compared.append(stored)
            return cheap.verify(stored, word)

        def hash(self, word: str) -> str:
            return cheap.hash(word)

    monkeypatch.setattr(passwords, "hasher", Counting())
    passwords.check(None, "a porch in the morning")
    assert len(compared) == 1
    assert compared[0].startswith("$argon2id$")


def test_a_damaged_hash_lets_nobody_in(cheap: PasswordHasher) -> None:
    assert not passwords.check("not a hash", "a porch in the morning")


def test_a_hash_with_older_parameters_is_to_be_made_anew(cheap: PasswordHasher) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=32, parallelism=1).hash("a porch in the morning")
    assert passwords.needs_rehash(old)
    assert not passwords.needs_rehash(passwords.hash_password("a porch in the morning"))


def test_at_most_two_are_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    together, most = 0, 0
    lock, both_in = threading.Lock(), threading.Barrier(2)

    class Watching:
        def hash(self, word: str) -> str:
            nonlocal together, most
            with lock:
                together += 1
                most = max(most, together)
            both_in.wait(timeout=10)  # two are inside at the same time, so the limit is not one
            with lock:
                together -= 1
            return word

    monkeypatch.setattr(passwords, "hasher", Watching())
    crowd = [threading.Thread(target=passwords.hash_password, args=("x",)) for _ in range(6)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join(timeout=10)
    assert most == 2


@pytest.mark.parametrize(
    ("word", "email"),
    [
        ("short", ""),
        ("elevenchars", ""),
        ("aaaaaaaaaaaaaaaa", ""),
        ("abcabcabcabc", ""),
        ("Password1234", ""),
        ("my margaret word", "margaret@example.org"),
        ("x" * 100 + "abc" * 34, ""),
    ],
)
def test_a_password_that_would_be_guessed_is_refused(word: str, email: str) -> None:
    with pytest.raises(passwords.PasswordTooWeak):
        passwords.require_strength(word, email=email)


@pytest.mark.parametrize(
    "word", ["a porch in the morning", "twelve chars", "ein Säulengang am Meer", "柱廊のある静かな朝に歩く人"]
)
def test_a_sentence_is_accepted(word: str) -> None:
    passwords.require_strength(word, email="ann@example.org")
