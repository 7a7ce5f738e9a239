"""The skeleton of a new plugin: files with a few words to fill in, copied and never run."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import lms
from lms.host import discover
from lms.testing.contract import names

FILES = Path(__file__).parent
_SUFFIX = ".tmpl"
_MARK = re.compile(r"@([A-Z]+)@")
# A deprecated name stays for two minor versions after the one that says so.
_MINORS_AHEAD = 3


class Refused(ValueError):
    """The plugin cannot be made; the sentence says what to do. Nothing was written."""


def make(name: str, folder: Path) -> Path:
    """Write the distribution of a new plugin to ``folder/name`` and return that path.

    All of it or nothing, and nothing that is there is touched. Raises ``Refused``.
    """
    refusal = names.refusal(name)
    if refusal:
        raise Refused(refusal)
    if name in discover.found():
        raise Refused(f"A plugin called {name!r} is installed here already: choose another name.")
    target = folder / name
    if os.path.lexists(target):
        raise Refused(f"{target} is there already, and stays as it is: choose another name or another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder))
    except OSError as error:
        raise Refused(f"{folder} cannot be written to: {error.strerror}.") from error
    try:
        half.chmod(0o755)
        _write(half, words_for(name))
        half.rename(target)
    except OSError as error:
        raise Refused(f"{target} could not be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return target


def words_for(name: str) -> dict[str, str]:
    """What stands for each mark of the skeleton, ``@NAME@`` and so on."""
    return {
        "NAME": name,
        "DASHED": name.replace("_", "-"),
        "PACKAGE": names.package_of(name),
        "CLASS": "".join(part.capitalize() for part in name.split("_")),
        "TITLE": name.replace("_", " ").capitalize(),
        "STOA": _versions(lms.__version__),
    }


def _versions(version: str) -> str:
    major, minor = (int(part) for part in version.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + _MINORS_AHEAD}"


def _write(target: Path, words: dict[str, str]) -> None:
    for source in sorted(FILES.rglob(f"*{_SUFFIX}")):
        path = source.relative_to(FILES).as_posix().removesuffix(_SUFFIX)
        for mark in ("NAME", "PACKAGE"):
            path = path.replace(mark, words[mark])
        file = target / (".gitignore" if path == "gitignore" else path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_MARK.sub(lambda mark: words[mark[1]], source.read_text(encoding="utf-8")), encoding="utf-8")
