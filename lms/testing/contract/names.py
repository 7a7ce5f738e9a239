"""How plugins and what they add may be called."""

from __future__ import annotations

import keyword
import re
from functools import cache

from lms.host import load
from lms.rooms import ROOMS

# Names of tables and addresses are built out of it, and PostgreSQL cuts names after 63 characters.
LONGEST = 30
PLUGIN = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
ITEM = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
# Sources of dynamic links and of files that are the core's own.
_TAKEN = frozenset({"core", "theme", "site", "page", "lms", "stoa", "plugin", "plugins", "api", "ext"})


@cache
def taken() -> frozenset[str]:
    """Names that belong to the core: its rooms, and its own sources."""
    return frozenset(load.builtin(dotted).name for dotted in ROOMS) | _TAKEN


def refusal(name: str) -> str:
    """Why a plugin cannot have this name, in one sentence; "" if it can."""
    if not PLUGIN.fullmatch(name):
        return (
            f"A plugin cannot be called {name!r}: use lowercase letters, digits and single underscores, "
            "a letter first, such as book_club."
        )
    if len(name) > LONGEST:
        return f"{name!r} is too long for a plugin's name: use at most {LONGEST} characters."
    if keyword.iskeyword(name):
        return f"{name!r} is a word of Python's own: choose another name."
    if name in taken():
        return f"{name!r} is a name of Stoa's own: choose another one, such as my_{name}."
    return ""


def package_of(name: str) -> str:
    """The package of a plugin: ``lms_hello`` for ``hello``."""
    return f"lms_{name}"
