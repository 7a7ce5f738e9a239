"""Icons, inlined as SVG: heroicons and our own two marks, as the asset build wrote them.

An icon never carries meaning alone: it is hidden from assistive software, and a word stands beside it or in
the name of the control.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from pathlib import Path
from typing import Literal

from markupsafe import Markup, escape

Variant = Literal["outline", "solid16"]

DIST = Path(__file__).parent / "static" / "dist"
FALLBACK = "puzzle-piece"
MISSING = (
    "The built assets are missing. Run `python hatch_build.py` in the source folder, or install the package again."
)

_log = logging.getLogger(__name__)
_OPENING: dict[str, str] = {
    "outline": 'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.5"',
    "solid16": 'viewBox="0 0 16 16" fill="currentColor"',
}


class AssetsMissing(RuntimeError):
    """The folder with fonts and icons has not been built."""


@lru_cache(maxsize=1)
def load_icons() -> dict[str, dict[str, str]]:
    """All icons: name → variant → what stands inside the svg element.

    Raises AssetsMissing when the assets have not been built.
    """
    try:
        icons: dict[str, dict[str, str]] = json.loads((DIST / "icons.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssetsMissing(MISSING) from None
    return icons


@lru_cache(maxsize=1)
def font_preloads() -> tuple[str, ...]:
    """Files, relative to the dist folder, of the two Latin romans; empty when the assets have not been built."""
    try:
        manifest = json.loads((DIST / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(manifest["preload"])


def has_icon(name: str, variant: Variant = "outline") -> bool:
    """Whether the built assets hold this icon. Raises AssetsMissing."""
    return variant in load_icons().get(name, {})


@lru_cache(maxsize=1024)
def icon(name: str, variant: Variant = "outline", size: int | None = None, css: str = "") -> Markup:
    """An inline SVG, `size` pixels wide and high: 20 for outline, 16 for solid16 unless told otherwise.

    A name that does not exist, as a plugin may declare it, gives the puzzle piece and a line in the log. Without
    built assets the place stays empty, so that a page still shows; the log says what to run.
    """
    pixels = size or (16 if variant == "solid16" else 20)
    classes = f"icon {css}".strip()
    opening = f'<svg class="{escape(classes)}" width="{pixels}" height="{pixels}" {_OPENING[variant]}'
    # Ours from end to end: the build wrote what is inside, and templates choose among fixed words.
    return Markup(f'{opening} aria-hidden="true" focusable="false">{_inside(name, variant)}</svg>')  # noqa: S704


def _inside(name: str, variant: Variant) -> str:
    try:
        icons = load_icons()
    except AssetsMissing as missing:
        _log.error("%s", missing)
        return ""
    if variant not in icons.get(name, {}):
        _log.warning("There is no icon %r in the variant %r; the puzzle piece stands in.", name, variant)
        name = FALLBACK
    return icons[name][variant]
