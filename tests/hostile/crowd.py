"""Broken plugins, each in a way of its own: what an owner may meet who installs what anybody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

from lms.testing.distributions import make_distribution

PRELUDE = """
import sys
from datetime import timedelta

import click
from flask import Blueprint, has_request_context, render_template
from flask_babel.speaklater import LazyString
from markupsafe import Markup

from lms.api import db, events
from lms.api.commerce import OfferView
from lms.api.web import Form, public
from lms.extend import *
from lms.extend.fields import PlainText

def later(*_, **__):
    "Fine while it is tried, and for nobody afterwards."
    if has_request_context():
        raise RuntimeError("only once it is asked for")
    return "Fine"

"""


@dataclass(frozen=True)
class Hostile:
    """One broken plugin. ``words`` are in the reason that the owner reads; ``piece`` is what fails, "" for all."""

    name: str
    words: str
    source: str
    piece: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def install(self, folder: Path) -> None:
        """Leave it in the folder as an installer would."""
        package = f"lms_{self.name}"
        files = {f"{package}/{path}": dedent(text) for path, text in self.files.items()}
        files[f"{package}.plugin"] = PRELUDE + dedent(self.source)
        make_distribution(folder, self.name, "1.0", files, entry=f"{package}.plugin:Hostile", summary="It breaks.")


def _page(name: str, more: str = "", blueprint: str = "") -> str:
    """A plugin with an address that works, and more."""
    return (
        f"made = Blueprint({blueprint or name!r}, __name__)\n"
        "made.add_url_rule('/fine', 'fine', public(lambda: 'fine'))\n"
        f"{dedent(more)}\n"
        "class Hostile(Plugin):\n    def blueprint(self): return made\n"
    )


PAUSED = (
    # The import ------------------------------------------------------------------------------------------------------
    Hostile("no_import", "No module named 'nothing_like_this'", "import nothing_like_this"),
    Hostile("bad_syntax", "SyntaxError", "class Hostile(Plugin:"),
    Hostile("leaves", "sys.exit", "sys.exit(0)"),
    Hostile("no_plugin", "subclass of lms.extend.Plugin", "class Hostile: pass"),
    Hostile("replaces_flask", "replaces flask.app.Flask.dispatch_request", """
        import flask
        flask.Flask.dispatch_request = lambda self: "mine"
        class Hostile(Plugin): pass
    """),
    Hostile("replaces_core", "replaces lms.host.guard.call", """
        from lms.host import guard
        guard.call = lambda *_, **__: "mine"
        class Hostile(Plugin): pass
    """),
    Hostile("listens_in", "listens to before_cursor_execute of sqlalchemy", """
        from sqlalchemy import Engine, event
        @event.listens_for(Engine, "before_cursor_execute")
        def see(*_): raise RuntimeError("seen")
        class Hostile(Plugin): pass
    """),
    Hostile("dangles", "Nowhere", "class Hostile(Plugin): models = 'lms_dangles.models'", files={"models.py": """
        from sqlalchemy.orm import Mapped, mapped_column, relationship
        from lms.api.db import Model
        class Thing(Model):
            __tablename__ = "dangles_thing"
            nowhere = relationship("Nowhere")
    """}),
    # What it describes -----------------------------------------------------------------------------------------------
    Hostile("digs", "RecursionError", """
        class Hostile(Plugin):
            def slots(self): return self.slots()
    """),
    Hostile("mumbles", "blocks() returned a str", """
        class Hostile(Plugin):
            def blocks(self): return ["a block"]
    """),
    Hostile("cannot_say", "label cannot be read", """
        class Hostile(Plugin):
            def nav_items(self):
                label = LazyString(lambda: 1 / 0)
                return (NavItem(name="x", label=label, href="/x", icon="cube", capability="admin.enter"),)
    """),
    Hostile("boasts", "order", """
        class Loud(Service):
            kind, name, order = "media_gate", "loud", "first"
            def may_read(self, *_): return True
        class Hostile(Plugin):
            def services(self): return (Loud(),)
    """),
    Hostile("rushes", "every must be at least", """
        class Hostile(Plugin):
            def jobs(self): return (Job(name="now", run=print, every=timedelta(0)),)
    """),
    Hostile("steals_pages", "there is a kind of document called page already, of pages", """
        class Hostile(Plugin):
            def document_owners(self):
                said = dict.fromkeys(("find", "title", "public_url", "edit_path", "may"), later)
                return (DocumentOwner(name="page", **said),)
    """),
    Hostile("steals_names", "there is a settings page called stripe already", """
        class Hostile(Plugin):
            def settings_pages(self): return (SettingsPage(name="stripe", label="Stripe", form=None),)
    """),
    # Its tables ------------------------------------------------------------------------------------------------------
    Hostile("no_revisions", "there is no package", "class Hostile(Plugin): migrations = 'lms_no_revisions.nowhere'"),
    Hostile("bad_revisions", "SyntaxError", "class Hostile(Plugin): migrations = 'lms_bad_revisions.migrations'",
            files={"migrations/one.py": "revision = ("}),
    # Its addresses ---------------------------------------------------------------------------------------------------
    Hostile("replaces_late", "replaces flask.app.Flask.dispatch_request", """
        class Hostile(Plugin):
            def blueprint(self):
                import flask
                flask.Flask.dispatch_request = lambda self: "mine"
    """),
    Hostile("hooks_in", "before_app_request", _page("hooks_in", "made.before_app_request(lambda: 'mine')")),
    Hostile("handles_all", "app_errorhandler", _page("handles_all", "made.app_errorhandler(404)(lambda _: 'mine')")),
    Hostile("pretends", "must be called pretends, not admin", _page("pretends", blueprint="admin")),
    Hostile("squats", "/ is not below /ext/squats", _page("squats", """
        made.record(lambda state: state.app.add_url_rule("/", "home", public(lambda: "mine")))
    """)),
    Hostile("undeclared", "declares neither", _page("undeclared", "made.add_url_rule('/x', 'x', lambda: 'x')")),
)  # fmt: skip


def _slot(name: str, piece: str, words: str, body: str, place: str = "site.footer") -> Hostile:
    """A piece in every public page."""
    source = f"""
def draw(context):
    {body}
class Hostile(Plugin):
    def slots(self): return (Slot(name={piece!r}, place={place!r}, render=draw),)
"""
    return Hostile(name, words, source, f"slot {piece}")


def _block(name: str, piece: str, words: str, template: str, more: str = "", before: str = "") -> Hostile:
    """A block of the page that everything stands on."""
    source = f"""
{dedent(before)}
class Hostile(Plugin):
    def blocks(self):
        return (Block(name="piece", label="Piece", form=BlockForm, template="{name}/piece.html", {more}),)
"""
    return Hostile(name, words, source, f"{piece} {name}/piece", {f"templates/{name}/piece.html": template})


CONTAINED = (
    # Pieces of pages -------------------------------------------------------------------------------------------------
    _slot("slot_raises", "foot", "ZeroDivisionError", "return 1 / 0"),
    _slot("slot_leaves", "foot", "SystemExit: 3", "sys.exit(3)"),
    _slot("slot_digs", "top", "RecursionError", "return draw(context)", "site.top"),
    _slot("slot_floods", "top", "2000000 characters", "return Markup('x' * 2_000_000)", "site.top"),
    _slot("slot_mumbles", "top", "returned int, expected was Markup", "return 7", "course.top"),
    _slot("slot_lies", "foot", "RuntimeError",
          "return type('Lie', (str,), {'__html__': lambda self: (_ for _ in ()).throw(RuntimeError('no'))})('x')"),
    _slot("slot_unsaid", "foot", "Unsayable", "raise type('Unsayable', (Exception,), {'__str__': lambda self: 1 / 0})"),
    _slot("slot_markup", "foot", "<script>alert(1)</script>", "raise RuntimeError('<script>alert(1)</script>')"),
    _slot("slot_writes", "foot", "WriteRefused", """
    from sqlalchemy import text
    db.session.execute(text("UPDATE host_plugin SET state = 'inactive'"))
    return Markup()"""),
    _slot("slot_spoils", "foot", "as if nothing had happened", """
    from sqlalchemy import text
    try:
        db.session.execute(text("SELECT nothing FROM nowhere"))
    except Exception:
        db.session.connection()
    return Markup("spoilt")""", "course.end"),
    _slot("slot_aborts", "admin", "404 Not Found", "from flask import abort; abort(404)", "admin.overview"),
    _block("block_loads", "load of", "2 results for 1 blocks", "<p {{ root }}>x</p>", "load=lambda props, ctx: [1, 2]"),
    _block("block_draws", "block", "ZeroDivisionError", "<p {{ root }}>{{ 1 / 0 }}</p>"),
    _block("block_needs", "block", "TemplateNotFound", "{% extends 'block_needs/nowhere.html' %}"),
    _block("block_floods", "block", "characters", "<p {{ root }}>{{ 'x' * 2000000 }}</p>"),
    _block("block_upgrades", "upgrade of", "ZeroDivisionError", "<p {{ root }}>as it was</p>",
           "version=2, upgrade=lambda props, version: 1 / 0"),
    _block("block_lists", "upgrade of", "returned list, expected was dict", "<p {{ root }}>as it was</p>",
           "version=2, upgrade=lambda props, version: [props]"),
    # Links -----------------------------------------------------------------------------------------------------------
    Hostile("link_unsure", "ZeroDivisionError", """
        class Hostile(Plugin):
            def dynamic_links(self):
                return (DynamicLink(name="away", label="Away", available=lambda ctx: 1 / 0, open=later),)
    """, "link link_unsure/away"),
    Hostile("link_breaks", "only once it is asked for", """
        class Hostile(Plugin):
            def dynamic_links(self):
                return (DynamicLink(name="away", label="Away", available=lambda ctx: True, open=later),)
    """, "click on link_breaks/away"),
    Hostile("link_opens_policy", "is no origin", """
        class Hostile(Plugin):
            def dynamic_links(self):
                hosts = lambda: ("'unsafe-inline'; script-src *",)
                return (DynamicLink(name="away", label="Away", available=lambda ctx: True, open=later, hosts=hosts),)
    """, "hosts of link_opens_policy/away"),
    # The admin -------------------------------------------------------------------------------------------------------
    Hostile("nav_breaks", "only once it is asked for", """
        class Hostile(Plugin):
            def nav_items(self):
                item = NavItem(name="x", label=LazyString(later), href="/x", icon="no-such", capability="admin.enter")
                return (item,)
    """, "label of x"),
    Hostile("settings_break", "only once it is asked for", """
        class Hostile(Plugin):
            def settings_pages(self):
                return (SettingsPage(name="settings_break", label="Breaks", form=None, badge=later),)
    """, "badge of settings_break"),
    Hostile("check_breaks", "only once it is asked for", """
        class Hostile(Plugin):
            def health_checks(self):
                return (HealthCheck(name="x", label="Breaks", check=later),)
    """, "health check x"),
    Hostile("check_unnamed", "only once it is asked for", """
        class Hostile(Plugin):
            def health_checks(self):
                return (HealthCheck(name="x", label=LazyString(later), check=lambda: HealthResult("good", "Fine.")),)
    """, "label of x"),
    # Services --------------------------------------------------------------------------------------------------------
    Hostile("provider_breaks", "only once it is asked for", """
        class Bank(Service):
            kind, name, label, description = "payment_provider", "breaking_bank", LazyString(later), "It breaks."
            can_sell = start = later
        class Hostile(Plugin):
            def services(self): return (Bank(),)
    """, "can_sell of breaking_bank"),
    Hostile("gate_breaks", "only once it is asked for", """
        class Gate(Service):
            kind, name = "media_gate", "breaking_gate"
            may_read = later
        class Hostile(Plugin):
            def services(self): return (Gate(),)
    """, "media gate"),
    Hostile("records_break", "only once it is asked for", """
        class Bank(Service):
            kind, name, label, description = "payment_provider", "telling_bank", "Telling bank", "It tells."
            can_sell = lambda self, offer: "nothing"
            start = records = addresses_of = orders_with = later
        class Hostile(Plugin):
            def services(self): return (Bank(),)
    """, "search of telling_bank"),
    Hostile("records_mumble", "something else than ids of orders", """
        class Bank(Service):
            kind, name, label, description = "payment_provider", "mumbling_bank", "Mumbling bank", "It tells."
            can_sell = lambda self, offer: "nothing"
            start = records = addresses_of = later
            orders_with = lambda self, reference: [2 ** 80, -1]
        class Hostile(Plugin):
            def services(self): return (Bank(),)
    """, "search of mumbling_bank"),
    Hostile("owner_breaks", "only once it is asked for", """
        class Hostile(Plugin):
            def document_owners(self):
                said = dict.fromkeys(("find", "title", "public_url", "edit_path", "may", "page"), later)
                return (DocumentOwner(name="shelf", **said),)
    """, "find of shelf"),
    # Behind the pages ------------------------------------------------------------------------------------------------
    Hostile("job_breaks", "ZeroDivisionError", """
        def work(): 1 / 0
        class Hostile(Plugin):
            def jobs(self): return (Job(name="work", run=work),)
    """, "job work"),
    Hostile("listener_breaks", "ZeroDivisionError", """
        from lms.api.commerce import OfferChanged
        class Hostile(Plugin):
            def listeners(self): return (On(OfferChanged, lambda event: 1 / 0, name="see"),)
    """, "listener see"),
    Hostile("command_breaks", "ZeroDivisionError", """
        @click.command(short_help=LazyString(lambda: {}["help"]))
        def command(): 1 / 0
        class Hostile(Plugin):
            def commands(self): return (Command(name="breaking", command=command),)
    """, "command breaking"),
    # Its own addresses -----------------------------------------------------------------------------------------------
    Hostile("page_breaks", "ZeroDivisionError", _page("page_breaks", """
        made.add_url_rule("/x", "x", public(lambda: 1 / 0))
    """), "address page_breaks.x"),
    Hostile("handler_breaks", "KeyError", _page("handler_breaks", """
        made.add_url_rule("/x", "x", public(lambda: 1 / 0))
        made.errorhandler(500)(lambda error: {}["no page for errors"])
        made.errorhandler(ZeroDivisionError)(lambda error: {}["no page for errors"])
        made.errorhandler(Exception)(lambda error: {}["no page for errors"])
    """), "handler <lambda>"),
    Hostile("hook_breaks", "ZeroDivisionError", _page("hook_breaks", """
        made.add_url_rule("/x", "x", public(lambda: "x"))
        @made.before_request
        def before():
            from flask import request
            if request.path.endswith("/x"):
                1 / 0
    """), "handler before"),
    Hostile("template_breaks", "UndefinedError", _page("template_breaks", """
        made.add_url_rule("/x", "x", public(lambda: render_template("template_breaks/x.html")))
    """), "address template_breaks.x", {"templates/template_breaks/x.html": "{{ nothing.at.all }}"}),
)  # fmt: skip

OVERRIDES = Hostile("overrides", "", "class Hostile(Plugin): pass", files={
    f"templates/{path}": "MINE" for path in ("page.html", "course.html", "web/error.html", "admin/overview.html",
                                             "commerce/checkout.html", "stripe/settings.html")
})  # fmt: skip
"""It is well, and serves nothing: templates outside its own folder are not asked for."""
