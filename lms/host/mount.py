"""A plugin's blueprint in the app: tried on a scratch app first, then registered, then contained.

What a blueprint may do is answer at its own addresses. Flask lets it do more (``before_app_request``, ``record``, …);
that would be a hand in every page of the site, so a plugin that tries is not loaded, and its owner reads why.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import flask.signals
from blinker import Signal
from flask import Blueprint, Flask, Response, current_app, request
from flask_babel import gettext as _
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from lms.base.problem import Problem
from lms.db import rollback
from lms.host import guard
from lms.host.checks import ContractBroken

# Registries of an app that hold a function for everybody under the key None, and how a blueprint gets in there.
_APP_WIDE = {
    "before_request_funcs": "before_app_request",
    "after_request_funcs": "after_app_request",
    "teardown_request_funcs": "teardown_app_request",
    "template_context_processors": "app_context_processor",
    "url_value_preprocessors": "app_url_value_preprocessor",
    "url_default_functions": "app_url_defaults",
    "error_handler_spec": "app_errorhandler",
}
_OF_TEMPLATES = {"filters": "app_template_filter", "tests": "app_template_test", "globals": "app_template_global"}
_LISTS = ("teardown_appcontext_funcs", "shell_context_processors", "url_build_error_handlers")
_SIGNALS = {name: value for name, value in vars(flask.signals).items() if isinstance(value, Signal)}

_ANSWERS = (Problem, HTTPException)
# A database that is away is nobody's fault here; the web layer answers 503.
_AWAY = (OperationalError, InterfaceError)


class PieceBroke(Problem):
    """A plugin failed at an address of its own: that page is an error, and no other."""

    status = 500

    def __init__(self) -> None:
        super().__init__(
            _("This page does not work at the moment."),
            next_step=_("The rest of the site does. Try again later; if it stays like this, tell the school."),
        )


def mount(app: Flask, name: str, blueprint: Any, is_declared: Callable[[Any], bool]) -> None:
    """Register the plugin's blueprint below ``/ext/<name>``, each of its functions contained.

    ``is_declared`` tells whether a view says who may see it. Raises ``ContractBroken``, or whatever the blueprint
    raises; then the app is as it was.
    """
    if not isinstance(blueprint, Blueprint):
        raise ContractBroken(f"blueprint() returned a {type(blueprint).__name__}, expected was a Blueprint or None")
    if blueprint.name != name:
        raise ContractBroken(f"its blueprint must be called {name}, not {blueprint.name}")
    _listens_to_nobody(blueprint.import_name.partition(".")[0])
    _try(app, name, blueprint, is_declared)
    app.register_blueprint(blueprint, url_prefix=f"/ext/{name}")
    _contain(app, name)


def _try(app: Flask, name: str, blueprint: Blueprint, is_declared: Callable[[Any], bool]) -> None:
    """Register on an app that nobody uses, and look at what it did there."""
    scratch = Flask(app.import_name, root_path=app.root_path, static_folder=None)
    scratch.url_rule_class = app.url_rule_class
    scratch.config.update(app.config)
    scratch.extensions = dict(app.extensions)
    attributes, extensions, config = set(vars(scratch)), dict(scratch.extensions), dict(scratch.config)
    wide = {attribute: _wide(scratch, attribute) for attribute in _APP_WIDE}
    scratch.register_blueprint(blueprint, url_prefix=f"/ext/{name}")
    for attribute, how in _APP_WIDE.items():
        if _wide(scratch, attribute) != wide[attribute]:
            raise _too_wide(how)
    for attribute in _LISTS:
        if getattr(scratch, attribute):
            raise _too_wide(f"app.{attribute}")
    if scratch.extensions != extensions or scratch.config != config:
        raise _too_wide("app.extensions or app.config")
    _look_at_templates(scratch)
    if changed := sorted(set(vars(scratch)) - attributes - {"jinja_env"}):
        raise _too_wide(f"app.{changed[0]}")
    _look_at_addresses(scratch, name, is_declared)


def _too_wide(how: str) -> ContractBroken:
    return ContractBroken(f"its blueprint changes the whole site with {how}; it may answer at its own addresses only")


def _wide(app: Flask, attribute: str) -> Any:
    """A copy of what holds for every request."""
    everywhere = getattr(app, attribute).get(None)
    if isinstance(everywhere, Mapping):
        return {code: dict(handlers) for code, handlers in everywhere.items() if handlers}
    return list(everywhere or ())


def _look_at_templates(scratch: Flask) -> None:
    if "jinja_env" not in vars(scratch):
        return
    plain = Flask(scratch.import_name, static_folder=None).jinja_env
    for attribute, how in _OF_TEMPLATES.items():
        if set(getattr(scratch.jinja_env, attribute)) != set(getattr(plain, attribute)):
            raise _too_wide(how)


def _look_at_addresses(scratch: Flask, name: str, is_declared: Callable[[Any], bool]) -> None:
    for rule in scratch.url_map.iter_rules():
        if rule.rule != f"/ext/{name}" and not rule.rule.startswith(f"/ext/{name}/"):
            raise ContractBroken(f"the address {rule.rule} is not below /ext/{name}")
    for endpoint, view in scratch.view_functions.items():
        if not is_declared(view):
            raise ContractBroken(f"the view {endpoint} declares neither a capability nor that it is public")


def _listens_to_nobody(package: str) -> None:
    """Flask tells its signals in the middle of every request: a receiver that fails would end it."""
    for name, signal in _SIGNALS.items():
        for reference in list(signal.receivers.values()):
            receiver = reference() if isinstance(reference, weakref.ReferenceType) else reference
            module = getattr(receiver, "__module__", "") or ""
            if module == package or module.startswith(f"{package}."):
                raise ContractBroken(f"it listens to Flask's signal {name}; a plugin hears of events (On) only")


# Containing ----------------------------------------------------------------------------------------------------------


def _contain(app: Flask, name: str) -> None:
    """Wrap every function that the blueprint (and those nested in it) put into the app."""
    scopes = {bp for bp in app.blueprints if bp == name or bp.startswith(f"{name}.")}
    for endpoint, view in app.view_functions.items():
        if endpoint.rpartition(".")[0] in scopes:
            app.view_functions[endpoint] = _view(name, f"address {endpoint}", view)
    for scope in scopes:
        for attribute in ("before_request_funcs", "url_value_preprocessors"):
            _replace(getattr(app, attribute), scope, functools.partial(_answering, name))
        _replace(app.after_request_funcs, scope, functools.partial(_after, name))
        _replace(app.teardown_request_funcs, scope, functools.partial(_quiet, name))
        _replace(app.url_default_functions, scope, functools.partial(_quiet, name))
        _replace(app.template_context_processors, scope, functools.partial(_context, name))
        for handlers in app.error_handler_spec.get(scope, {}).values():
            for kind, handler in handlers.items():
                handlers[kind] = _of_errors(name, handler)


def _replace(registry: Any, scope: str, wrap: Callable[[Any], Any]) -> None:
    if scope in registry:
        registry[scope] = [wrap(function) for function in registry[scope]]


def _piece(function: Any) -> str:
    return f"handler {getattr(function, '__qualname__', type(function).__name__)}"


def _answering(plugin: str, function: Any) -> Any:
    """A handler whose failure is a failure of the address."""
    return contained(plugin, _piece(function), function)


def _of_errors(plugin: str, function: Any) -> Any:
    """A handler of errors, which has nobody behind it: where it fails itself, the core's own page answers."""
    run = contained(plugin, _piece(function), function, is_last=True)

    @functools.wraps(function)
    def answer(error: Exception) -> Any:
        try:
            return run(error)
        except PieceBroke as broke:
            return current_app.error_handler_spec[None][None][Problem](broke)

    return answer


def _has_a_page_for(error: BaseException) -> bool:
    """Whether the blueprint at whose address this is has a handler for the error."""
    specs = (current_app.error_handler_spec.get(scope, {}) for scope in request.blueprints)
    kinds = [kind for spec in specs for code, handlers in spec.items() if code is None for kind in handlers]
    return isinstance(error, Exception) and isinstance(error, tuple(kinds))


def _after(plugin: str, function: Any) -> Any:
    # What the view did is committed by now, so its answer goes out.
    @functools.wraps(function)
    def run(response: Response) -> Any:
        return guard.call(plugin, _piece(function), function, response, default=response, check=guard.of(Response))

    return run


def _quiet(plugin: str, function: Any) -> Any:
    @functools.wraps(function)
    def run(*arguments: Any) -> Any:
        return guard.call(plugin, _piece(function), function, *arguments)

    return run


def _context(plugin: str, function: Any) -> Any:
    @functools.wraps(function)
    def run() -> Any:
        return guard.call(plugin, _piece(function), function, default={}, check=guard.of(dict))

    return run


def _view(plugin: str, piece: str, view: Any) -> Any:
    @functools.wraps(view)
    def answer(**arguments: Any) -> Response:
        response = current_app.make_response(view(**arguments))
        if response.is_streamed and not response.direct_passthrough:
            app = current_app._get_current_object()  # type: ignore[attr-defined]
            response.response = _streamed(app, plugin, piece, response.response)
        return response

    return contained(plugin, piece, answer)


def contained(plugin: str, piece: str, function: Any, *, is_last: bool = False) -> Any:
    """The function of one address: whatever it raises becomes a page that says so, with a line under Health.

    What the blueprint has a handler for goes there first, unless the function ``is_last``, such a handler itself.
    """

    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            with guard.piece(plugin, piece, outside=True):
                return function(*arguments, **options)
        except guard.PASSES:
            raise
        except BaseException as error:
            if isinstance(error, (*_ANSWERS, *_AWAY)) or guard.is_strict():
                raise
            if not is_last and _has_a_page_for(error):
                rollback()
                raise
            guard.report(plugin, piece, error)
            rollback()
            raise PieceBroke from error

    return run


_OVER = object()


def _streamed(app: Flask, plugin: str, piece: str, parts: Iterable[Any]) -> Iterator[Any]:
    """The parts of an answer that is made while it is sent, long after the view has returned."""
    iterator = iter(parts)
    try:
        while True:
            try:
                with guard.piece(plugin, piece, outside=True):
                    part = next(iterator, _OVER)
            except Exception as error:
                with app.app_context():
                    guard.report(plugin, piece, error)
                # Raised all the same: the server breaks the connection, and the reader knows that something is missing.
                raise
            if part is _OVER:
                return
            yield part
    finally:
        getattr(parts, "close", lambda: None)()
