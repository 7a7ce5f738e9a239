"""A link as content stores it: by what it means, never by the address that it leads to today."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _

from lms.base.urls import is_safe_path
from lms.content import values
from lms.content.catalog import Catalog
from lms.content.richtext import UNAVAILABLE
from lms.content.values import Report

KINDS = {
    "url": {"href"},
    "page": {"page"},
    "anchor": {"href"},
    "email": {"href"},
    "dynamic": {"source", "key", "args", "unavailable", "fallback"},
}
_EVERYWHERE = {"kind", "new_tab", "nofollow"}
_SOURCE = re.compile(r"[a-z0-9_-]+")
_KEY = re.compile(r"[a-z0-9-]+")
_ANCHOR = re.compile(r"#[A-Za-z][A-Za-z0-9_-]*")
_EMAIL = re.compile(r"[^\s@<>?&\"]+@[^\s@<>?&\"]+\.[^\s@<>?&\"]+")
_WEB = re.compile(r"https?://[^\s/\\@\x00-\x1f\x7f]+(?:[/?#][^\s\x00-\x1f\x7f]*)?")


def is_address(href: str) -> bool:
    """Whether a plain link may lead there: a path of this site, or a complete http or https address."""
    return is_safe_path(href) or _WEB.fullmatch(href) is not None


def check(link: Any, path: str, catalog: Catalog, report: Report, *, is_fallback: bool = False) -> None:
    """Report what is wrong with a link. One whose plugin is not active is kept; only its shape is looked at."""
    if link in (None, {}):
        return None
    if not isinstance(link, dict):
        return report(path, _('A link is an object with a "kind".'))
    kind = link.get("kind")
    if kind not in KINDS:
        return report(f"{path}.kind", _("Choose one of: %(choices)s.", choices=", ".join(KINDS)))
    possible = KINDS[kind] | _EVERYWHERE
    for name in link.keys() - possible:
        said = _("This key has no meaning here. Possible: %(names)s.", names=", ".join(sorted(possible)))
        report(f"{path}.{name}", said)
    for name in ("new_tab", "nofollow"):
        if not isinstance(link.get(name, False), bool):
            report(f"{path}.{name}", _("Write true or false."))
    if kind == "dynamic":
        return _check_dynamic(link, path, catalog, report, is_fallback)
    return _check_plain(kind, link, path, report)


def _check_plain(kind: str, link: dict[str, Any], path: str, report: Report) -> None:
    if kind == "page":
        page = link.get("page")
        if isinstance(page, bool) or not isinstance(page, int):
            report(f"{path}.page", _("Write the number of the page."))
        return
    href = link.get("href")
    rules: dict[str, tuple[Callable[[str], object], str]] = {
        "url": (is_address, _("Start the address with https://, or write a path of this site such as /courses.")),
        "anchor": (_ANCHOR.fullmatch, _("An anchor looks like #prices.")),
        "email": (_EMAIL.fullmatch, _("Write one e-mail address, such as post@school.example.")),
    }
    fits, help_text = rules[kind]
    if not (isinstance(href, str) and fits(href)):
        report(f"{path}.href", help_text)


def _check_dynamic(link: dict[str, Any], path: str, catalog: Catalog, report: Report, is_fallback: bool) -> None:
    for name, pattern, example in (("source", _SOURCE, "stripe"), ("key", _KEY, "customer-portal")):
        if not (isinstance(link.get(name), str) and pattern.fullmatch(link[name])):
            report(f"{path}.{name}", _("This is a word such as %(example)s.", example=example))
    if not isinstance(link.get("args", {}), dict):
        report(f"{path}.args", _("This is an object in braces."))
    choice = link.get("unavailable", "hide")
    if choice not in UNAVAILABLE:
        report(f"{path}.unavailable", _("Choose one of: %(choices)s.", choices=", ".join(UNAVAILABLE)))
    _check_fallback(link, path, catalog, report, is_fallback)
    item = catalog.links.get(f"{link.get('source')}/{link.get('key')}")
    if item is None or not isinstance(link.get("args", {}), dict):
        return
    args = link.get("args", {})
    if item.form is not None:
        values.check(item.form, args, f"{path}.args", report)
    elif args:
        report(f"{path}.args", _("%(link)s takes no arguments.", link=item.key))


def _check_fallback(link: dict[str, Any], path: str, catalog: Catalog, report: Report, is_fallback: bool) -> None:
    fallback = link.get("fallback")
    if is_fallback and (fallback or link.get("unavailable", "hide") != "hide"):
        report(path, _('A link that stands in for another one is simply hidden when it is not available ("hide").'))
    elif link.get("unavailable") == "fallback" and not fallback:
        report(f"{path}.fallback", _("Choose the link that stands in when this one is not available."))
    elif fallback:
        check(fallback, f"{path}.fallback", catalog, report, is_fallback=True)
