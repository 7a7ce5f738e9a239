"""A device in words."""

from __future__ import annotations

import pytest

from lms.accounts.sessions import device_words
from lms.testing.sites import TestSite


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Mobile "
            "Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 "
            "Safari/537.36 Edg/128.0",
            "Edge on macOS",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0", "Firefox on Linux"),
        ("curl/8.5.0", "A device that does not say what it is"),
        ("", "A device that does not say what it is"),
    ],
)
def test_a_user_agent_becomes_the_words_that_people_use(site: TestSite, user_agent: str, words: str) -> None:
    assert device_words(user_agent) == words
