"""The configuration of one site: ``instance/lms.toml``, then ``LMS_*`` variables, which win."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app

from lms.base.seal import load_or_make_keys

ENVIRONMENTS = ("production", "development", "demo", "test")


class ConfigurationError(Exception):
    """The configuration cannot work; the sentence says what to change. ``setting`` is what is wrong, where one is."""

    def __init__(self, sentence: str, setting: str = "") -> None:
        super().__init__(sentence)
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Config:
    """What a site is told from outside. ``site_url`` has no trailing slash."""

    env: str = "production"
    instance: Path = Path("instance")
    database_url: str = ""
    redis_url: str = ""
    site_url: str = "http://127.0.0.1:8000"
    secret_key: str = ""
    mail: str = "outbox"
    mail_from: str = ""
    stripe_api_base: str = ""
    theme: str = ""
    strict_plugins: bool = False
    safe_mode: bool = False
    plugin_time_limit: float = 30.0
    """Seconds after which a piece of a plugin that did not return ends its process; 0 for no limit."""

    @property
    def is_production(self) -> bool:
        """Whether this is a real site, where nothing may pretend."""
        return self.env == "production"

    @property
    def host(self) -> str:
        """The host name of the site's address, without port."""
        return urlsplit(self.site_url).hostname or ""


def load(instance: Path | str | None = None, environ: Mapping[str, str] | None = None, **overrides: object) -> Config:
    """The configuration of the site in ``instance``. Raises ``ConfigurationError``."""
    environ = os.environ if environ is None else environ
    folder = Path(instance or environ.get("LMS_INSTANCE", "instance")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    values: dict[str, object] = _from_file(folder / "lms.toml")
    names = {field.name for field in fields(Config)}
    unknown = sorted(values.keys() - names)
    if unknown:
        raise ConfigurationError(f"lms.toml has settings that do not exist: {', '.join(unknown)}.", unknown[0])
    for name in names - {"instance"}:
        given = environ.get(f"LMS_{name.upper()}")
        if given is not None:
            values[name] = given
    values |= overrides
    values["instance"] = folder
    for flag in ("strict_plugins", "safe_mode"):
        values[flag] = str(values.get(flag, "")).lower() in {"1", "true", "yes", "on"}
    return _checked(values, folder)


def _from_file(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"lms.toml cannot be read: {error}.") from error


def _checked(values: dict[str, object], folder: Path) -> Config:
    values.setdefault("database_url", f"sqlite:///{folder / 'lms.db'}")
    if not values["database_url"]:
        values["database_url"] = f"sqlite:///{folder / 'lms.db'}"
    database = str(values["database_url"])
    if database.startswith(("postgres://", "postgresql://")):
        values["database_url"] = "postgresql+psycopg://" + database.split("://", 1)[1]
    if not values.get("secret_key"):
        # Not the key that seals: that one can be replaced without making forms and links that are out invalid.
        values["secret_key"] = _signing_key(folder)
    if "plugin_time_limit" in values:
        values["plugin_time_limit"] = _seconds(values["plugin_time_limit"])
    config = Config(**values)  # type: ignore[arg-type]
    if config.env not in ENVIRONMENTS:
        raise ConfigurationError(f"LMS_ENV is {config.env!r}; it can be {', '.join(ENVIRONMENTS)}.", "env")
    parts = urlsplit(config.site_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ConfigurationError("LMS_SITE_URL must look like https://school.example, without a path.", "site_url")
    if config.is_production and config.stripe_api_base:
        raise ConfigurationError(
            "LMS_STRIPE_API_BASE is for the simulator and cannot be set in production.", "stripe_api_base"
        )
    return Config(**{field.name: getattr(config, field.name) for field in fields(Config)}
                  | {"site_url": config.site_url.rstrip("/")})  # fmt: skip


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 86_400:
        raise ConfigurationError(f"LMS_PLUGIN_TIME_LIMIT is {value!r}; write seconds, such as 30, or 0 for no limit.")
    return seconds


def _signing_key(folder: Path) -> str:
    try:
        return load_or_make_keys(folder / "signing.key")[0].hex()
    except ValueError as error:
        raise ConfigurationError(
            "signing.key holds no key. Delete it: a new one is made, and forms that are open have to be sent again."
        ) from error


def current() -> Config:
    """The configuration of the app that is running."""
    return current_app.config["LMS"]
