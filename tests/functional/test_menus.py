"""Menus: entries that editors add, move and take away without a script, and what each visitor gets of them."""

from __future__ import annotations

import re

import pytest

from lms import db
from lms.pages import menus
from lms.pages import services as pages
from lms.settings import services as settings
from lms.testing.queries import Queries


@pytest.fixture
def editor(make, sign_in):
    browser = sign_in(make.person(role="editor"))

    class Editing:
        def page(self):
            return browser.get("/admin/menus").text

        def send(self, path, place="header", html="", **fields):
            html = html or self.page()
            token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html).group(1)
            seen = re.search(r'name="seen" value="([^"]*)"', html).group(1)
            data = {"csrf_token": token, f"{place}-csrf_token": token, "seen": seen, f"{place}-seen": seen}
            data |= {name if name == "to" else f"{place}-{name}": value for name, value in fields.items()}
            answer = browser.post(f"/admin/menus/{path}", data=data)
            db.rollback()
            return answer

        def add(self, label, target, place="header", **more):
            return self.send(place, place, label=label, target=target, **more)

    return Editing()


def labels(html, name="Site"):
    nav = re.search(rf'<nav[^>]*aria-label="{name}".*?</nav>', html, re.DOTALL)
    return re.findall(r">([^<>]+)</a>", nav[0]) if nav else []


def ids(place="header"):
    return [entry["id"] for entry in menus.stored(place)]


def test_pages_courses_links_and_addresses_stand_in_the_menu_for_whom_they_are(editor, make, client, sign_in):
    about = make.page(slug="about", title="About us")
    course = make.course()
    assert client.get("/about").status_code == 200
    for label, target, more in (
        ("About", f"page:{about.id}", {}),
        ("Pottery", f"course:{course.slug}", {}),
        ("Come in", "link:account/login", {}),
        ("Elsewhere", "address", {"address": "https://elsewhere.example/x"}),
    ):
        assert editor.add(label, target, **more).status_code == 303
    guest = client.get("/about")
    assert "ETag" in guest.headers
    assert labels(guest.text)[:4] == ["About", "Pottery", "Come in", "Elsewhere"]
    assert f'href="{course.path}"' in guest.text
    student = sign_in(make.person())
    assert labels(student.get("/about").text)[:3] == ["About", "Pottery", "Elsewhere"]
    assert labels(client.get("/about").text)[:3] == ["About", "Pottery", "Come in"], "nobody gets another one's page"

    pages.save_page(about.id, slug="who-we-are", title="About us", actor_id=None)
    db.commit()
    assert 'href="/who-we-are"' in client.get("/who-we-are").text
    pages.unpublish_page(about.id, actor_id=None)
    db.commit()
    assert labels(client.get("/courses").text)[:3] == ["Pottery", "Come in", "Elsewhere"]
    assert "About us" in editor.page(), "editors still see where it would lead"


def test_entries_are_moved_and_taken_away_by_buttons_and_by_a_drop(editor, client):
    for label in ("One", "Two", "Three"):
        editor.add(label, "address", address=f"/{label.lower()}")
    one, two, three = ids()
    answer = editor.send(f"header/{three}/up")
    assert answer.status_code == 303
    assert ids() == [one, three, two]
    # One goes on with the same button; where an end has none, with the other one.
    assert answer.location == f"/admin/menus#up-{three}"
    assert f'id="up-{three}"' in editor.page()
    assert editor.send(f"header/{one}/down").location == f"/admin/menus#down-{one}"
    assert ids() == [three, one, two]
    answer = editor.send(f"header/{two}/to", to=0)
    assert ids() == [two, three, one]
    assert answer.location == f"/admin/menus#down-{two}"
    html = editor.page()
    assert f'id="up-{two}"' not in html
    assert "The entry stands in place 1 of 3 now." in html
    editor.send(f"header/{two}/up")
    assert ids() == [two, three, one]
    assert labels(client.get("/courses").text)[:3] == ["Two", "Three", "One"]
    editor.send(f"header/{three}/remove")
    assert labels(client.get("/courses").text)[:2] == ["Two", "One"]
    assert editor.send(f"header/{three}/remove").status_code == 404
    assert editor.send(f"header/{one}/to", to="x").status_code == 404


def test_of_two_who_change_a_menu_at_once_the_second_is_told_and_nothing_is_lost(editor):
    old = editor.page()
    editor.add("Mine", "address", address="/mine")
    late = editor.send("header", html=old, label="Theirs", target="address", address="/theirs")
    assert late.status_code == 409
    assert "Theirs" in late.text
    assert [entry["label"] for entry in menus.stored("header")] == ["Mine"]
    editor.send(f"header/{ids()[0]}/remove", html=old)
    assert "Somebody else changed a menu meanwhile" in editor.page()
    assert len(ids()) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"label": "", "target": "address", "address": "/x"}, "Write what the entry says"),
        ({"label": "x" * 61, "target": "address", "address": "/x"}, "at most 60"),
        ({"label": "X", "target": "address", "address": ""}, "Start the address with https://"),
        ({"label": "X", "target": "address", "address": "javascript:alert(1)"}, "Start the address with https://"),
        ({"label": "X", "target": "address", "address": "//evil.example"}, "Start the address with https://"),
    ],
)
def test_what_is_wrong_with_an_entry_stands_at_its_field(editor, fields, said):
    answer = editor.send("header", **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert menus.stored("header") == []


def test_a_link_of_a_missing_plugin_is_kept_and_not_shown(editor, client):
    entry = {
        "id": "abcdefgh",
        "label": "Gone",
        "link": {"kind": "dynamic", "source": "gone", "key": "link", "args": {}},
    }
    settings.save("menus", {"header": [entry]}, actor_id=None)
    db.commit()
    assert "Gone" not in client.get("/courses").text
    assert "Gone" in editor.page()
    editor.add("More", "address", address="/more")
    assert menus.stored("header")[0] == entry


def test_what_older_settings_of_the_site_say_stays_until_a_menu_is_changed(editor, client):
    settings.save("site", {"menu": [{"label": "Old", "href": "/old"}]}, actor_id=None)
    db.commit()
    assert labels(client.get("/courses").text)[:1] == ["Old"]
    editor.add("New", "address", address="/new")
    assert labels(client.get("/courses").text)[:2] == ["Old", "New"]


def test_a_menu_costs_no_query_once_it_is_in_memory(editor, make, sign_in):
    page = make.page(slug="about", title="About us")
    course = make.course()
    browser = sign_in(make.person())

    def cost():
        browser.get("/about")
        with Queries().counted() as asked:
            browser.get("/about")
        return len(asked)

    before = cost()
    for number in range(5):
        editor.add(f"Page {number}", f"page:{page.id}")
        editor.add(f"Course {number}", f"course:{course.slug}")
    assert cost() == before


def test_students_and_strangers_cannot_change_menus(make, sign_in, client):
    assert sign_in(make.person()).get("/admin/menus").status_code == 403
    assert client.get("/admin/menus").status_code in (302, 303)
