"""In which language and zone a page speaks: the person's, else the site's."""

from __future__ import annotations

from gettext import NullTranslations
from typing import Any

from flask import Flask, current_app
from flask_babel import Babel, get_locale, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from lms.web.person import current_person
from lms.web.site import site_view


def _locale() -> str:
    person = current_person()
    tag = (person.locale if person else "") or site_view().language
    # Babel writes en_GB, HTML and people's settings en-GB.
    return tag.replace("-", "_")


def _timezone() -> str:
    person = current_person()
    return (person.timezone if person else "") or site_view().timezone


_REMEMBERED = 4_096


class _Catalogue:
    """The words of one language, for templates."""

    def __init__(self, translations: NullTranslations) -> None:
        self._translations = translations
        self._fixed: dict[str, Markup] = {}

    @pass_eval_context
    def say(self, context: EvalContext, words: str, /, **variables: Any) -> str:
        """As Jinja's own: always a format string, escaped like the template around it."""
        if variables or not context.autoescape:
            return _filled(context, self._translations.gettext(words), variables)
        # With nothing to fill in, it is the same piece of HTML each time.
        said = self._fixed.get(words)
        if said is None:
            said = Markup(_filled(context, self._translations.gettext(words), {}))  # noqa: S704  it is one already
            if len(self._fixed) < _REMEMBERED:
                self._fixed[words] = said
        return said

    @pass_eval_context
    def count(self, context: EvalContext, one: str, many: str, number: int, /, **variables: Any) -> str:
        """The same, with the form that goes with the number."""
        return _filled(context, self._translations.ngettext(one, many, number), {"num": number, **variables})


def _filled(context: EvalContext, words: str, variables: dict[str, Any]) -> str:
    return (Markup(words) if context.autoescape else words) % variables  # noqa: S704  what is filled in is escaped


def _catalogue() -> _Catalogue:
    """The words of the language that is spoken now."""
    known: dict[str, _Catalogue] = current_app.extensions["lms_catalogues"]
    tag = str(get_locale())
    found = known.get(tag)
    if found is None:
        found = known[tag] = _Catalogue(get_translations())
    return found


@pass_eval_context
def _gettext(context: EvalContext, words: str, /, **variables: Any) -> str:
    said: str = _catalogue().say(context, words, **variables)
    return said


@pass_eval_context
def _ngettext(context: EvalContext, one: str, many: str, number: int, /, **variables: Any) -> str:
    said: str = _catalogue().count(context, one, many, number, **variables)
    return said


def _words() -> dict[str, Any]:
    """Pages are full of short sentences: within one template the language is looked up once, not once for each."""
    catalogue = _catalogue()
    return {"_": catalogue.say, "ngettext": catalogue.count}


def init_app(app: Flask) -> None:
    """Guests all get the site's language, so that their pages can be shared."""
    Babel(app, locale_selector=_locale, timezone_selector=_timezone)
    app.extensions["lms_catalogues"] = {}
    app.jinja_env.add_extension("jinja2.ext.i18n")
    # For macros, which know nothing of the page that imports them.
    app.jinja_env.globals.update({"_": _gettext, "gettext": _gettext, "ngettext": _ngettext})
    app.context_processor(_words)
