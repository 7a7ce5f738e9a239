"""Pages in the browser of a visitor and of an editor."""

from __future__ import annotations

import re

import pytest

from lms import db
from lms.content.document import empty, new_block
from lms.pages import reading, services


def document(*blocks):
    tree = empty()
    tree["root"]["slots"]["main"] = list(blocks)
    return tree


def words(text):
    return document(new_block("core/text", {"html": f"<p>{text}</p>"}))


def make_page(slug, title="A page", tree=None, **more):
    page = services.create_page(slug=slug, title=title, document=tree or words("Hello."), actor_id=None, **more)
    db.commit()
    return page


@pytest.fixture
def editor(make, sign_in):
    return sign_in(make.person(role="editor"))


def form_of(browser, path):
    """What the form holds, ready to be sent again."""
    page = browser.get(path).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    return {"csrf_token": token}


def send(browser, path, **values):
    return browser.post(path, data=form_of(browser, path) | values)


def test_the_home_page_is_the_one_that_the_settings_name(client):
    make_page("home", "Welcome", words("Long table."))
    answer = client.get("/")
    assert answer.status_code == 200
    assert "<p>Long table.</p>" in answer.text


def test_without_a_home_page_visitors_find_the_way_to_the_courses(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert 'href="/courses"' in answer.text


def test_the_home_page_has_one_address(client):
    make_page("home")
    answer = client.get("/home")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_page_shows_its_title_once(client):
    make_page("about", "About us")
    make_page("letters", "Letters", document(new_block("core/heading", {"text": "Write it once", "level": 1})))
    assert len(re.findall("<h1[^>]*>About us</h1>", client.get("/about").text)) == 1
    assert re.findall("<h1[^>]*>([^<]*)</h1>", client.get("/letters").text) == ["Write it once"]


@pytest.mark.parametrize("path", ["/nowhere", "/waiting"])
def test_what_is_not_there_or_not_published_is_a_plain_404(client, path):
    make_page("waiting", publish=False)
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is no page at this address." in answer.text


def test_an_old_address_leads_to_the_page(client):
    page = make_page("old")
    services.save_page(page.id, slug="new", title="A page", document=words("a"), actor_id=None, publish=True)
    db.commit()
    assert client.get("/old").headers["Location"] == "/new"


def test_publishing_shows_at_once_to_guests_who_had_the_page_from_memory(client):
    page = make_page("about", tree=words("before"))
    assert "before" in client.get("/about").text
    services.save_page(page.id, slug="about", title="A page", document=words("after"), actor_id=None, publish=True)
    db.commit()
    assert "after" in client.get("/about").text


@pytest.mark.parametrize("blocks", [1, 200])
def test_a_page_costs_a_guest_two_queries_and_from_memory_none(client, queries, blocks):
    make_page("about", tree=document(*[new_block("core/heading", {"text": f"H {n}"}) for n in range(blocks)]))
    client.get("/")
    with queries.at_most(2):
        client.get("/about")
    with queries.at_most(0):
        client.get("/about")


def test_a_page_costs_somebody_signed_in_the_session_and_one_query(editor, queries):
    make_page("about")
    editor.get("/about")
    with queries.at_most(2):
        editor.get("/about")


def test_a_page_for_guests_sets_no_cookie(client):
    make_page("about")
    answer = client.get("/about")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"].startswith("public")


@pytest.mark.feature("TA-16")
@pytest.mark.parametrize("role", ["student", None])
@pytest.mark.parametrize("path", ["/admin/pages", "/admin/pages/new"])
def test_only_editors_get_to_the_pages_of_the_admin(make, sign_in, client, role, path):
    browser = sign_in(make.person(role=role)) if role else client
    assert browser.get(path).status_code == (403 if role else 303)


@pytest.mark.feature("TA-16")
@pytest.mark.parametrize("role", ["owner", "creator", "editor"])
def test_the_list_names_each_page_with_its_edit_link(make, sign_in, role):
    make_page("manage", "Manage your subscription", publish=False)
    page = sign_in(make.person(role=role)).get("/admin/pages").text
    assert 'aria-label="Edit Manage your subscription"' in page
    assert "/manage" in page
    assert "Draft" in page


def test_an_empty_list_says_what_to_do(editor):
    assert "No pages yet." in editor.get("/admin/pages").text


def test_a_new_page_is_an_empty_draft_that_is_edited_next(editor, client):
    answer = send(editor, "/admin/pages/new", title="About us", slug="about")
    assert answer.status_code == 303
    assert re.fullmatch(r"/admin/pages/\d+/edit", answer.headers["Location"])
    assert client.get("/about").status_code == 404
    assert editor.get(answer.headers["Location"]).status_code == 200


def test_title_and_address_count_at_once_and_leave_the_document_alone(editor, client):
    page = make_page("about", tree=words("old words"))
    path = f"/admin/pages/{page.id}"
    assert send(editor, path, title="About us", slug="about-us").status_code == 303
    assert "Title and address are saved." in editor.get(path).text
    assert client.get("/about").headers["Location"] == "/about-us"
    shown = client.get("/about-us").text
    assert "old words" in shown
    assert "About us" in shown


MISTAKES = [
    ({"title": ""}, "Write a title."),
    ({"slug": "admin"}, "The site itself uses /admin"),
    ({"slug": "A B"}, "small letters, digits"),
]


@pytest.mark.parametrize(("change", "told"), MISTAKES)
def test_a_mistake_is_told_and_nothing_typed_is_lost(editor, change, told):
    typed = {"title": "My title", "slug": "my-page"} | change
    answer = send(editor, "/admin/pages/new", **typed)
    assert answer.status_code == 422
    assert told in answer.text
    for name in typed.keys() - change.keys():
        assert f'value="{typed[name]}"' in answer.text
    assert reading.list_pages().rows == ()


def test_a_mistake_changes_nothing_of_a_page_that_is_out(editor, client):
    page = make_page("about", tree=words("old words"))
    assert send(editor, f"/admin/pages/{page.id}", title="New", slug="admin").status_code == 422
    assert "old words" in client.get("/about").text


def test_a_page_is_taken_away_from_visitors_and_stays_for_editors(editor, client):
    page = make_page("about")
    path = f"/admin/pages/{page.id}"
    assert editor.post(f"{path}/unpublish", data=form_of(editor, path)).status_code == 303
    assert client.get("/about").status_code == 404
    assert "A draft: visitors do not see it." in editor.get(path).text


@pytest.mark.parametrize("path", ["/admin/pages/999", "/admin/pages/999/unpublish"])
def test_a_page_that_does_not_exist_is_told(editor, path):
    data = form_of(editor, "/admin/pages/new")
    assert editor.post(path, data=data).status_code == 404


def test_a_form_from_elsewhere_is_refused(editor):
    assert editor.post("/admin/pages/new", data={"title": "x", "slug": "x"}).status_code == 400


def test_what_editors_write_is_no_markup_in_the_admin(editor):
    make_page("about", "<script>alert(1)</script>")
    assert "<script>alert" not in editor.get("/admin/pages").text
