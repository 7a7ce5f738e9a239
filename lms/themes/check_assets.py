"""Files of a theme beside its templates: are they there, and would a browser be allowed to load them?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lms.themes.catalog import Theme
from lms.themes.findings import Finding, line_at
from lms.themes.manifest import FILE

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_URL = re.compile(r"""(?:url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["'])""")
_OTHER_HOST = re.compile(r"(?:https?:)?//", re.I)
_TEMPLATE_ENDINGS = {".html", ".jinja", ".j2"}


def findings(theme: Theme, themes: list[Theme]) -> Iterator[Finding]:
    """Missing stylesheets, files that stylesheets name, and templates where nobody looks for them."""
    for name in theme.manifest.stylesheets:
        if not has(themes, name):
            yield Finding(FILE, 0, f"the stylesheet {name} is not in assets/.")
    for sheet in sorted(theme.assets.rglob("*.css")):
        yield from _stylesheet(theme, sheet)
    for file in sorted(theme.folder.rglob("*")):
        if file.suffix in _TEMPLATE_ENDINGS and theme.templates not in file.parents:
            yield Finding(
                file.relative_to(theme.folder).as_posix(), 0, "this template lies outside templates/ and is never used."
            )


def has(themes: list[Theme], name: str) -> bool:
    """Whether one of the themes has the asset."""
    return any((theme.assets / name).is_file() for theme in themes)


def _stylesheet(theme: Theme, sheet: Path) -> Iterator[Finding]:
    name = sheet.relative_to(theme.folder).as_posix()
    text = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), sheet.read_text(encoding="utf-8", errors="replace"))
    for match in _URL.finditer(text):
        target, line = (match[1] or match[2]).strip(), line_at(text, match.start())
        if _OTHER_HOST.match(target):
            yield Finding(name, line, f"{target} is on another host: the content-security policy blocks it.")
        elif not target.startswith(("data:", "#", "/")) and not (sheet.parent / target.partition("?")[0]).is_file():
            yield Finding(name, line, f"{target} is not there.")
