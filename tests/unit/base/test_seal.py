"""Secrets at rest."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from lms.base.seal import CannotOpen, Sealer, load_or_make_keys

OLD, NEW = os.urandom(32), os.urandom(32)


def test_a_secret_comes_back_and_is_not_readable_in_between() -> None:
    sealed = Sealer([NEW]).seal("rk_test_1", "stripe.key")
    assert "rk_test_1" not in sealed
    assert Sealer([NEW]).open(sealed, "stripe.key") == "rk_test_1"


def test_a_value_moved_to_another_place_does_not_open() -> None:
    sealed = Sealer([NEW]).seal("rk_test_1", "stripe.key")
    with pytest.raises(CannotOpen):
        Sealer([NEW]).open(sealed, "mail.password")


@pytest.mark.parametrize("sealed", ["", "zz", "not base64!", "AAAA" * 12])
def test_what_was_never_sealed_does_not_open(sealed: str) -> None:
    with pytest.raises(CannotOpen):
        Sealer([NEW]).open(sealed, "stripe.key")


def test_an_old_key_still_opens_and_the_new_one_seals() -> None:
    sealed = Sealer([OLD]).seal("secret", "a.b")
    both = Sealer([NEW, OLD])
    assert both.open(sealed, "a.b") == "secret"
    with pytest.raises(CannotOpen):
        Sealer([OLD]).open(both.seal("secret", "a.b"), "a.b")


def test_two_seals_of_one_secret_differ() -> None:
    sealer = Sealer([NEW])
    assert sealer.seal("secret", "a.b") != sealer.seal("secret", "a.b")


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    first = load_or_make_keys(file)
    assert load_or_make_keys(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_together_never_see_half_a_key_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seen, make = tmp_path / "secret.key", [], os.open

    def open_and_let_another_read(path: Any, *arguments: Any) -> int:
        descriptor = make(path, *arguments)
        if not seen:
            seen.append(None)
            seen.append(load_or_make_keys(file))
        return descriptor

    monkeypatch.setattr(os, "open", open_and_let_another_read)
    keys = load_or_make_keys(file)
    assert seen[1] == keys, "whoever was first made the key of both"
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
