"""The sample site's own data: people, one course, a product with two offers, pages. Made once, through services."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from sqlalchemy import func, select

from lms.access import services as access
from lms.accounts import passwords
from lms.accounts import services as accounts
from lms.accounts.models import Person
from lms.app import create_app
from lms.cli.database import upgrade_all
from lms.commerce import services as commerce
from lms.courses import services as courses
from lms.db import session, writes
from lms.host import activate
from lms.host.config import load
from lms.media import services as media
from lms.pages import services as pages
from lms.sample import letters, picture
from lms.sample import site as words
from lms.settings import services as settings

PLUGINS = ("stripe", "stripe_simulator")
# The sample site listens on this machine only; its passwords are printed and open nothing else.
PEOPLE = {
    "owner": ("Margaret Ellis", "owner@longtable.example", "porch-owner", ("owner",)),
    "editor": ("Daniel Okoye", "editor@longtable.example", "porch-editor", ("editor",)),
    "student": ("Ana Duarte", "student@longtable.example", "porch-student", ("student",)),
    "subscriber": ("Ben Adler", "subscriber@longtable.example", "porch-subscriber", ("student",)),
}


def ensure() -> dict[str, Any]:
    """Migrate, switch the plugins on, make the sample if it is not there; returns people and pages for the demo."""
    config = load()
    upgrade_all(config)
    app = create_app(config)
    with app.app_context(), app.test_request_context():
        active = set(activate.active_names())
        for name in PLUGINS:
            if name not in active:
                activate.activate(name)
    app = create_app(config)
    with app.app_context(), app.test_request_context():
        if not session.scalar(select(func.count()).select_from(Person)):
            make()
    people = {role: {"email": email, "password": password} for role, (_, email, password, _) in PEOPLE.items()}
    return {"people": people, "pages": {"manage": "/manage-subscription"}}


def make() -> None:
    """People, course, product, offers and pages, in one unit of work."""
    hashes = {role: passwords.hash_password(password) for role, (_, _, password, _) in PEOPLE.items()}
    with writes():
        made = {
            role: accounts.create_person(email=email, name=name, password_hash=hashes[role], roles=roles, verified=True)
            for role, (name, email, _, roles) in PEOPLE.items()
        }
        owner_id = made["owner"].id
        _make_course(owner_id)
        _make_pages(owner_id)


def _make_course(owner_id: int) -> None:
    made = letters.make(courses, actor_id=owner_id)
    product = access.create_product(slug="letters", name=words.PRODUCT, items=[("course", made.id)], actor_id=owner_id)
    commerce.create_offer(product_id=product.id, kind="one_time", amount=4900, currency="eur", actor_id=owner_id)
    commerce.create_offer(
        product_id=product.id, kind="subscription", amount=900, currency="eur", interval="month", actor_id=owner_id
    )


def _make_pages(owner_id: int) -> None:
    # Kept in the same unit of work, though it takes a moment: nobody else writes while the sample is made.
    hero = media.store(
        BytesIO(picture.draw()), name=picture.NAME, alt=picture.ALT, visibility="public", actor_id=owner_id
    )
    for slug, title, document in words.documents(hero.key):
        pages.create_page(slug=slug, title=title, document=document, actor_id=owner_id, publish=True)
    settings.save("site", words.SETTINGS, actor_id=owner_id)
