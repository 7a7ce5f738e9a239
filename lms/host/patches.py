"""A plugin must not replace what is not its own: noticed while it is imported and described, and put back.

``flask.Flask.dispatch_request = mine`` would be in every request of every app of the process, whatever the owner
switches off later; so would a function of the core, or one that SQLAlchemy calls with every statement. Only what
requests go through is looked at; Python keeps nobody from the rest.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from operator import is_
from types import FunctionType
from typing import Any

import flask
import jinja2
import sqlalchemy.orm
import werkzeug
from flask.sansio.app import App
from flask.sansio.scaffold import Scaffold
from sqlalchemy import Engine, Pool
from sqlalchemy.event import registry
from sqlalchemy.event.api import _event_key

from lms.db import session
from lms.extend import Plugin
from lms.host.checks import ContractBroken

_CLASSES: tuple[type, ...] = (
    flask.Flask,
    App,
    Scaffold,
    flask.Blueprint,
    flask.Request,
    flask.Response,
    werkzeug.Request,
    werkzeug.Response,
    jinja2.Environment,
    jinja2.Template,
    sqlalchemy.orm.Session,
    Plugin,
)
_MODULES = (builtins, flask)
"""Besides all of the core's. Of a module, functions and classes count: much else changes while it works."""
# Written by Python and SQLAlchemy themselves, whenever they like.
_MOVES = frozenset({"__abstractmethods__", "__annotations__", "__doc__", "dispatch", "_abc_impl"})
_OF_EVERYBODY: tuple[Any, ...] = (Engine, Pool, sqlalchemy.orm.Session, sqlalchemy.orm.sessionmaker, session)
"""What every statement and every transaction goes through; listeners there are called for all of them."""


@contextmanager
def refused() -> Iterator[None]:
    """Raises ``ContractBroken`` if what runs inside replaced any of those, or listens there; it is taken back."""
    before = {owner: dict(vars(owner)) for owner in (*_CLASSES, *_modules())}
    listeners = _listeners()
    replaced: list[str] = []
    try:
        yield
    finally:
        for owner, was in before.items():
            replaced += _put_back(owner, was)
        heard = [_stop(key) for key in _listeners() - listeners]
    if replaced:
        raise ContractBroken(f"it replaces {replaced[0]}, which belongs to everybody")
    if heard:
        raise ContractBroken(f"it listens to {sorted(heard)[0]}, which belongs to everybody; a plugin uses On")


def _modules() -> list[Any]:
    ours = [module for name, module in list(sys.modules.items()) if name == "lms" or name.startswith("lms.")]
    return [*_MODULES, *(module for module in ours if module is not None)]


def _put_back(owner: Any, before: dict[str, Any]) -> list[str]:
    now = vars(owner)
    # Nearly always; and this is asked of hundreds of modules for each plugin.
    if now.keys() == before.keys() and all(map(is_, now.values(), before.values())):
        return []
    if isinstance(owner, type):
        changed = [name for name in before.keys() | now.keys() if now.get(name) is not before.get(name)]
        where = f"{owner.__module__}.{owner.__qualname__}"
    else:
        changed = [name for name, value in before.items() if now.get(name) is not value and _counts(value)]
        where = owner.__name__
    found = sorted(name for name in changed if name not in _MOVES)
    for name in found:
        if name in before:
            setattr(owner, name, before[name])
        else:
            delattr(owner, name)
    return [f"{where}.{name}" for name in found]


def _counts(value: Any) -> bool:
    return isinstance(value, FunctionType | type)


def _listeners() -> set[tuple[Any, ...]]:
    """Who listens there, as SQLAlchemy keeps it; it has no public list."""
    targets = {id(one) for one in _OF_EVERYBODY}
    return {key for key in list(registry._key_to_collection) if key[0] in targets}


def _stop(key: tuple[Any, ...]) -> str:
    """Take the listener away; returns what it listened to."""
    what = str(key[1])
    target: Any = next(one for one in _OF_EVERYBODY if id(one) == key[0])
    for collection, function in registry._key_to_collection.pop(key, {}).items():
        there, listener = collection(), function()
        if there is not None and listener is not None:
            there.remove(_event_key(target, what, listener))
    kind = target if isinstance(target, type) else type(target)
    return f"{what} of {kind.__module__}.{kind.__qualname__}"
