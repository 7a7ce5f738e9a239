"""A new key for everything that is sealed, whatever happens on the way."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from lms import db
from lms.audit import services as audit
from lms.base import seal
from lms.base.problem import Conflict
from lms.base.seal import CannotOpen, Sealer, read_keys
from lms.extend import Plugin, SealedColumn
from lms.host import activate
from lms.mail import services as mail
from lms.mail.models import Message
from lms.settings import keys, rotation, store
from lms.settings import services as settings
from lms.testing.plugins import add_plugin
from lms.testing.sites import TestSite

SECRET = "rk_test_0123456789abcd"


def rotate() -> rotation.Report:
    return rotation.rotate(settle=lambda: None)


def fill() -> None:
    for number in range(5):
        settings.set_secret("shop", f"key_{number}", f"{SECRET}{number}", actor_id=None)
        mail.send(
            to="a@example.org",
            subject="Hello",
            template="mail/accounts/already",
            context={"links": {}},
            key=f"m{number}",
        )
    db.commit()


def opens_with(key: bytes) -> int:
    """How many of the sealed things open with the one key."""
    sealer, count = Sealer([key]), 0
    rows = [(f"mail.{row.key}", row.sealed_body) for row in db.session.scalars(select(Message))]
    rows += [(f"{of}.{name}", one.sealed) for (of, name), one in store.everything().items() if one.sealed]
    for place, sealed in rows:
        try:
            sealer.open(sealed, place)
        except CannotOpen:
            continue
        count += 1
    db.rollback()
    return count


def everything_is_readable() -> bool:
    letters = db.session.scalars(select(Message)).all()
    found = [settings.unseal(f"mail.{row.key}", row.sealed_body) for row in letters]
    found += [settings.secret("shop", f"key_{number}") for number in range(5)]
    db.rollback()
    return len(found) == 10 and all(found)


def test_everything_is_sealed_anew_and_the_old_key_is_gone(site: TestSite, both_databases: str) -> None:
    fill()
    old = read_keys(keys.file())[0]
    report = rotate()
    (new,) = read_keys(keys.file())
    assert (report.resealed, report.unopened, report.unknown) == (10, [], [])
    assert new != old
    assert (opens_with(old), opens_with(new)) == (0, 10)
    assert everything_is_readable()
    assert keys.file().stat().st_mode & 0o777 == 0o600
    entry = audit.entries()[0]
    assert (entry.action, entry.detail) == ("settings.key_rotated", {"resealed": 10})


def test_times_of_rows_do_not_move(site: TestSite) -> None:
    fill()
    before = db.session.scalars(select(Message.updated_at).order_by(Message.id)).all()
    db.rollback()
    rotate()
    assert db.session.scalars(select(Message.updated_at).order_by(Message.id)).all() == before


STOPS = ("the file", "the first page", "the second column", "the second look", "the end")


@pytest.mark.parametrize("stop", STOPS)
def test_killed_on_the_way_everything_opens_and_the_next_run_finishes(
    site: TestSite, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    fill()
    old = read_keys(keys.file())[0]
    monkeypatch.setattr(rotation, "_AT_ONCE", 2)
    calls = {"write": 0, "page": 0, "settle": 0}
    write, opens = rotation.write_keys, rotation._opens

    def killed_while_writing(path: Path, known: list[bytes]) -> None:
        calls["write"] += 1
        if (stop, calls["write"]) in {("the file", 1), ("the end", 2)}:
            raise KeyboardInterrupt
        write(path, known)

    def killed_while_looking(*given: Any) -> bool:
        calls["page"] += 1
        if (stop, calls["page"]) in {("the first page", 2), ("the second column", 7)}:
            raise KeyboardInterrupt
        return opens(*given)

    def killed_while_waiting() -> None:
        if stop == "the second look":
            raise KeyboardInterrupt

    monkeypatch.setattr(rotation, "write_keys", killed_while_writing)
    monkeypatch.setattr(rotation, "_opens", killed_while_looking)
    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(settle=killed_while_waiting)
    assert old in read_keys(keys.file())
    assert everything_is_readable()
    monkeypatch.undo()
    assert rotate().is_complete
    (new,) = read_keys(keys.file())
    assert new != old
    assert opens_with(new) == 10
    assert everything_is_readable()


def test_a_broken_off_rotation_goes_on_with_its_own_key(site: TestSite) -> None:
    fill()
    old = read_keys(keys.file())[0]
    begun = bytes(range(32))
    seal.write_keys(keys.file(), [begun, old])
    rotate()
    assert read_keys(keys.file()) == [begun]


def test_what_is_sealed_while_it_runs_is_sealed_with_the_new_key_or_again(site: TestSite) -> None:
    fill()

    def meanwhile() -> None:
        known = read_keys(keys.file())
        late = Sealer([known[1]]).seal(f"{SECRET}late", "shop.late")
        with db.writes():
            store.write("shop", "late", sealed=late)
            settings.set_secret("shop", "now", f"{SECRET}now", actor_id=None)

    assert rotation.rotate(settle=meanwhile).resealed == 11
    assert [settings.secret("shop", name) for name in ("late", "now")] == [f"{SECRET}late", f"{SECRET}now"]


def test_another_process_seals_with_the_new_key_at_once(site: TestSite) -> None:
    settings.sealer()
    new = bytes(range(32))
    seal.write_keys(keys.file(), [new, *read_keys(keys.file())])
    assert Sealer([new]).open(settings.seal("a.b", "secret"), "a.b") == "secret"


def test_two_rotations_do_not_meet(site: TestSite) -> None:
    with (keys.file().parent / ".secret.key.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="Another rotation"):
            rotate()


def test_what_no_key_opens_is_named_and_left_as_it_is(site: TestSite) -> None:
    fill()
    db.session.execute(update(Message).where(Message.key == "m2").values(sealed_body="broken"))
    db.commit()
    report = rotate()
    assert report.unopened == ["mail_message.sealed_body: mail.m2"]
    assert len(read_keys(keys.file())) == 1
    assert db.session.scalar(select(Message.sealed_body).where(Message.key == "m2")) == "broken"


def test_a_plugin_that_is_gone_keeps_the_old_key(site: TestSite) -> None:
    fill()
    activate.mark_active("gone_plugin", "1.0")
    db.commit()
    report = rotate()
    assert (report.unknown, report.is_complete) == (["gone_plugin"], False)
    assert len(read_keys(keys.file())) == 2
    assert everything_is_readable()


class Letters(Plugin):
    """Letters"""

    name = "letters"

    def sealed_columns(self) -> tuple[SealedColumn, ...]:
        return (SealedColumn(name="again", column=Message.reason, key=Message.key, place="letters.{}"),)


def test_a_plugins_column_is_sealed_anew(site: TestSite) -> None:
    fill()
    add_plugin(site.app, Letters())
    sealed = settings.seal("letters.m1", SECRET)
    db.session.execute(update(Message).where(Message.key == "m1").values(reason=sealed))
    db.commit()
    assert rotate().resealed == 11
    again = db.session.scalar(select(Message.reason).where(Message.key == "m1"))
    assert again != sealed
    assert settings.unseal("letters.m1", again or "") == SECRET
