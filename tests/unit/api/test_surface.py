"""What plugins may use stays: a name or a parameter that is lost fails here, and says what to do."""

from __future__ import annotations

import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import lms

sys.path.insert(0, str(Path(__file__).parent))

import surface

FUNCTION = "lms.api.mail.send"


def test_nothing_that_plugins_use_is_lost() -> None:
    lost = surface.losses(surface.read(), surface.surface())
    assert not lost, "\n" + "\n".join(lost.values())


def test_everything_that_is_public_is_pinned() -> None:
    now, pinned = surface.surface(), surface.read()
    new = sorted(now.keys() - pinned.keys())
    changed = sorted(name for name in now.keys() & pinned.keys() if now[name] != pinned[name])
    assert not new + changed, (
        f"Public, and not pinned as it is now: {', '.join(new + changed)}. If plugins may rely on it, run\n"
        f"  {surface.COMMAND}\nand give it its heading in docs/plugins/reference.md."
    )


def test_every_public_name_has_words() -> None:
    """Functions and classes of the contract and the facade say what they are for."""
    silent = [name for name, thing in surface.things() if callable(thing) and not (thing.__doc__ or "").strip()]
    assert silent == []


def test_the_types_are_there_for_plugins_too() -> None:
    """Without this file a type checker takes all of the contract for Any."""
    assert (Path(lms.__file__).parent / "py.typed").is_file()


# That the comparison can fail:


def changed(change: Any) -> str:
    now = surface.read()
    change(now)
    return "\n".join(surface.losses(surface.read(), now).values())


def parameter(now: surface.Surface, name: str) -> list[Any]:
    found: list[Any] = next(one for one in now[FUNCTION]["parameters"] if one[0] == name)
    return found


def rename(now: surface.Surface) -> None:
    parameter(now, "key")[0] = "identity"


def turn_round(now: surface.Surface) -> None:
    now["lms.api.access.decide"]["parameters"].reverse()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda now: now.pop(FUNCTION), "lms.api.mail.send is gone. Plugins use it"),
        (lambda now: now.pop("lms.extend.Plugin.jobs"), "lms.extend.Plugin.jobs is gone"),
        (lambda now: now.pop("lms.api.access.GrantState.ACTIVE"), "lms.api.access.GrantState.ACTIVE is gone"),
        (rename, "lms.api.mail.send: the parameter key is gone"),
        (lambda now: now[FUNCTION]["parameters"].append(["cc", "by name", True, "str"]), "new parameter cc has to be"),
        (lambda now: now["lms.extend.Job"]["parameters"][-1].__setitem__(2, True), "could be left out"),
        (lambda now: parameter(now, "to").__setitem__(1, "by place"), "to was given by name and is given by place"),
        (turn_round, "keep their order"),
        (lambda now: now[FUNCTION].update(kind="value"), "was a function and is a value"),
        (lambda now: now["lms.api.commerce.OrderPaid"].update(bases=[]), "is no Event any more"),
        (lambda now: now["lms.api.access.GrantState.ACTIVE"].update(value="on"), "which is stored"),
        (
            lambda now: now.update({"lms.extend.PaymentProvider.refund": {"kind": "function", "parameters": []}}),
            "implementations of lms.extend.PaymentProvider lack it",
        ),
    ],
)  # fmt: skip
def test_what_plugins_would_miss_is_said(change: Any, words: str) -> None:
    assert words in changed(change)


@pytest.mark.parametrize(
    "change",
    [
        lambda now: now.update({"lms.api.mail.draft": {"kind": "function", "parameters": []}}),
        lambda now: now[FUNCTION]["parameters"].append(["cc", "by name", False, "str"]),
        lambda now: parameter(now, "to").__setitem__(1, "by place or name"),
        lambda now: now["lms.api.accounts.PersonView"]["bases"].append("Base"),
    ],
)
def test_what_only_adds_is_no_loss(change: Any) -> None:
    assert changed(change) == ""


def test_the_command_refuses_to_forget_and_keeps_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "surface.json"
    pinned = deepcopy(surface.read()) | {"lms.api.mail.old": {"kind": "function", "parameters": []}}
    file.write_text(surface.as_text(pinned))
    monkeypatch.setattr(surface, "FILE", file)
    assert surface.main(["--write"]) == 1
    assert "lms.api.mail.old" in surface.read()
    assert surface.main(["--write", "--gone", "lms.api.mail.old"]) == 0
    assert surface.read() == surface.surface()
