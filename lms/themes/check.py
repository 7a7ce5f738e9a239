"""What is wrong with a theme, before visitors find out: ``lms theme check``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lms.themes import catalog, check_assets, contrast
from lms.themes.catalog import CircularParents, Theme, ThemeMissing
from lms.themes.chain import ChainLoader, Layer, ThemeEnvironment, layer
from lms.themes.check_templates import Templates
from lms.themes.findings import Finding
from lms.themes.manifest import FILE, ThemeUnreadable, meant
from lms.themes.tokens import kind


def check(folder: Path, instance: Path, environment: ThemeEnvironment, below: list[Layer]) -> list[Finding]:
    """Everything that is wrong with the theme in the folder, by file and line.

    ``environment`` knows the filters and globals of a site, ``below`` are the layers of plugins and core.
    """
    try:
        theme = catalog.at(folder)
    except ThemeUnreadable as error:
        return [Finding(FILE, 0, str(error))]
    found = [Finding(FILE, fault.line, fault.sentence) for fault in theme.manifest.faults]
    try:
        themes = catalog.above(theme, instance)
    except (ThemeMissing, CircularParents, ThemeUnreadable) as error:
        found.append(Finding(FILE, _line(theme, "parent"), str(error)))
        # The rest is checked as if Plain were the parent, so that one mistake does not hide the others.
        themes = [theme, catalog.bundled()]
    found += _tokens(theme, themes)
    found += _contrasts(theme, themes)
    layers = [layer(f"theme {one.name}", [one.templates], themed=True) for one in themes] + below
    loader = ChainLoader(layers)
    found += Templates(theme, themes, environment.over(loader), loader).findings()
    found += check_assets.findings(theme, themes)
    tidy = {replace(one, sentence=one.sentence.replace("?.", "?")) for one in found}
    return sorted(tidy, key=lambda one: (one.file != FILE, one.file, one.line, one.sentence))


def _line(theme: Theme, key: str) -> int:
    for number, line in enumerate((theme.folder / FILE).read_text(encoding="utf-8").splitlines(), 1):
        if line.partition("=")[0].strip().strip("\"'") == key:
            return number
    return 0


def _tokens(theme: Theme, themes: list[Theme]) -> Iterator[Finding]:
    known, inherited = catalog.groups(themes[1:]), catalog.values(themes[1:])
    if not known:
        return
    for name, group in theme.manifest.groups.items():
        if name in known and known[name] is not group:
            yield Finding(FILE, _line(theme, name), f"token {name} belongs under [tokens.{known[name]}].")
        elif name in known and kind(theme.manifest.tokens[name]) != kind(inherited[name]):
            yield Finding(
                FILE, _line(theme, name), f"token {name} must be a {kind(inherited[name])}, as in the theme above."
            )
        elif name not in known and name not in theme.manifest.labels:
            yield Finding(
                FILE, _line(theme, name),
                f"no theme above knows a token {name}{meant(name, known)}. A token of the theme's own needs a label: "
                f'{name} = {{ value = "…", label = "…" }}.',
            )  # fmt: skip


def _contrasts(theme: Theme, themes: list[Theme]) -> Iterator[Finding]:
    for faint in contrast.too_faint(catalog.values(themes)):
        own = next((name for name in (faint.front, faint.back) if name in theme.manifest.tokens), None)
        if own is not None:
            yield Finding(
                FILE, _line(theme, own),
                f"{faint.front} on {faint.back} has a contrast of {faint.measured:.2f} in {faint.scheme}; "
                f"it needs {faint.least:g}.",
            )  # fmt: skip
