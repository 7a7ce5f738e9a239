"""What the site is told from outside."""

from __future__ import annotations

from flask import current_app
from flask_babel import gettext as _

from lms.base.urls import is_loopback
from lms.extend import HealthResult
from lms.health.words import advice, broken, good
from lms.host import config
from lms.settings import fields


def address() -> HealthResult:
    """Visitors reach the site over https."""
    site = config.current()
    if site.site_url.startswith("https://"):
        return good(_("Visitors come to %(address)s.", address=site.site_url))
    if not site.is_production:
        return good(_("This site is for trying out, at %(address)s.", address=site.site_url))
    if is_loopback(site.site_url):
        return advice(
            _("The site knows itself as %(address)s, which only this machine can open.", address=site.site_url),
            _("Set LMS_SITE_URL to its public address, such as https://school.example."),
        )
    return broken(
        _("Passwords and payments travel unencrypted: the address does not start with https://."),
        _("Get a certificate, and set LMS_SITE_URL to https://…"),
    )


def for_visitors() -> HealthResult:
    """Nothing is switched on that is only for developers."""
    site = config.current()
    if site.safe_mode:
        return broken(
            _("The site runs in safe mode: no plugin is loaded."),
            _("Mend or switch off the plugin, then start without --safe."),
        )
    if not site.is_production:
        if site.site_url.startswith("https://") and not is_loopback(site.site_url):
            return broken(
                _("The site is public, but runs as %(mode)s.", mode=site.env), _("Set LMS_ENV to production.")
            )
        return good(_("The site runs as %(mode)s.", mode=site.env))
    if current_app.debug:
        return broken(_("The debugger is on: visitors could run code."), _("Remove FLASK_DEBUG."))
    if site.strict_plugins:
        return broken(
            _("One failing plugin takes the whole site down."), _("Remove LMS_STRICT_PLUGINS: it is for tests.")
        )
    return good(_("Nothing that is for developers is on."))


def variables() -> HealthResult:
    """Every environment variable that decides a setting can be used."""
    faults = fields.faults_outside()
    if faults:
        name, reason = next(iter(sorted(faults.items())))
        return broken(
            _("%(variable)s cannot be used, so the stored setting counts: %(reason)s", variable=name, reason=reason),
            _("Correct %(variables)s where the site is started.", variables=", ".join(sorted(faults))),
        )
    return good(_("Every setting that is given from outside can be used."))
