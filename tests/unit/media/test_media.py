from __future__ import annotations

import io
import os
import time
from typing import Any

import pytest
from PIL import Image

from lms import db
from lms.base.problem import NotFound, Problem
from lms.media import files, kinds
from lms.media import services as media


def picture(form: str = "JPEG", size: tuple[int, int] = (40, 20), **options: Any) -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", size, "teal").save(stream, form, **options)
    stream.seek(0)
    return stream


def located() -> io.BytesIO:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = "a note about the owner"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0)})
    return picture(exif=exif)


def store(stream: Any, name: str = "photo.jpg", **options: Any) -> media.MediaView:
    kept = media.store(stream, name=name, actor_id=1, **options)
    db.commit()
    return kept


def test_a_picture_keeps_neither_place_nor_notes_and_stands_upright(site):
    kept = store(located())
    with Image.open(files.path(kept.key)) as drawn:
        assert (dict(drawn.getexif()), drawn.size, (kept.width, kept.height)) == ({}, (20, 40), (20, 40))
    assert b"a note" not in files.path(kept.key).read_bytes()


def test_the_original_of_a_picture_survives(site):
    sent = located()
    kept = store(sent)
    assert files.original(kept.key).read_bytes() == sent.getvalue()


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("BMP", "image/png"),
        ("TIFF", "image/png"),
        ("AVIF", "image/webp"),
    ],
)
def test_pictures_of_every_accepted_kind_are_drawn_anew(site, form, kind):
    assert store(picture(form)).type == kind


def test_a_moving_picture_goes_on_moving(site):
    stream = io.BytesIO()
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "teal", "white")]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=90)
    stream.seek(0)
    with Image.open(files.path(store(stream, "moves.gif").key)) as drawn:
        assert drawn.n_frames == 3


def test_a_large_picture_is_made_smaller(site):
    kept = store(picture(size=(5200, 100)))
    assert (kept.width, kept.height) == (2560, 49)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"PK\x03\x04....", "application/zip"),
        (b"WEBVTT\n\n00:01", "text/vtt"),
        (b"\x00\x00\x00\x20ftypisom....", "video/mp4"),
        (b"\x1aE\xdf\xa3....", "video/webm"),
        (b"just words, with an arrow <- here", "text/plain"),
        ("żółw".encode() * 900, "text/plain"),
        (b"<!doctype html><script>alert(1)</script>", "text/html"),
        (b"   <p onclick=alert(1)>hi</p>", "text/html"),
        (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "image/svg+xml"),
        (b"MZ\x90\x00\x03\x00", None),
        (b"\x00\x00\x00\x18ftypheic....", None),
        (b"", None),
    ],
)
def test_the_content_decides_what_a_file_is(content, kind):
    assert kinds.of(content) == kind


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"<script>alert(1)</script>", "holiday.jpg", 415),
        (b"\x7fELF\x00\x00", "program", 415),
        (b"\xff\xd8\xff" + b"broken" * 50, "broken.jpg", 422),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 30, "broken.png", 422),
    ],
)
def test_what_is_not_accepted_leaves_nothing_behind(site, content, name, status):
    with pytest.raises(Problem) as refusal:
        store(io.BytesIO(content), name)
    left = [file for file in (site.config.instance / "media").rglob("*") if file.is_file()]
    assert (refusal.value.status, left, media.newest()) == (status, [], ())


def test_a_picture_that_would_unfold_to_gigabytes_is_refused(site):
    bomb = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG")
    bomb.seek(0)
    with pytest.raises(Problem) as refusal:
        store(bomb, "bomb.png")
    assert refusal.value.status == 413


def test_a_file_beyond_the_limit_is_refused(site, monkeypatch):
    monkeypatch.setattr(media, "MAX_FILE", 10)
    with pytest.raises(Problem) as refusal:
        store(io.BytesIO(b"%PDF-1.7 and more"), "long.pdf")
    assert refusal.value.status == 413


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a b.jpg", "a b.jpg"),
        ("صورة 100%_'\".jpg", "صورة 100%_'\".jpg"),
        ("a\r\nSet-Cookie: x.jpg", "a Set-Cookie: x.jpg"),
        ("", "file"),
    ],
)
def test_a_name_is_kept_for_people_and_is_no_path(site, sent, kept):
    assert store(picture(), sent).name == kept


def test_keys_are_not_names_and_cannot_be_guessed(site):
    first, second = store(picture()), store(picture())
    assert first.key != second.key
    assert len(first.key) >= 22


def test_a_file_is_private_unless_somebody_says_otherwise(site, both_databases):
    kept = store(picture())
    assert media.view(kept.key).visibility == "private"
    media.set_visibility(kept.key, "public", actor_id=1)
    assert media.view(kept.key).visibility == "public"


def test_a_file_that_is_not_there_cannot_be_changed(site):
    with pytest.raises(NotFound):
        media.set_visibility("nothing", "public", actor_id=1)


def test_several_files_are_found_with_one_query(site, queries):
    keys = [store(picture()).key for _ in range(3)]
    with queries.at_most(1):
        assert set(media.views([*keys, "unknown"])) == set(keys)


def test_bytes_that_no_row_names_are_deleted_after_a_day(site):
    gone, kept = store(picture()), store(picture())
    media.delete_file(gone.key, actor_id=1)
    db.commit()
    assert media.clean() == 0
    assert media.clean(time.time() + 2 * 86400) == 1
    assert (files.path(gone.key).exists(), os.path.exists(files.path(kept.key))) == (False, True)
