"""Pages: addresses, states, and what visitors get."""

from __future__ import annotations

import pytest

from lms import db
from lms.audit import services as audit
from lms.content.document import empty, new_block
from lms.content.problems import DocumentInvalid
from lms.pages import reading, services


def text(words):
    tree = empty()
    tree["root"]["slots"]["main"] = [new_block("core/text", {"html": f"<p>{words}</p>"})]
    return tree


def make_page(slug="about", title="About", document=None, **more):
    page = services.create_page(slug=slug, title=title, document=document or empty(), actor_id=None, **more)
    db.commit()
    return page


def save(page, **changes):
    facts = {"slug": page.slug, "title": page.title, "document": empty(), "actor_id": None, "publish": True} | changes
    saved = services.save_page(page.id, **facts)
    db.commit()
    return saved


def state_of(page):
    return next(row.state for row in reading.list_pages().rows if row.page.id == page.id)


@pytest.mark.parametrize("slug", ["About", " about ", "/about/"])
def test_an_address_is_written_small_and_bare(site, slug):
    assert make_page(slug=slug).slug == "about"


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("", "Write an address"),
        ("a b", "small letters"),
        ("a--b", "small letters"),
        ("über", "small letters"),
        ("a/b", "small letters"),
        ("x" * 81, "at most 80"),
        ("login", "The site itself uses /login"),
        ("admin", "The site itself uses /admin"),
        ("static", "The site itself uses /static"),
        ("go", "The site itself uses /go"),
        ("taken", "The page “First” has the address /taken"),
    ],
)
def test_an_address_that_cannot_be_had_is_refused_with_the_reason(site, slug, words):
    make_page(slug="taken", title="First")
    with pytest.raises(services.SlugRefused, match=words):
        make_page(slug=slug)


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_a_title_is_needed_and_has_an_end(site, title):
    with pytest.raises(services.TitleRefused):
        make_page(title=title)


def test_a_page_keeps_its_own_address_when_saved(site):
    page = make_page()
    assert save(page, title="About us").title == "About us"


def test_a_refused_document_changes_nothing_of_the_page(site):
    page = make_page()
    with pytest.raises(DocumentInvalid):
        save(page, title="New", document={})
    db.rollback()
    assert reading.page(page.id).title == "About"


def test_states_of_a_page(site):
    page = make_page(publish=False)
    assert state_of(page) == "draft"
    save(page, document=text("one"))
    assert state_of(page) == "published"
    save(page, document=text("two"), publish=False)
    assert state_of(page) == "changed"
    save(page, document=text("two"))
    assert state_of(page) == "published"
    services.unpublish_page(page.id, actor_id=None)
    assert state_of(page) == "draft"


def test_a_draft_is_no_public_page(site):
    make_page(publish=False)
    assert reading.public_page("about") is None


def test_a_page_that_was_unpublished_comes_back_with_its_document(site):
    page = make_page(document=text("one"))
    services.unpublish_page(page.id, actor_id=None)
    save(page, document=text("one"))
    assert reading.public_page("about") is not None


def test_an_old_address_leads_to_the_page_until_another_page_takes_it(site):
    page = make_page(slug="old")
    save(page, slug="new")
    assert reading.page_that_was_at("old").slug == "new"
    make_page(slug="old", title="Another")
    assert reading.public_page("old").page.title == "Another"


def test_a_page_can_go_back_to_its_old_address(site):
    page = make_page(slug="old")
    moved = save(page, slug="new")
    save(moved, slug="old")
    assert reading.public_page("old").page.id == page.id
    assert reading.page_that_was_at("new").id == page.id


def test_the_address_of_a_draft_is_not_kept(site):
    page = make_page(slug="old", publish=False)
    save(page, slug="new")
    assert reading.page_that_was_at("old") is None


def test_a_deleted_page_takes_its_document_and_addresses_along(site):
    page = make_page(slug="old")
    save(page, slug="new")
    services.delete_page(page.id, actor_id=None)
    db.commit()
    assert reading.page(page.id) is None
    assert reading.page_that_was_at("old") is None
    with pytest.raises(services.PageMissing):
        services.delete_page(page.id, actor_id=None)


def test_changes_are_recorded(site):
    page = make_page()
    save(page, slug="about-us")
    services.unpublish_page(page.id, actor_id=7)
    actions = [entry.action for entry in audit.entries(subject=f"page/{page.id}")]
    assert actions == ["pages.unpublished", "pages.saved", "pages.published", "pages.created"]


def test_the_list_is_searched_and_counted(site):
    make_page(slug="about", title="About this school")
    make_page(slug="terms", title="Terms", publish=False)
    found = reading.list_pages(search="SCHOOL")
    assert [row.page.slug for row in found.rows] == ["about"]
    assert (found.published, found.drafts) == (1, 1)
    assert [row.page.slug for row in reading.list_pages(status="draft").rows] == ["terms"]
    assert reading.list_pages(search="100%").rows == ()


def test_a_long_list_comes_in_parts_by_key(site, both_databases):
    for number in range(60):
        make_page(slug=f"page-{number}", title=f"Same {number % 2}")
    first = reading.list_pages()
    second = reading.list_pages(after=first.after)
    slugs = [row.page.slug for row in (*first.rows, *second.rows)]
    assert len(slugs) == len(set(slugs)) == 60
    assert second.after is None


@pytest.mark.parametrize("number", [2, 40])
def test_the_list_costs_the_same_for_any_number_of_pages(site, queries, number):
    for index in range(number):
        make_page(slug=f"page-{index}")
    db.commit()
    with queries.at_most(4):
        reading.list_pages()
