"""The card that leads to the portal, on any page: who sees it, what stands on it, where Return leads."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lms_stripe import connections, portal, returning
from PIL import Image

from lms.api import clock, content, db, media
from lms.api.content import DocumentInvalid
from lms.extend import RenderContext

SESSIONS = "/v1/billing_portal/sessions"


def drawn(person: Any, editing: bool = False, **props: Any) -> str:
    """A page with the block, for somebody."""
    tree = content.empty()
    tree["root"]["slots"]["main"].append(content.new_block("stripe/portal-card", props))
    ctx = RenderContext(person=person, now=clock.now(), path="/manage", editing=editing)
    html = str(content.tree_html(tree, ctx).html)
    db.rollback()
    return html


@pytest.mark.feature("SO-04", "SO-05")
def test_the_card_shows_its_words_to_buyers_and_to_nobody_else(connected: Any) -> None:
    buyer, _offer, _subscription = connected.subscribe()
    shown = drawn(buyer, title="Your membership", subtitle="Card and invoices", label="Open")
    for words in ("Your membership", "Card and invoices", "Open", "/go/stripe/customer-portal"):
        assert words in shown
    assert "Your membership" not in drawn(connected.make.person(), title="Your membership")
    assert "Your membership" not in drawn(None, title="Your membership")


@pytest.mark.feature("SO-01")
def test_without_a_connection_the_editor_is_warned_and_visitors_see_nothing(stage: Any) -> None:
    editor = stage.make.person(role="editor")
    seen = drawn(editor, editing=True, title="Your membership")
    assert "Stripe is not connected" in seen
    assert "Your membership" not in drawn(editor, title="Your membership")
    assert "Your membership" not in drawn(None, title="Your membership")


@pytest.mark.feature("SO-06")
@pytest.mark.parametrize("decorative", [True, False])
def test_a_picture_stands_behind_the_words_described_or_decorative(connected: Any, decorative: bool) -> None:
    buyer, _offer, _subscription = connected.subscribe()
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(picture, "PNG")
    picture.seek(0)
    stored = media.store(picture, name="porch.png", alt="A porch", actor_id=None)
    db.commit()
    shown = drawn(buyer, background={"key": stored.key, "alt": "A porch", "decorative": decorative})
    assert 'class="behind"' in shown
    assert ('alt=""' in shown) is decorative
    assert ('alt="A porch"' in shown) is not decorative


@pytest.mark.feature("SO-07", "SO-08")
@pytest.mark.parametrize("page", ["/courses", "https://example.org/after"])
def test_its_return_page_is_where_the_portal_leads_back_to(connected: Any, sign_in: Any, page: str) -> None:
    buyer, _offer, _subscription = connected.subscribe()
    address = drawn(buyer, return_page=page).partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert sign_in(buyer).get(address).status_code == 303
    told = [entry for entry in connected.simulator.running.requests() if entry["path"] == SESSIONS]
    signed = parse_qs(urlsplit(told[0]["params"]["return_url"]).query)["to"][0]
    assert returning.target_of(signed) == page


@pytest.mark.feature("SO-13", "B-17")
def test_without_one_the_portal_leads_back_to_the_page_that_holds_the_card(connected: Any, sign_in: Any) -> None:
    buyer, _offer, _subscription = connected.subscribe()
    page = connected.make.page(content.new_block("stripe/portal-card", {"title": "Your membership"}))
    browser = sign_in(buyer)
    address = re.search(r'href="(/go/stripe/customer-portal[^"]*)"', browser.get(f"/{page.slug}").text)
    assert address
    assert browser.get(address[1].replace("&amp;", "&")).status_code == 303
    told = [entry for entry in connected.simulator.running.requests() if entry["path"] == SESSIONS]
    back = browser.get(told[0]["params"]["return_url"].removeprefix("http://localhost"))
    assert back.headers["Location"] == f"http://localhost/{page.slug}"


@pytest.mark.feature("SO-08")
@pytest.mark.parametrize(
    "page", ["http://example.org/", "javascript:alert(1)", "//example.org/", "https://x.example/\r\nSet-Cookie: a=b"]
)
def test_everything_else_is_refused_at_the_field_with_a_word(site: Any, page: str) -> None:
    tree = content.empty()
    tree["root"]["slots"]["main"].append(content.new_block("stripe/portal-card", {"return_page": page}))
    with pytest.raises(DocumentInvalid) as refusal:
        content.save_document("page", 1, tree, author_id=None)
    assert "return_page" in refusal.value.faults[0].path
    assert "https://" in refusal.value.faults[0].sentence


def test_a_portal_that_is_switched_off_takes_the_card_along(connected: Any) -> None:
    buyer, _offer, _subscription = connected.subscribe()
    found = connections.selling()
    portal.switch_off(found)
    db.commit()
    assert "customer-portal" not in drawn(buyer)
