"""Building the Flask app of a site out of rooms, plugins and a theme."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from flask_wtf import CSRFProtect

import lms
from lms import db
from lms.base.urls import is_loopback
from lms.extend import Plugin
from lms.health import probes
from lms.host import activate, checks, guard, load, marker, mount, patches, startup, state
from lms.host.config import Config
from lms.host.registry import Contribution, NameTaken, Registry, describe
from lms.rooms import ROOMS
from lms.themes import appearance, catalog
from lms.themes.chain import ChainLoader, Layer, ThemeEnvironment, layer
from lms.web import (
    access,
    apart,
    errors,
    language,
    page,
    pagecache,
    person,
    policy,
    resting,
    theming,
    tracing,
    transactions,
)
from lms.web.routing import LazyRule, RowNumber
from lms.web.site import site_view

log = logging.getLogger("lms.app")
CORE = Path(lms.__file__).parent
_IN_MEMORY = "sqlite://"


class StoaApp(Flask):
    """A Flask app whose requests are units of work and whose templates come from a chain of layers."""

    jinja_environment = ThemeEnvironment
    url_rule_class = LazyRule
    template_layers: list[Layer]

    def dispatch_request(self) -> Any:
        """Run the view, then commit or roll back before anything is sent. A theme that breaks is left out."""
        try:
            answer = super().dispatch_request()
        except Exception as error:
            answer = theming.without_theme(error, super().dispatch_request)
        return transactions.finish(self.make_response(answer))

    def process_response(self, response: Any) -> Any:
        """Finish the answer, its cookie included, and keep it where it is equal for all guests."""
        return pagecache.keep(super().process_response(response))

    def create_global_jinja_loader(self) -> Any:
        return ChainLoader(self.template_layers)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        return filename is None or not filename.endswith(".txt")


def create_app(config: Config, *, trying: str = "") -> Flask:
    """The app as the site's database says it should be now.

    A plugin that cannot be part of it is paused with its reason and left out; with strict plugins its error passes.
    With ``trying`` that plugin is part of it in any case, its error passes, and nobody is paused.
    """
    without: set[str] = set()
    while True:
        app = _app(config)
        try:
            with app.app_context():
                _fill(app, config, trying, without)
                db.rollback()
            return app
        except startup.PluginFailed as failed:
            if config.strict_plugins or failed.name == trying:
                raise failed.error from None
            without.add(failed.name)
            if not trying:
                _pause(app, failed)
        # Routes cannot be taken back, so the next try begins with a new app.
        db.dispose(app)


def _app(config: Config) -> StoaApp:
    app = StoaApp("lms", root_path=str(CORE), instance_path=str(config.instance), static_folder=None)
    _configure(app, config)
    app.url_map.converters["int"] = RowNumber
    # For long-lived processes that follow changes of plugins from a floor below this one.
    app.extensions["lms_build"] = lambda: create_app(config)
    app.extensions["lms_build_with_theme"] = lambda name: create_app(replace(config, theme=name))
    db.init_app(app)
    state.init_app(app)
    return app


def _fill(app: StoaApp, config: Config, trying: str, without: Collection[str]) -> None:
    rooms = [_contribution(load.builtin(dotted)) for dotted in ROOMS]
    if not trying:
        # Before any plugin is imported: one that did not return from its import would not return again.
        marker.settle(marker.folder(config), config.plugin_time_limit)
    load_plugins = partial(startup.load_plugins, trying=trying, without=without)
    loaded = startup.no_plugins() if config.safe_mode else load_plugins()
    try:
        app.extensions["lms_registry"] = Registry(rooms + loaded.contributions)
    except NameTaken as error:
        raise startup.PluginFailed(error.plugin, error) from error
    app.extensions["lms_resting"] = loaded.resting
    app.extensions["lms_generation"] = loaded.generation
    _dress(app, config, [c.plugin for c in rooms], [c.plugin for c in loaded.contributions])


def _pause(app: Flask, failed: startup.PluginFailed) -> None:
    log.error("plugin %s is paused", failed.name, exc_info=failed.error)
    with app.app_context(), db.writes():
        activate.pause(failed.name, failed.sentence)


def _configure(app: Flask, config: Config) -> None:
    app.config.update(
        LMS=config,
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(config.database_url),
        SESSION_COOKIE_NAME="lms_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.site_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=None,
        # Over https it would refuse forms without a Referer: those of pages that tell nobody their secret address.
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=32 * 1024 * 1024,
        TESTING=config.env == "test",
        TEMPLATES_AUTO_RELOAD=config.env == "development",
        TRUSTED_HOSTS=_trusted_hosts(config),
        BABEL_TRANSLATION_DIRECTORIES=str(CORE / "translations"),
    )


def _engine_options(database_url: str) -> dict[str, Any]:
    options: dict[str, Any] = {"pool_pre_ping": database_url.startswith("postgresql")}
    if database_url != _IN_MEMORY:  # which one connection is all of
        # As many connections as threads ask for: one that holds a lock may need a second one for a moment, and would
        # wait for those who wait for its lock.
        options["max_overflow"] = -1
    return options


def _trusted_hosts(config: Config) -> list[str]:
    hosts = [config.host]
    if not config.is_production or is_loopback(config.site_url):
        hosts += ["localhost", "127.0.0.1", "[::1]"]
    return hosts


def _contribution(plugin: Plugin) -> Contribution:
    return describe(plugin.name, plugin)


def _dress(app: StoaApp, config: Config, rooms: list[Plugin], plugins: list[Plugin]) -> None:
    active = app.extensions["lms_theme"] = appearance.resolve(config)
    themes = list(active.themes)
    app.template_layers = [
        layer("site", [config.instance / "templates"], themed=True),
        *(layer(f"theme {theme.name}", [theme.templates], themed=not theme.is_bundled_root) for theme in themes),
        *(
            layer(f"plugin {p.name}", [load.folder(p) / "templates"], (f"{p.name}/", f"mail/{p.name}/"))
            for p in plugins
        ),
        layer("core", [CORE / "web" / "templates", *(load.folder(p) / "templates" for p in rooms)]),
    ]
    transactions.init_app(app)
    person.init_app(app)
    csrf = CSRFProtect(app)
    tracing.init_app(app)
    errors.init_app(app)
    theming.init_app(app)
    policy.init_app(app)
    language.init_app(app)
    page.init_app(app, _assets(themes, rooms, plugins))
    app.jinja_env.globals["site"] = _SiteProxy()
    app.before_request(access.enforce)
    pagecache.init_app(app)
    for room in rooms:
        _mount(app, room)
    for plugin in plugins:
        _mount_contained(app, plugin)
    for name in app.extensions["lms_resting"]:
        resting.init_app(app, name)
    probes.init_app(app)
    if not config.safe_mode:
        apart.init_app(app, lambda: create_app(replace(config, safe_mode=True, theme=catalog.ROOT)))
    access.check_views(app)
    for view in app.view_functions.values():
        declared = access.declared(view)
        if declared is not None and not declared.csrf:
            csrf.exempt(view)


class _SiteProxy:
    """``site`` in templates, imports included: looked up when used, not when the app is built."""

    def __getattr__(self, name: str) -> Any:
        return getattr(site_view(), name)


def _assets(
    themes: Iterable[catalog.Theme], rooms: Iterable[Plugin], plugins: Iterable[Plugin]
) -> dict[str, tuple[Path, ...]]:
    assets = {plugin.name: (load.folder(plugin) / "static",) for plugin in [*rooms, *plugins]}
    return assets | {"core": (CORE / "web" / "static",), "theme": tuple(theme.assets for theme in themes)}


def _mount(app: Flask, room: Plugin) -> None:
    blueprint = room.blueprint()
    if blueprint is not None:
        app.register_blueprint(blueprint)


def _mount_contained(app: Flask, plugin: Plugin) -> None:
    try:
        with patches.refused(), guard.piece(plugin.name, "blueprint"):
            checks.look_closer(app.extensions["lms_registry"].of_plugin(plugin.name))
            blueprint = plugin.blueprint()
            if blueprint is not None:
                mount.mount(app, plugin.name, blueprint, lambda view: access.declared(view) is not None)
    except guard.PASSES:
        raise
    except BaseException as error:
        raise startup.PluginFailed(plugin.name, error) from error
