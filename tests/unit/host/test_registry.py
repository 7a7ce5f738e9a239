"""What plugins add, in order."""

from __future__ import annotations

import pytest

from lms.extend import Event, NavItem, On, Plugin, Service
from lms.host.registry import NameTaken, Registry, describe


def nav(name: str, order: int = 100) -> NavItem:
    return NavItem(name=name, label=name, href="/", icon="cube", capability="admin.enter", order=order)


def plugin(*items: NavItem, listeners: tuple[On, ...] = (), services: tuple[Service, ...] = ()) -> Plugin:
    class Made(Plugin):
        def nav_items(self) -> tuple[NavItem, ...]:
            return items

        def listeners(self) -> tuple[On, ...]:
            return listeners

        def services(self) -> tuple[Service, ...]:
            return services

    return Made()


def test_items_are_sorted_by_order_then_plugin_never_by_who_came_first() -> None:
    registry = Registry(
        [describe("zebra", plugin(nav("a"), nav("b", 5))), describe("ant", plugin(nav("z"), nav("y", 200)))]
    )
    assert [item.full_name for item in registry.items(NavItem)] == ["zebra/b", "ant/z", "zebra/a", "ant/y"]


def test_one_plugin_cannot_add_the_same_name_twice() -> None:
    with pytest.raises(NameTaken, match="ant/a"):
        Registry([describe("ant", plugin(nav("a"), nav("a")))])


def test_two_plugins_may_use_the_same_name() -> None:
    registry = Registry([describe("ant", plugin(nav("a"))), describe("bee", plugin(nav("a")))])
    assert registry.get(NavItem, "bee/a") is not None


def test_a_listener_hears_its_event_and_what_derives_from_it() -> None:
    class Base(Event):
        pass

    class Derived(Base):
        pass

    on = On(Base, print)
    registry = Registry([describe("ant", plugin(listeners=(on,)))])
    assert len(registry.listeners(Derived)) == 1
    assert registry.listeners(Event) == ()


def test_a_describe_that_fails_adds_nothing() -> None:
    class Broken(Plugin):
        def nav_items(self) -> tuple[NavItem, ...]:
            return (nav("a"),)

        def listeners(self) -> tuple[On, ...]:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        describe("broken", Broken())


def test_services_are_found_by_kind_and_name() -> None:
    class One(Service):
        kind, name = "library", "one"

    class Two(Service):
        kind, name = "library", "two"

    registry = Registry([describe("bee", plugin(services=(Two(),))), describe("ant", plugin(services=(One(),)))])
    assert [service.name for service in registry.services("library")] == ["one", "two"]
    assert registry.service("library", "two").name == "two"
    assert registry.service("library", "three") is None


def test_title_and_description_come_from_the_docstring() -> None:
    class Made(Plugin):
        """Long words.

        What it does,
        on two lines.
        """

    assert (Made.title(), Made.description()) == ("Long words", "What it does, on two lines.")
