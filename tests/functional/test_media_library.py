"""The media library as editors use it: upload, describe, replace, where a file stands, and sizes for browsers."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from lms import db
from lms.content.document import new_block
from lms.media import files
from lms.media import services as media


def picture(size=(2000, 1000), form="JPEG", colour="teal", **options):
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, form, **options)
    stream.seek(0)
    return stream


@pytest.fixture
def editor(make, sign_in):
    return sign_in(make.person(role="editor"))


def send(browser, path, page="/admin/media", **fields):
    html = browser.get(page).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html).group(1)
    answer = browser.post(path, data={"csrf_token": token, **fields}, content_type="multipart/form-data")
    db.rollback()
    return answer


def only():
    ((_id, view),) = media.newest()
    return view


def stored(**options):
    kept = media.store(picture(**options), name="kiln.jpg", actor_id=None, alt="A kiln", visibility="public")
    db.commit()
    return kept


def test_a_picture_needs_words_and_is_found_by_them(editor):
    refused = send(editor, "/admin/media", file=(picture(), "kiln.jpg"))
    assert refused.status_code == 422
    assert "Say what the picture shows." in refused.text
    assert media.newest() == ()

    assert send(editor, "/admin/media", file=(picture(), "kiln.jpg"), alt="A hot kiln", public="y").status_code == 303
    found = only()
    assert (found.alt, found.visibility) == ("A hot kiln", "public")
    for asked, is_there in (("KILN", True), ("hot", True), ("100%", False), ("boat", False)):
        assert (f"/admin/media/{found.key}" in editor.get("/admin/media", query_string={"q": asked}).text) is is_there
    page = f"/admin/media/{found.key}"
    assert send(editor, page, page, alt="", focus="top").status_code == 422
    assert send(editor, page, page, alt="A kiln", focus="nowhere").status_code == 422
    assert send(editor, page, page, alt="A kiln", focus="top-left").status_code == 303
    assert (only().alt, only().focus) == ("A kiln", "top-left")


def test_browsers_get_a_picture_by_width_and_nobody_can_ask_for_any_width(site, client):
    kept = stored()
    assert kept.srcset == (f"{kept.path}/480 480w, {kept.path}/960 960w, {kept.path}/1600 1600w, {kept.path} 2000w")
    for asked, width in ((480, 480), (1600, 1600), (481, 2000), (5000, 2000), (480, 480)):
        answer = client.get(f"{kept.path}/{asked}", buffered=True)
        with Image.open(io.BytesIO(answer.data)) as shown:
            assert (shown.width, shown.format, dict(shown.getexif())) == (width, "JPEG", {})
    assert len(list(files.sized(kept.key, 480, kept.digest).parent.iterdir())) == 2
    assert stored(size=(300, 200)).srcset == ""
    media.set_visibility(kept.key, "private", actor_id=None)
    db.commit()
    assert client.get(f"{kept.path}/480").status_code == 404


def test_another_picture_takes_the_same_address_with_its_sizes(editor, client):
    kept = stored()
    client.get(f"{kept.path}/480", buffered=True)
    page = f"/admin/media/{kept.key}"
    for file, name, status in (
        (io.BytesIO(b"%PDF-1.7"), "book.pdf", 415),
        (io.BytesIO(b"<svg onload='alert(1)'/>"), "x.svg", 415),
        (io.BytesIO(b"\xff\xd8\xff broken"), "x.jpg", 422),
    ):
        assert send(editor, f"{page}/replace", page, file=(file, name)).status_code == status
        assert (only().digest, only().name) == (kept.digest, "kiln.jpg")
    assert client.get(kept.path, buffered=True).status_code == 200
    answer = send(editor, f"{page}/replace", page, file=(picture((600, 600), "PNG", "red"), "red.png"))
    assert answer.status_code == 303
    new = only()
    assert (new.key, new.name, new.type, new.alt, new.width) == (kept.key, "red.png", "image/png", "A kiln", 600)
    for path, width in ((kept.path, 600), (f"{kept.path}/480", 480)):
        with Image.open(io.BytesIO(client.get(path, buffered=True).data)) as shown:
            assert (shown.width, shown.convert("RGB").getpixel((0, 0))) == (width, (255, 0, 0))
    assert not files.sized(kept.key, 480, kept.digest).exists()


def test_a_file_tells_where_it_stands_and_a_page_draws_it_in_sizes(editor, client, make):
    kept = stored()
    media.describe(kept.key, alt="A kiln", focus="bottom", actor_id=None)
    block = new_block("core/image", {"media": {"key": kept.key, "alt": "A kiln"}, "shape": "cover"})
    make.page(block, slug="kilns", title="Our kilns")
    html = editor.get(f"/admin/media/{kept.key}").text
    assert "Our kilns" in html
    assert "It is used in one place" in html
    shown = client.get("/kilns").text
    assert f'srcset="{kept.srcset}"' in shown
    assert 'data-focus="bottom"' in shown
    unused = stored()
    assert "Nowhere: no page and no lesson shows it." in editor.get(f"/admin/media/{unused.key}").text


@pytest.mark.parametrize(
    ("content", "kind", "status", "visibility"),
    [
        (picture().getvalue(), "page", 200, "public"),
        (picture().getvalue(), "lesson", 200, "private"),
        (b"%PDF-1.7", "page", 415, None),
        (b"<svg/>", "page", 415, None),
        (b"\xff\xd8\xff broken", "page", 422, None),
    ],
)
def test_the_editor_uploads_pictures_only_and_those_of_lessons_stay_private(editor, content, kind, status, visibility):
    answer = send(editor, "/admin/media/upload", file=(io.BytesIO(content), "kiln.jpg"), **{"for": kind})
    assert answer.status_code == status
    if visibility:
        assert only().visibility == visibility
        assert answer.json["key"] == only().key
    else:
        assert answer.json["sentence"]
        assert media.newest() == ()


def test_a_student_has_no_library(make, sign_in):
    student, kept = sign_in(make.person()), stored()
    for path in ("/admin/media", f"/admin/media/{kept.key}"):
        assert student.get(path).status_code == 403
