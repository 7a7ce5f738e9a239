"""What can be seen in a plugin's files without running any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lms.testing.contract import names
from lms.testing.contract.distribution import Distribution, Entry
from lms.testing.contract.finding import ADVICE, Finding

_MARKUP = (
    (re.compile(r"<[^>{]*\sstyle\s*="), "has an inline style"),
    (re.compile(r"<style\b"), "has an inline style sheet"),
    (re.compile(r"<script(?![^>]*\bsrc\s*=)[^>]*>"), "has an inline script"),
    (re.compile(r"<[^>{]*\son[a-z]+\s*=\s*[\"']"), "has an event handler in an attribute"),
    (re.compile(r"(?:href|src|action)\s*=\s*[\"']\s*javascript:"), "has a javascript: address"),
)


def check(distribution: Distribution) -> Iterator[Finding]:
    """Names, what belongs into every distribution, and where templates lie."""
    for entry in distribution.entries:
        yield from _entry(distribution, entry)
        yield from _templates(distribution, entry)
    yield from _metadata(distribution)


def _entry(distribution: Distribution, entry: Entry) -> Iterator[Finding]:
    file = "pyproject.toml"
    refusal = names.refusal(entry.name)
    if refusal:
        yield Finding(file, "name", refusal, "")
    elif entry.package != names.package_of(entry.name):
        yield Finding(
            file,
            "entry-point",
            f"The entry point {entry.name!r} names the package {entry.package}.",
            f"Call the package {names.package_of(entry.name)}, or the plugin {entry.package.removeprefix('lms_')}.",
        )
    package = distribution.package_folder(entry)
    if not (package / "__init__.py").is_file():
        yield Finding(
            file,
            "package",
            f"The entry point {entry.name!r} names the package {entry.package}, which is not there.",
            f"Make {distribution.shown(package / '__init__.py')}.",
        )
    elif not (package / "py.typed").is_file():
        yield Finding(
            distribution.shown(package / "py.typed"),
            "typed",
            "The package does not say that it is typed.",
            "Add an empty file py.typed, so that others can check what they import from it.",
            ADVICE,
        )


def _metadata(distribution: Distribution) -> Iterator[Finding]:
    file = "pyproject.toml"
    if not distribution.summary:
        yield Finding(
            file,
            "description",
            "The distribution has no description.",
            "Add description: the owner reads it before the plugin is activated.",
        )
    if not distribution.keywords:
        yield Finding(
            file,
            "category",
            "The distribution has no keywords.",
            'Add keywords = ["teaching"], or another category: the first is where the owner finds the plugin before it '
            "was ever switched on.",
            ADVICE,
        )
    if not any((distribution.root / name).is_file() for name in ("README.md", "README.rst", "README.txt")):
        yield Finding("README.md", "readme", "There is no README.", "Say what the plugin is for.", ADVICE)
    if not list(distribution.root.glob("tests/**/test_*.py")):
        yield Finding(
            "tests",
            "tests",
            "There is no test.",
            "Add tests/test_contract.py: from lms.testing.contract.tests import *",
            ADVICE,
        )


def _templates(distribution: Distribution, entry: Entry) -> Iterator[Finding]:
    folder = distribution.plugin_folder(entry) / "templates"
    served = (f"{entry.name}/", f"mail/{entry.name}/")
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        if not name.startswith(served):
            yield Finding(
                distribution.shown(file),
                "template",
                f"The template {name} is never used: a plugin serves only what lies below its own name.",
                f"Move it to templates/{entry.name}/ (mails to templates/mail/{entry.name}/).",
            )
        elif file.suffix == ".html" and not name.startswith("mail/"):
            yield from _markup(distribution, file)


def _markup(distribution: Distribution, file: Path) -> Iterator[Finding]:
    text = file.read_text(encoding="utf-8", errors="replace")
    for pattern, seen in _MARKUP:
        for found in pattern.finditer(text):
            yield Finding(
                distribution.shown(file, text.count("\n", 0, found.start()) + 1),
                "policy",
                f"The template {seen}: browsers refuse it under the site's content-security policy.",
                "Put it into a file below static/ and refer to it with asset().",
            )
