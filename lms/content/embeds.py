"""Other sites whose pieces may stand in a page, and what address shows them.

Only addresses that we make ourselves out of an id are ever shown in a frame: an editor's address is never passed on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lms.extend import ContentSecuritySource


@dataclass(frozen=True, slots=True)
class Provider:
    """A site on the list. ``addresses`` match what people copy from their browser, ``id`` is the piece's name there."""

    label: str
    origin: str
    frame: str
    page: str
    addresses: tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What is loaded once the visitor agreed (``src``), from whom (``host``), and the same piece at its own site."""

    provider: str
    host: str
    src: str
    page: str


def _pattern(rest: str) -> re.Pattern[str]:
    return re.compile(rf"https://(?:www\.|m\.)?{rest}(?:[?&#/].*)?")


PROVIDERS = (
    Provider(
        "YouTube",
        "https://www.youtube-nocookie.com",
        "https://www.youtube-nocookie.com/embed/{id}",
        "https://www.youtube.com/watch?v={id}",
        (
            _pattern(r"youtube(?:-nocookie)?\.com/(?:embed|shorts|live)/(?P<id>[\w-]{11})"),
            re.compile(r"https://(?:www\.|m\.)?youtube\.com/watch\?(?:[^#]*&)?v=(?P<id>[\w-]{11})(?:[&#].*)?"),
            _pattern(r"youtu\.be/(?P<id>[\w-]{11})"),
        ),
    ),
    Provider(
        "Vimeo",
        "https://player.vimeo.com",
        "https://player.vimeo.com/video/{id}?dnt=1",
        "https://vimeo.com/{id}",
        (_pattern(r"vimeo\.com/(?P<id>\d{6,12})"), re.compile(r"https://player\.vimeo\.com/video/(?P<id>\d{6,12}).*")),
    ),
    Provider(
        "Loom",
        "https://www.loom.com",
        "https://www.loom.com/embed/{id}",
        "https://www.loom.com/share/{id}",
        (_pattern(r"loom\.com/(?:share|embed)/(?P<id>[0-9a-f]{32})"),),
    ),
)


def frame(address: str) -> Frame | None:
    """What shows the piece at an address; None for one of a site that is not on the list."""
    for one in PROVIDERS:
        for pattern in one.addresses:
            found = pattern.fullmatch(address.strip())
            if found:
                name = found["id"]
                return Frame(
                    one.label, one.origin.removeprefix("https://"), one.frame.format(id=name), one.page.format(id=name)
                )
    return None


def _origins() -> tuple[str, ...]:
    return tuple(one.origin for one in PROVIDERS)


SOURCE = ContentSecuritySource(name="embeds", directive="frame-src", sources=_origins)
