"""Building the Flask app of a site out of rooms, plugins and a theme."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask
from flask_wtf import CSRFProtect
from sqlalchemy.exc import DatabaseError

import lms
from lms import db
from lms.base.urls import is_loopback
from lms.extend import Plugin
from lms.host import activate, discover, load, state
from lms.host.config import Config
from lms.host.registry import Contribution, Registry, describe
from lms.rooms import ROOMS
from lms.themes import catalog
from lms.themes.chain import ChainLoader, Layer, ThemeEnvironment, layer
from lms.web import access, errors, language, page, pagecache, person, policy, transactions
from lms.web.site import site_view

log = logging.getLogger("lms.app")
CORE = Path(lms.__file__).parent


class StoaApp(Flask):
    """A Flask app whose requests are units of work and whose templates come from a chain of layers."""

    jinja_environment = ThemeEnvironment
    template_layers: list[Layer]

    def dispatch_request(self) -> Any:
        """Run the view, then commit or roll back before anything is sent."""
        return transactions.finish(self.make_response(super().dispatch_request()))

    def create_global_jinja_loader(self) -> Any:
        return ChainLoader(self.template_layers)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        return filename is None or not filename.endswith(".txt")


def create_app(config: Config) -> Flask:
    """The app as the site's database says it should be now.

    A plugin that cannot be loaded is paused with its reason and left out; with strict plugins its error passes.
    """
    app = StoaApp("lms", root_path=str(CORE), instance_path=str(config.instance), static_folder=None)
    _configure(app, config)
    # For long-lived processes that follow changes of plugins from a floor below this one.
    app.extensions["lms_build"] = lambda: create_app(config)
    db.init_app(app)
    state.init_app(app)
    with app.app_context():
        rooms = [_contribution(load.builtin(dotted)) for dotted in ROOMS]
        plugins = [] if config.safe_mode else _load_plugins(app)
        app.extensions["lms_registry"] = Registry(rooms + plugins)
        _dress(app, config, [c.plugin for c in rooms], [c.plugin for c in plugins])
        db.rollback()
    return app


def _configure(app: Flask, config: Config) -> None:
    app.config.update(
        LMS=config,
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": config.database_url.startswith("postgresql")},
        SESSION_COOKIE_NAME="lms_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.site_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=32 * 1024 * 1024,
        TESTING=config.env == "test",
        TRUSTED_HOSTS=_trusted_hosts(config),
        BABEL_TRANSLATION_DIRECTORIES=str(CORE / "translations"),
    )


def _trusted_hosts(config: Config) -> list[str]:
    hosts = [config.host]
    if not config.is_production or is_loopback(config.site_url):
        hosts += ["localhost", "127.0.0.1", "[::1]"]
    return hosts


def _contribution(plugin: Plugin) -> Contribution:
    return describe(plugin.name, plugin)


def _load_plugins(app: Flask) -> list[Contribution]:
    try:
        names = activate.active_names()
    except DatabaseError:
        # Before the first migration there is no table, and so no plugin either.
        db.rollback()
        return []
    found = discover.found()
    loaded: list[Contribution] = []
    for name in names:
        if name not in found:
            log.warning("plugin %s is active, but its distribution is not installed", name)
            continue
        try:
            loaded.append(describe(name, load.external(found[name].entry_point)))
        except (Exception, SystemExit) as error:
            if app.config["LMS"].strict_plugins:
                raise
            log.exception("plugin %s is paused", name)
            with db.writes():
                activate.pause(name, f"It could not be loaded: {error or type(error).__name__}")
    return loaded


def _dress(app: StoaApp, config: Config, rooms: list[Plugin], plugins: list[Plugin]) -> None:
    themes = catalog.chain(config.theme, config.instance)
    app.template_layers = [
        layer("site", [config.instance / "templates"], themed=True),
        *(layer(f"theme {theme.name}", [theme.templates], themed=True) for theme in themes),
        *(
            layer(f"plugin {p.name}", [load.folder(p) / "templates"], (f"{p.name}/", f"mail/{p.name}/"))
            for p in plugins
        ),
        layer("core", [CORE / "web" / "templates", *(load.folder(p) / "templates" for p in rooms)]),
    ]
    transactions.init_app(app)
    person.init_app(app)
    csrf = CSRFProtect(app)
    errors.init_app(app)
    policy.init_app(app)
    language.init_app(app)
    page.init_app(app, _assets(themes, rooms, plugins))
    app.jinja_env.globals["site"] = _SiteProxy()
    app.before_request(access.enforce)
    pagecache.init_app(app)
    for plugin in rooms + plugins:
        _mount(app, plugin)
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


def _mount(app: Flask, plugin: Plugin) -> None:
    blueprint = plugin.blueprint()
    if blueprint is not None:
        app.register_blueprint(blueprint, url_prefix=None if plugin.builtin else f"/ext/{plugin.name}")
