"""A kind of item ships together with something that uses it."""

from __future__ import annotations

from functools import cache

import pytest

from lms.extend import Plugin
from lms.host import discover, load, registry
from lms.rooms import ROOMS


@cache
def described() -> tuple[registry.Contribution, ...]:
    rooms = [load.builtin(dotted) for dotted in ROOMS]
    plugins = [load.external(found.entry_point) for found in discover.found().values()]
    return tuple(registry.describe(plugin.name, plugin) for plugin in [*rooms, *plugins])


@pytest.mark.parametrize("method", registry.KINDS)
def test_every_kind_has_a_real_user(method: str) -> None:
    users = [one.name for one in described() if getattr(one.plugin, method)()]
    assert users, f"Nobody uses {method}(): a kind comes with its first use."


def test_services_have_a_real_user_of_each_sort() -> None:
    kinds = {service.kind for one in described() for service in one.services}
    assert "payment_provider" in kinds


def test_every_method_that_describes_is_asked() -> None:
    """A method of the base class that the registry does not ask would be declared in vain."""
    asked = {*registry.KINDS, "services", "blueprint"}
    others = {"on_activate", "title", "description"}
    methods = {name for name, value in vars(Plugin).items() if callable(getattr(Plugin, name)) and name[0] != "_"}
    assert methods == asked | others
