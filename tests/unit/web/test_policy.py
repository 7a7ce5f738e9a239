"""The content-security policy: what plugins add to it."""

from __future__ import annotations

from typing import Any

from lms.extend import ContentSecuritySource, DynamicLink, Plugin
from lms.testing.plugins import add_plugin
from lms.web.policy import content_security_policy


class Shop(Plugin):
    """Shop"""

    name = "shop"

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return (
            DynamicLink(
                name="till",
                label="Till",
                available=lambda ctx: True,
                open=lambda ctx, args: "https://till.example/now",
                hosts=lambda: ("https://till.example",),
            ),
        )

    def content_security_sources(self) -> tuple[ContentSecuritySource, ...]:
        return (
            ContentSecuritySource(name="till", directive="form-action", sources=lambda: ("https://till.example",)),
            ContentSecuritySource(name="pictures", directive="img-src", sources=lambda: ("https://img.example",)),
        )


def directive(policy: str, name: str) -> str:
    return next(part for part in policy.split("; ") if part.startswith(f"{name} "))


def test_a_form_may_lead_to_the_hosts_of_links_and_to_those_that_are_declared(site: Any) -> None:
    add_plugin(site.app, Shop())
    policy = content_security_policy()
    assert directive(policy, "form-action") == "form-action 'self' https://till.example"
    assert directive(policy, "img-src") == "img-src 'self' data: https://img.example"


def test_scripts_and_styles_come_from_this_site_alone(site: Any) -> None:
    policy = content_security_policy()
    assert directive(policy, "script-src") == "script-src 'self'"
    assert directive(policy, "style-src") == "style-src 'self'"
