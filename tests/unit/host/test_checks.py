"""What a plugin describes is looked at before anything of it is used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField

from lms.extend import Block, BlockForm, DynamicLink, Job, NavItem, Plugin, Service, SettingsPage, Slot
from lms.host import checks, discover, load, registry
from lms.host.checks import ContractBroken
from lms.host.registry import NameTaken, Registry, describe


def plugin(kind: str, returned: Any) -> Plugin:
    return type("Made", (Plugin,), {kind: lambda self: returned})()


def nav(**facts: Any) -> NavItem:
    return NavItem(**{"name": "a", "label": "A", "href": "/a", "icon": "cube", "capability": "admin.enter", **facts})


class Impostor(Service):
    kind, name = "person_loader", "mine"


class Half(Service):
    kind, name = "payment_provider", "half"


class Loud(Service):
    kind, name, order = "media_gate", "loud", "first"  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("kind", "returned", "words"),
    [
        ("nav_items", nav(), r"nav_items\(\) must return a tuple of NavItem"),
        ("nav_items", None, r"nav_items\(\) must return a tuple"),
        ("nav_items", "abc", r"nav_items\(\) must return a tuple"),
        ("nav_items", ("abc",), "returned a str, expected was NavItem"),
        ("slots", (nav(),), "returned a NavItem, expected was Slot"),
        ("nav_items", (nav(label=5),), "NavItem a: label cannot be 5, expected was words"),
        ("nav_items", (nav(name=""),), "is no name"),
        ("nav_items", (nav(name="a\nb"),), "is no name"),
        ("nav_items", (nav(order="first"),), "order cannot be 'first', expected was int"),
        ("nav_items", (nav(order=True),), "order cannot be True"),
        ("nav_items", (nav(href="javascript:alert(1)"),), "must be a path of this site"),
        ("slots", (Slot(name="a", place="b", render="c"),), "render cannot be 'c', expected was a function"),  # type: ignore[arg-type]
        ("jobs", (Job(name="a", run=print, every=60),), "every cannot be 60"),  # type: ignore[arg-type]
        ("jobs", (Job(name="a", run=print, every=timedelta(0)),), "every must be at least 1 s"),
        ("jobs", (Job(name="a", run=print, lease=timedelta(0)),), "must leave it time to run"),
        ("jobs", (Job(name="a", run=print, time_limit=timedelta(seconds=-1)),), "must leave it time to run"),
        ("jobs", (Job(name="a", run=print, max_attempts=0),), "must leave it time to run"),
        ("nav_items", (nav(href="//elsewhere.example/"),), "must be a path of this site"),
        ("services", (Loud(),), "the order of Loud cannot be 'first'"),
        ("blocks", (Block(name="a", label="A", form=Form, template="a.html"),), "form cannot be"),  # type: ignore[arg-type]
        ("dynamic_links", (DynamicLink(name="a", label="A", available=bool, states=(1,)),), "states cannot be"),  # type: ignore[arg-type]
        ("services", (5,), "returned a int, expected was a Service"),
        ("services", (Impostor(),), "no plugin can be a service of the kind person_loader"),
        ("services", (Half(),), "lacks something that a PaymentProvider has"),
    ],
)
def test_what_nobody_can_use_is_named(kind: str, returned: Any, words: str) -> None:
    with pytest.raises(ContractBroken, match=words):
        describe("made", plugin(kind, returned))


@pytest.mark.parametrize("name", ["we/ird", "<x", "a b", "a-b", "", "9"])
def test_what_no_address_and_no_table_can_begin_with_is_no_name_of_a_plugin(name: str) -> None:
    with pytest.raises(ContractBroken, match="is no name for a plugin"):
        checks.name_of(name)


def test_a_list_of_what_fits_is_fine() -> None:
    items = [nav(label=_l("Books")), nav(name="b", order=-1)]
    assert len(describe("made", plugin("nav_items", items)).items) == 2


def test_what_a_plugin_adds_is_its_own_whatever_it_says() -> None:
    (item,) = describe("made", plugin("nav_items", (nav(plugin="core"),))).items
    assert item.full_name == "made/a"


class BadChoices(BlockForm):
    size = SelectField(choices=5)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (Block(name="card", label="Card", form=BadChoices, template="a.html"), "the form of card cannot be built"),
        (nav(label=_l("%(name)s", nome="x")), "NavItem a: label cannot be read"),
    ],
)
def test_labels_and_forms_are_tried_once(site: Any, item: Any, words: str) -> None:
    with pytest.raises(ContractBroken, match=words):
        checks.look_closer((item,))


SETTINGS = SettingsPage(name="site", label="Site", form=None)
LINK = DynamicLink(name="login", source="account", label="Sign in", available=bool)


@pytest.mark.parametrize(
    ("kind", "item", "words"),
    [
        ("settings_pages", SETTINGS, "there is a settings page called site already, of room"),
        ("dynamic_links", LINK, "there is a dynamic link called account/login already, of room"),
    ],
)
def test_a_name_that_is_one_for_the_site_belongs_to_who_came_first(kind: str, item: Any, words: str) -> None:
    room, second = describe("room", plugin(kind, (item,))), describe("made", plugin(kind, (item,)))
    with pytest.raises(NameTaken, match=words) as raised:
        Registry([room, second])
    assert raised.value.plugin == "made"


@pytest.mark.parametrize("name", ["room", "core", "theme"])
def test_a_plugin_cannot_be_called_like_the_core(name: str) -> None:
    room, second = describe("room", plugin("slots", ())), describe(name, plugin("slots", ()))
    with pytest.raises(NameTaken, match="belongs to the core"):
        Registry([room, second])


def test_every_plugin_of_ours_fits(site: Any) -> None:
    for name, found in discover.found().items():
        contribution = describe(name, load.external(found.entry_point))
        checks.look_closer(contribution.items)


@pytest.mark.parametrize("kind", [kind for kind in registry.KINDS if kind != "sealed_columns"])
def test_every_room_fits_its_own_contract(site: Any, kind: str) -> None:
    for room in site.app.extensions["lms_registry"].plugins.values():
        checks.items_of(room, kind)
