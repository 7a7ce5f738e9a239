"""The sample site as its visitors see it."""

from __future__ import annotations

import re
from io import BytesIO

from flask.testing import FlaskClient
from markupsafe import Markup
from PIL import Image

from lms.base import clock
from lms.content import render, services
from lms.content.document import blocks
from lms.demo import sample
from lms.extend import RenderContext
from lms.pages import reading
from lms.sample import picture
from lms.testing.sites import TestSite


def test_a_guest_sees_the_drawn_picture_on_the_home_page(site: TestSite, client: FlaskClient) -> None:
    sample.make()
    site.commit()
    home = client.get("/").text
    shown = re.search(r'<img class="cover" src="([^"]+)"[^>]* alt="([^"]+)" width="1600" height="1067">', home)
    assert shown is not None
    assert shown[2] == picture.ALT
    with client.get(shown[1]) as answer:
        assert answer.status_code == 200
        assert Image.open(BytesIO(answer.data)).size == (1600, 1067)
        # It is the largest thing that a visitor's first page brings.
        assert len(answer.data) < 120_000


def test_every_sample_page_opens_in_the_editor_and_looks_there_as_it_is(site, make, sign_in) -> None:
    sample.make()
    site.commit()
    editor = sign_in(make.person(role="editor"))
    listed = reading.list_pages().rows
    assert len(listed) == 3
    for row in listed:
        assert editor.get(f"/admin/pages/{row.page.id}/edit").status_code == 200
        shown = editor.get(f"/admin/editor/page/{row.page.id}/canvas").text
        tree = services.published_tree("page", row.page.id)
        for node in list(blocks(tree["root"]))[1:]:
            assert shown.count(f'data-block="{node["id"]}"') == 1
        # Links that are not for everybody, and cards that are about the reader, are drawn for editors only.
        ctx = RenderContext(person=None, now=clock.now(), path=row.page.path, owner=row.page)
        drawn = words(shown)
        for each in words(render.tree_html(tree, ctx).html):
            assert any(one.startswith(each) for one in drawn), each


def words(html: str) -> list[str]:
    """What stands in paragraphs and headings."""
    return [Markup(each).striptags() for each in re.findall(r"<(?:p|h\d)[^>]*>(.*?)</(?:p|h\d)>", html, re.DOTALL)]


def test_the_picture_is_the_same_whenever_it_is_drawn() -> None:
    assert picture.draw() == picture.draw()
