"""Payment providers, media gates and settings pages that fail: each costs its own piece and nothing else."""

from __future__ import annotations

import copy
import io
import re
from dataclasses import replace
from typing import Any

import pytest
from flask_wtf import FlaskForm
from PIL import Image

from lms import db
from lms.commerce import services as commerce
from lms.content import catalog, checking, document
from lms.extend import Block, BlockForm, Plugin, Service, SettingsPage
from lms.extend.fields import PlainText
from lms.host import guard, running
from lms.media import services as media
from lms.testing.plugins import add_plugin


@pytest.fixture
def site_options() -> dict[str, Any]:
    return {"strict_plugins": "0"}


class Good(Service):
    """A provider that works."""

    kind = "payment_provider"
    name = "good"
    label = "The good bank"
    description = "It works."

    def can_sell(self, offer: Any) -> bool | str:
        return offer.kind != "free"

    def start(self, order: Any, cancel_path: str) -> str:
        return f"https://bank.example/{order.number}"


class Broken(Good):
    """A provider whose every answer fails in another way."""

    name = "broken"
    label = "The broken bank"

    def __init__(self, how: str = "raises") -> None:
        self.how = how

    def can_sell(self, offer: Any) -> bool | str:
        if self.how == "raises":
            raise RuntimeError("cannot say")
        if self.how == "exits":
            raise SystemExit(3)
        return {"answers with a list": [], "sells": True}.get(self.how, True)  # type: ignore[return-value]

    def start(self, order: Any, cancel_path: str) -> str:
        raise RuntimeError("cannot start")


class Elsewhere(Broken):
    """A provider that sends buyers to an address that is none."""

    def start(self, order: Any, cancel_path: str) -> str:
        return "javascript:alert(1)"


def bring(site: Any, *services: Service, pages: tuple[SettingsPage, ...] = ()) -> None:
    class Hostile(Plugin):
        """Hostile"""

        name = "hostile"

        def services(self) -> tuple[Service, ...]:
            return services

        def settings_pages(self) -> tuple[SettingsPage, ...]:
            return pages

    add_plugin(site.app, Hostile())


def blamed() -> set[str]:
    return {incident.piece for incident in guard.incidents() if incident.plugin == "hostile"}


def buy(browser: Any, offer: Any, provider: str) -> Any:
    page = browser.get(offer.checkout_path).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    data = {"csrf_token": token[1], "offer": offer.public_id, "provider": provider}
    return browser.post(offer.checkout_path, data=data)


@pytest.mark.parametrize("how", ["raises", "exits", "answers with a list"])
def test_a_provider_that_cannot_say_what_it_sells_leaves_the_others_to_sell(
    site: Any, make: Any, sign_in: Any, how: str
) -> None:
    bring(site, Broken(how), Good())
    offer = make.offer(make.product(make.course(lessons=1, sections=1)), kind="one_time", amount=4900)
    browser = sign_in(make.person())
    page = browser.get(offer.checkout_path)
    assert page.status_code == 200
    assert "The broken bank" not in page.text
    assert buy(browser, offer, "good").headers["Location"].startswith("https://bank.example/")


@pytest.mark.parametrize("kind", [Broken, Elsewhere])
def test_a_checkout_that_cannot_begin_says_so_and_charges_nothing(
    site: Any, make: Any, sign_in: Any, kind: Any
) -> None:
    bring(site, kind("sells"))
    offer = make.offer(make.product(make.course(lessons=1, sections=1)), kind="one_time", amount=4900)
    person = make.person()
    answer = buy(sign_in(person), offer, "broken")
    assert answer.status_code == 503
    assert "Nothing was charged" in answer.text
    assert "checkout of broken" in blamed()
    db.rollback()
    assert not commerce.orders_of(person.id), "nothing was bought"


class Gate(Service):
    """A media gate that fails."""

    kind = "media_gate"
    name = "gate"

    def may_read(self, person: Any, picture: Any) -> bool:
        raise RuntimeError("cannot say")


def test_a_media_gate_that_fails_opens_nothing(site: Any, client: Any) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (4, 4)).save(drawn, "PNG")
    drawn.seek(0)
    stored = media.store(drawn, name="a.png", actor_id=None)
    db.commit()
    bring(site, Gate())
    assert client.get(stored.path).status_code in {403, 404}
    assert "media gate" in blamed()


class BadForm(FlaskForm):
    """A form that cannot even be made."""

    def __init__(self, *args: Any, **options: Any) -> None:
        raise RuntimeError("no form")


def fails() -> Any:
    raise RuntimeError("no words")


@pytest.mark.parametrize("broken", ["form", "badge", "context"])
def test_a_settings_page_that_fails_costs_itself_only(site: Any, make: Any, sign_in: Any, broken: str) -> None:
    part = {"form": {"form": BadForm}, "badge": {"badge": fails}, "context": {"context": fails}}[broken]
    bring(site, pages=(SettingsPage(name="hostile", label="Hostile", **{"form": None, **part}),))  # type: ignore[arg-type]
    browser = sign_in(make.person(role="owner"))
    own = browser.get("/admin/settings/hostile")
    assert own.status_code == (500 if broken == "form" else 200)
    assert "Traceback" not in own.text
    assert browser.get("/admin/settings/site").status_code == 200
    assert browser.get("/admin").status_code == 200
    assert blamed()


class PieceForm(BlockForm):
    """What the second version of the block holds."""

    words = PlainText("Words", default="")


def upgrading(site: Any, upgrade: Any) -> None:
    class Hostile(Plugin):
        """Hostile"""

        name = "hostile"

        def blocks(self) -> tuple[Block, ...]:
            made = Block(name="piece", label="Piece", form=PieceForm, template="core/blocks/text.html", version=2)
            return (replace(made, upgrade=upgrade),)

    add_plugin(site.app, Hostile())


@pytest.mark.parametrize("how", ["raises", "returns a list"])
def test_a_block_that_cannot_be_brought_up_to_date_stays_as_it_was_and_the_page_is_saved(site: Any, how: str) -> None:
    upgrading(site, lambda props, version: 1 / 0 if how == "raises" else [props])
    tree = document.empty()
    stored = {"id": "abcdefgh23", "type": "hostile/piece", "v": 1, "props": {"title": {"of": "the first version"}}}
    tree["root"]["slots"]["main"] = [copy.deepcopy(stored), document.new_block("core/text", {"html": "<p>New.</p>"})]
    checked = checking.checked(tree, catalog.current())
    assert checked["root"]["slots"]["main"][0] == stored
    assert "upgrade of hostile/piece" in blamed()


def test_an_upgrade_that_hangs_is_seen_by_the_watchdog_and_changes_nothing_that_is_stored(site: Any) -> None:
    seen = []

    def upgrade(props: Any, _version: int) -> Any:
        seen.append([(one.plugin, one.piece) for one in running.everywhere()])
        props["title"]["of"] = "spoilt"
        raise RuntimeError("half way")

    upgrading(site, upgrade)
    known = catalog.current().blocks["hostile/piece"]
    stored = {"title": {"of": "the first version"}}
    assert document.upgraded(known, stored, 1) == ({"title": {"of": "the first version"}}, 1)
    assert seen == [[("hostile", "upgrade of hostile/piece")]]
