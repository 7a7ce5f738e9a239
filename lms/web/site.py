"""What every page says about the site: name, menu, footer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from babel import Locale
from flask import current_app

from lms.host import state
from lms.settings import services as settings


@dataclass(frozen=True, slots=True)
class SiteView:
    """The site as templates know it. ``menu`` and ``footer`` are lists of ``{"label", "href"}``."""

    name: str
    tagline: str
    language: str
    timezone: str
    direction: str
    menu: list[dict[str, str]] = field(default_factory=list)
    footer: list[dict[str, str]] = field(default_factory=list)


def site_view() -> SiteView:
    """The site's words, made once per settings version."""
    version = state.get("settings")
    kept: tuple[int, SiteView] | None = current_app.extensions.get("lms_site")
    if kept is None or kept[0] != version:
        kept = (version, _make())
        current_app.extensions["lms_site"] = kept
    return kept[1]


def _make() -> SiteView:
    def get(name: str, default: Any) -> Any:
        return settings.get("site", name) or default

    language = get("language", "en")
    return SiteView(
        name=get("name", "Stoa"),
        tagline=get("tagline", ""),
        language=language,
        timezone=get("timezone", "UTC"),
        direction=Locale.parse(language, sep="-").text_direction,
        menu=get("menu", []),
        footer=get("footer", []),
    )
