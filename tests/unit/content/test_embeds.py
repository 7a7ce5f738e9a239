"""Which pieces of other sites may stand in a page, and that only addresses of our own making are shown."""

from __future__ import annotations

import pytest

from lms.content import blocks, embeds

VIDEO = "https://www.youtube-nocookie.com/embed/aqz-KE-bpKQ"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://www.youtube.com/watch?v=aqz-KE-bpKQ", VIDEO),
        (" https://m.youtube.com/watch?list=x&v=aqz-KE-bpKQ&t=9s ", VIDEO),
        ("https://youtu.be/aqz-KE-bpKQ?si=abc", VIDEO),
        ("https://www.youtube.com/shorts/aqz-KE-bpKQ", VIDEO),
        (VIDEO, VIDEO),
        ("https://vimeo.com/148751763", "https://player.vimeo.com/video/148751763?dnt=1"),
        ("https://player.vimeo.com/video/148751763?autoplay=1", "https://player.vimeo.com/video/148751763?dnt=1"),
        (f"https://www.loom.com/share/{'0a' * 16}?t=3", f"https://www.loom.com/embed/{'0a' * 16}"),
    ],
)
def test_what_people_copy_from_their_browser_is_shown_by_an_address_of_ours(address, shown):
    found = embeds.frame(address)
    assert found is not None
    assert found.src == shown
    assert any(found.src.startswith(f"{origin}/") for origin in embeds.SOURCE.sources())


@pytest.mark.parametrize(
    "address",
    [
        "http://www.youtube.com/watch?v=aqz-KE-bpKQ",
        "https://www.youtube.com.evil.example/watch?v=aqz-KE-bpKQ",
        "https://evil.example/https://youtu.be/aqz-KE-bpKQ",
        "https://evilyoutube.com/watch?v=aqz-KE-bpKQ",
        "https://www.youtube.com@evil.example/watch?v=aqz-KE-bpKQ",
        "https://www.youtube.com/watch?v=short",
        "https://www.youtube.com/watch?v=aqz-KE-bpKQ\nhttps://evil.example",
        'https://youtu.be/aqz-KE-bpK"',
        "https://vimeo.com/staff",
        "javascript:alert(1)//https://vimeo.com/148751763",
        "//vimeo.com/148751763",
    ],
)
def test_everything_else_is_refused_with_the_list(address):
    assert embeds.frame(address) is None
    form = blocks.media.EmbedForm(data={"address": address, "title": "A video"})
    assert not form.validate()
    assert "YouTube, Vimeo, Loom" in str(form.address.errors[0])
