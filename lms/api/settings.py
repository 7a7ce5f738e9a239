"""Settings of a plugin: its values and its secrets."""

from lms.settings.services import (
    UnknownSetting,
    delete_section,
    environment_name,
    fixed,
    get,
    save,
    seal,
    secret,
    secret_last4,
    set_secret,
    unseal,
    values,
)

__all__ = [
    "UnknownSetting",
    "delete_section",
    "environment_name",
    "fixed",
    "get",
    "save",
    "seal",
    "secret",
    "secret_last4",
    "set_secret",
    "unseal",
    "values",
]
