"""Plugins that break the contract, each in many ways, and what the kit has to say about them."""

from __future__ import annotations

# Each is looked at once; the table below asks about what was found.
BROKEN: dict[str, dict[str, str]] = {
    "described": {
        "lms_described/plugin.py": """
            from datetime import timedelta

            import click
            from flask import Blueprint
            from lms.extend import (
                Block, BlockForm, Command, ContentSecuritySource, DynamicLink, Job, NavItem, Plugin, Service,
                SettingsPage, fields,
            )
            from lms.api import jobs, mail
            from lms.api.web import Form, public, render

            blueprint = Blueprint("other", __name__, url_prefix="/described")

            @blueprint.get("/open")
            def open_to_whom():
                return render("described/nowhere.html")

            @blueprint.get("/said")
            @public
            def said():
                jobs.enqueue("described.snyc")
                mail.send(to="a@example.org", subject="Hello", template="mail/described/letter", context={}, key="a")
                return "words"

            class WordlessForm(Form):
                first = fields.PlainText("", description="What comes first.")
                second = fields.PlainText("Second")

            class StepWords(BlockForm):
                title = fields.PlainText("")

            class BlockWords(BlockForm):
                title = fields.PlainText("Title", default=object())
                steps = fields.Items("Steps", form=StepWords)

            class ShopWords(Form):
                page = fields.PageRef("Page")

            def run(person_id):
                pass

            @click.command()
            def tool():
                click.echo("done")

            class Wallet(Service):
                kind, name = "wallet", "described"

            class Described(Plugin):
                def blueprint(self):
                    return blueprint

                def settings_pages(self):
                    return (SettingsPage(name="general", label="", form=WordlessForm, capability="settings.mange"),)

                def nav_items(self):
                    return (NavItem(name="a", label="A", href="/admin/people", icon="no-such-icon",
                                    capability="admin.enter"),)

                def blocks(self):
                    return (
                        Block(name="my_card", label="Card", form=BlockWords, template="card.html", version=2),
                    )

                def dynamic_links(self):
                    return (
                        DynamicLink(name="described/Shop", label="Shop", available=lambda ctx: True,
                                    open=lambda ctx, args: "https://shop.example/now", form=ShopWords),
                    )

                def jobs(self):
                    return (Job(name="Sync All", run=run, every=timedelta(minutes=5)),)

                def commands(self):
                    return (Command(name="tool", command=tool),)

                def content_security_sources(self):
                    return (ContentSecuritySource(name="scripts", directive="script-src", sources=lambda: ()),)

                def services(self):
                    return (Wallet(),)
            """,
        "lms_described/templates/mail/described/letter.txt": "Hello",
        "lms_described/templates/page.html": "<p>Never served.</p>",
        "lms_described/templates/described/bad.html": '<p style="color: red">{{ words </p>',
        "pyproject.toml": """
            [project]
            name = "stoa-described"
            version = "1.0"
            [project.entry-points."lms.plugins"]
            described = "lms_described.plugin:Described"
            """,
    },
    "importing": {
        "lms_importing/plugin.py": """
            import lms.testing
            from lms.api.accounts import nobody
            from lms.extend import Plugin
            from lms.web import page
            """,
        "tests/test_importing.py": """
            from lms.jobs.runner import Worker
            from lms.testing.makers import Makers
            """,
    },
    "reaching": {
        "lms_reaching/plugin.py": """
            import random
            import socket

            from flask import Blueprint

            from lms.api import accounts
            from lms.extend import Job, Plugin

            blueprint = Blueprint("reaching", __name__)

            class Reaching(Plugin):
                '''Reaching'''

                def blueprint(self):
                    blueprint.record(lambda state: None)
                    return blueprint

                def nav_items(self):
                    try:
                        accounts.person(1)
                    except Exception:
                        pass
                    return ()

                def health_checks(self):
                    socket.getaddrinfo("stoa.example", 443)
                    return ()

                def jobs(self):
                    return (Job(name=f"job-{random.randrange(10**9)}", run=print),)

                def slots(self):
                    return "none"

                def commands(self):
                    return Job(name="sync", run=print)
            """,
    },
    "acting": {
        "lms_acting/plugin.py": """
            import socket

            from lms.extend import (
                Block, BlockForm, DynamicLink, HealthCheck, HealthResult, Plugin, Remedy, SettingsPage, Slot,
            )

            def load(props, ctx):
                socket.create_connection(("10.1.2.3", 80))

            def worried():
                return HealthResult("worried", "Something is odd.")

            def silent():
                return HealthResult("broken", "Something is odd.")

            def leading():
                return HealthResult("advice", "Odd.", "Mend it.", Remedy("Mend", "https://far.example/"))

            def failing():
                raise LookupError("no rows")

            def shop(ctx, args):
                return "https://shop.example/now"

            def portal(ctx, args):
                if ctx.person:
                    raise RuntimeError("not yet")
                return "https://portal.example/mine"

            def far(ctx, args):
                return "https://far.example/"

            def always(ctx):
                return True

            class Nothing(BlockForm):
                pass

            class Acting(Plugin):
                '''Acting

                Does everything at the wrong time.
                '''

                def settings_pages(self):
                    return (SettingsPage(name="acting", label="Acting", form=None, context=failing),)

                def slots(self):
                    return (Slot(name="end", place="course.ende", render=lambda context: ""),)

                def blocks(self):
                    return (
                        Block(name="far", label="Far", form=Nothing, template="acting/far.html", load=load),
                        Block(name="undrawn", label="Undrawn", form=Nothing, template="acting/undrawn.html"),
                    )

                def dynamic_links(self):
                    return (
                        DynamicLink(name="shop", label="Shop", help="Buy.", available=always, open=shop),
                        DynamicLink(name="portal", label="Portal", help="See.", available=always, open=portal),
                        DynamicLink(name="far", label="Far", help="Go.", available=always, address=far),
                        DynamicLink(name="closed", label="Closed", help="No.", available=lambda ctx: False, open=shop,
                                    hosts=lambda: ("https://shop.example",)),
                        DynamicLink(name="paid", label="Paid", help="Pay.", available=always, open=shop,
                                    hosts=lambda: ("https://pay.example/now",)),
                    )

                def health_checks(self):
                    return (
                        HealthCheck(name="worried", label="Worried", check=worried),
                        HealthCheck(name="silent", label="Silent", check=silent),
                        HealthCheck(name="failing", label="Failing", check=failing),
                        HealthCheck(name="leading", label="Leading", check=leading),
                    )
            """,
        "lms_acting/templates/acting/far.html": "<p {{ root }}>{{ extra }}</p>",
        "lms_acting/templates/acting/undrawn.html": "<p {{ root }}>{{ p.words.upper() }}</p>",
    },
    "tabled": {
        "lms_tabled/plugin.py": '''
            from lms.extend import Plugin, SealedColumn
            from lms_tabled.models import Note

            class Tabled(Plugin):
                """Tabled

                Has tables.
                """
                models = "lms_tabled.models"
                migrations = "lms_tabled.migrations"

                def sealed_columns(self):
                    return (SealedColumn(name="words", column=Note.words, key=Note.id, place="notes"),)
            ''',
        "lms_tabled/models.py": """
            from sqlalchemy import String
            from sqlalchemy.orm import Mapped, mapped_column
            from lms.api.db import Model

            class Note(Model):
                __tablename__ = "tabled_note"
                words: Mapped[str] = mapped_column(String(80))
                colour: Mapped[str] = mapped_column(String(20))
                added: Mapped[int]

            class Stray(Model):
                __tablename__ = "strays"
            """,
        "lms_tabled/migrations/__init__.py": "",
        "lms_tabled/migrations/0001_notes.py": """
            import sqlalchemy as sa
            from lms_tabled.models import Note
            from alembic import op
            revision, down_revision = "tabled_0001", None

            def upgrade():
                op.create_table(
                    "tabled_note", sa.Column("id", sa.Integer(), primary_key=True),
                    sa.Column("words", sa.String(80), nullable=False), sa.Column("colour", sa.Text(), nullable=True),
                    sa.Column("created_at", sa.DateTime(), nullable=False),
                    sa.Column("updated_at", sa.DateTime(), nullable=False),
                )
                op.create_table("notes_old", sa.Column("id", sa.Integer(), primary_key=True))

            def downgrade():
                op.drop_table("tabled_note")
            """,
    },
    "forward": {
        "lms_forward/plugin.py": '''
            from lms.extend import Plugin

            class Forward(Plugin):
                """Forward

                Cannot go back.
                """
                models = "lms_forward.models"
                migrations = "lms_forward.migrations"
            ''',
        "lms_forward/models.py": """
            from sqlalchemy.orm import Mapped
            from lms.api.db import Model

            class Note(Model):
                __tablename__ = "forward_note"
            """,
        "lms_forward/migrations/__init__.py": "",
        "lms_forward/migrations/0001_notes.py": """
            import sqlalchemy as sa
            from alembic import op
            revision, down_revision = "forward_0001", None

            def upgrade():
                op.create_table(
                    "forward_note", sa.Column("id", sa.Integer(), primary_key=True),
                    sa.Column("created_at", sa.DateTime(), nullable=False),
                    sa.Column("updated_at", sa.DateTime(), nullable=False),
                )

            def downgrade():
                raise NotImplementedError("there is no way back")
            """,
    },
    "tight": {
        "lms_tight/plugin.py": '''
            from lms.extend import Plugin

            class Tight(Plugin):
                """Tight

                Works only while nobody has used it.
                """
                models = "lms_tight.models"
                migrations = "lms_tight.migrations"
            ''',
        "lms_tight/models.py": """
            from sqlalchemy import ForeignKey
            from sqlalchemy.orm import Mapped, mapped_column
            from lms.api.db import Model

            class Note(Model):
                __tablename__ = "tight_note"
                person_id: Mapped[int] = mapped_column(ForeignKey("accounts_person.id"))
                size: Mapped[int]
            """,
        "lms_tight/migrations/__init__.py": "",
        "lms_tight/migrations/0001_notes.py": """
            import sqlalchemy as sa
            from alembic import op
            revision, down_revision = "tight_0001", None

            def upgrade():
                op.create_table(
                    "tight_note", sa.Column("id", sa.Integer(), primary_key=True),
                    sa.Column("person_id", sa.Integer(), sa.ForeignKey("accounts_person.id"), nullable=False),
                    sa.Column("created_at", sa.DateTime(), nullable=False),
                    sa.Column("updated_at", sa.DateTime(), nullable=False),
                )

            def downgrade():
                op.drop_table("tight_note")
            """,
        "lms_tight/migrations/0002_size.py": """
            import sqlalchemy as sa
            from alembic import op
            revision, down_revision = "tight_0002", "tight_0001"

            def upgrade():
                with op.batch_alter_table("tight_note") as table:
                    table.add_column(sa.Column("size", sa.Integer(), nullable=False))

            def downgrade():
                with op.batch_alter_table("tight_note") as table:
                    table.drop_column("size")
            """,
    },
    "misfit": {
        "pyproject.toml": """
            [project]
            name = "stoa-misfit"
            description = "Two plugins, neither where it should be."
            [project.entry-points."lms.plugins"]
            misfit = "lms_other.plugin:Other"
            commerce = "lms_commerce.plugin:Commerce"
            """,
    },
    "unsaid": {
        "lms_unsaid/plugin.py": """
            from lms.extend import Plugin
            from lms_unsaid import models

            class Unsaid(Plugin):
                '''Unsaid

                Keeps its tables to itself.
                '''
            """,
        "lms_unsaid/models.py": """
            from lms.api.db import Model

            class Note(Model):
                __tablename__ = "unsaid_note"
            """,
    },
    "unmade": {
        "lms_unmade/plugin.py": """
            from lms.extend import Plugin

            class Unmade(Plugin):
                '''Unmade

                Has tables, and nothing that makes them.
                '''
                models = "lms_unmade.models"
            """,
        "lms_unmade/models.py": """
            from lms.api.db import Model

            class Note(Model):
                __tablename__ = "unmade_note"
            """,
    },
    "branched": {
        "lms_branched/plugin.py": """
            from lms.extend import Plugin

            class Branched(Plugin):
                '''Branched

                Cannot decide.
                '''
                migrations = "lms_branched.migrations"
            """,
        "lms_branched/migrations/__init__.py": "",
        "lms_branched/migrations/0001_left.py": """
            revision, down_revision = "branched_left", None

            def upgrade():
                pass

            def downgrade():
                pass
            """,
        "lms_branched/migrations/0002_right.py": """
            revision, down_revision = "branched_right", None

            def upgrade():
                pass

            def downgrade():
                pass
            """,
    },
    "mistyped": {
        "lms_mistyped/plugin.py": """
            from lms.extend import Job, Plugin

            class Mistyped(Plugin):
                '''Mistyped

                Means well.
                '''

                def jobs(self):
                    return (Job(name="sync", run=print, order="first"),)
            """,
    },
    "leaving": {"lms_leaving/plugin.py": "import sys\nsys.exit(3)\n"},
    "gone": {"lms_gone/plugin.py": "import os\nos._exit(3)\n"},
    "lost": {"lms_lost/plugin.py": "def broken(:\n"},
}

# Plugin, rule, the file it is in, and words of the sentence.
EXPECTED = [
    ("described", "title", "lms_described/plugin.py:", "has no title"),
    ("described", "label", "lms_described/plugin.py:", "StepWords.title has no label"),
    ("described", "form", "lms_described/plugin.py:", "Nobody can fill in ShopWords.page"),
    ("described", "description", "pyproject.toml", "has no description"),
    ("described", "category", "pyproject.toml", "has no keywords"),
    ("described", "category", "lms_described/plugin.py:", "has no category"),
    ("described", "dependency", "pyproject.toml", "which Stoa it needs"),
    ("described", "readme", "README.md", "no README"),
    ("described", "tests", "tests", "no test"),
    ("described", "typed", "lms_described/py.typed", "typed"),
    ("described", "template", "lms_described/templates/page.html", "never used"),
    ("described", "template", "lms_described/templates/described/bad.html:1", "no template"),
    ("described", "policy", "lms_described/templates/described/bad.html:1", "inline style"),
    ("described", "template", "lms_described/plugin.py:", "There is no template described/nowhere.html"),
    ("described", "template", "lms_described/plugin.py:", "There is no template mail/described/letter.html"),
    ("described", "template", "lms_described/plugin.py:", "drawn by card.html"),
    ("described", "job", "lms_described/plugin.py:", "There is no job described.snyc"),
    ("described", "blueprint", "lms_described/plugin.py:", "called 'other'"),
    ("described", "blueprint", "lms_described/plugin.py:", "/described is never used"),
    ("described", "view", "lms_described/plugin.py:", "/ext/described/open does not say"),
    ("described", "name", "lms_described/plugin.py", "settings page general"),
    ("described", "label", "lms_described/plugin.py", "SettingsPage general has no label"),
    ("described", "label", "lms_described/plugin.py:", "WordlessForm.first has no label"),
    ("described", "help", "lms_described/plugin.py:", "WordlessForm.second has no help"),
    ("described", "capability", "lms_described/plugin.py", "'settings.mange'"),
    ("described", "icon", "lms_described/plugin.py", "no icon no-such-icon"),
    ("described", "nav", "lms_described/plugin.py", "leads to /admin/people"),
    ("described", "form", "lms_described/plugin.py:", "BlockWords.title cannot be stored"),
    ("described", "name", "lms_described/plugin.py", "'my_card'"),
    ("described", "block", "lms_described/plugin.py", "no upgrade"),
    ("described", "name", "lms_described/plugin.py", "'described/Shop'"),
    ("described", "help", "lms_described/plugin.py:", "DynamicLink described/Shop has no help"),
    ("described", "name", "lms_described/plugin.py", "'Sync All'"),
    ("described", "job", "lms_described/plugin.py:", "needs arguments"),
    ("described", "command", "lms_described/plugin.py", "The command tool"),
    ("described", "help", "lms_described/plugin.py:", "lms tool has no help"),
    ("described", "policy", "lms_described/plugin.py:", "script-src"),
    ("described", "service", "lms_described/plugin.py:", "'wallet'"),
    ("importing", "import", "lms_importing/plugin.py", "It cannot be imported: ImportError"),
    ("importing", "import", "lms_importing/plugin.py:1", "is for tests"),
    ("importing", "import", "lms_importing/plugin.py:2", "no public name nobody"),
    ("importing", "import", "lms_importing/plugin.py:4", "lms.web belongs to the core"),
    ("importing", "import", "tests/test_importing.py:1", "lms.jobs.runner belongs to the core"),
    ("reaching", "description", "lms_reaching/plugin.py:", "has no description"),
    ("reaching", "describe", "lms_reaching/plugin.py:", "reaches for the database in nav_items()"),
    ("reaching", "describe", "lms_reaching/plugin.py:", "reaches for the network in health_checks()"),
    ("reaching", "describe", "lms_reaching/plugin.py:", "jobs() says something else"),
    ("reaching", "describe", "lms_reaching/plugin.py:", "blueprint() says something else"),
    ("reaching", "describe", "lms_reaching/plugin.py:", "slots() returns str instead of Slot"),
    ("reaching", "describe", "lms_reaching/plugin.py:", "commands() fails: TypeError"),
    ("acting", "works", "lms_acting/plugin.py", "The settings page acting does not open: LookupError: no rows"),
    ("acting", "slot", "lms_acting/plugin.py:", "There is no place called course.ende"),
    ("acting", "outside", "lms_acting/plugin.py:", "Block far reaches for the network"),
    ("acting", "works", "lms_acting/plugin.py:", "Block undrawn fails"),
    ("acting", "hosts", "lms_acting/plugin.py:", "DynamicLink shop leads to https://shop.example and declares"),
    ("acting", "hosts", "lms_acting/plugin.py:", "DynamicLink portal leads to https://portal.example and declares"),
    ("acting", "link", "lms_acting/plugin.py:", "DynamicLink far writes https://far.example/"),
    ("acting", "link", "lms_acting/plugin.py:", "DynamicLink closed: available() returns False"),
    ("acting", "hosts", "lms_acting/plugin.py:", "'https://pay.example/now', which is no origin"),
    ("acting", "health", "lms_acting/plugin.py:", "HealthCheck worried answers"),
    ("acting", "health", "lms_acting/plugin.py:", "HealthCheck silent says broken"),
    ("acting", "health", "lms_acting/plugin.py:", "HealthCheck leading leads to https://far.example/"),
    ("acting", "works", "lms_acting/plugin.py:", "HealthCheck failing fails: LookupError"),
    ("tabled", "sealed", "lms_tabled/plugin.py", "SealedColumn words: 'notes' does not name one row"),
    ("tabled", "table", "lms_tabled/models.py:", "strays does not carry"),
    ("tabled", "migrations", "lms_tabled/migrations/0001_notes.py:2", "imports lms_tabled.models"),
    ("tabled", "migrations", "lms_tabled/migrations", "makes the table notes_old"),
    ("tabled", "migrations", "lms_tabled/migrations", "column tabled_note.added is in the models only"),
    (
        "tabled",
        "migrations",
        "lms_tabled/migrations",
        "nullable of tabled_note.colour is False in the models and True",
    ),
    ("tabled", "migrations", "lms_tabled/migrations", "type of tabled_note.colour is VARCHAR(20) in the models"),
    ("tabled", "migrations", "lms_tabled/migrations", "table strays is in the models only"),
    ("tabled", "migrations", "lms_tabled/migrations/0001_notes.py", "it leaves notes_old"),
    ("forward", "migrations", "lms_forward/migrations/0001_notes.py", "downgrade() of forward_0001 fails"),
    ("tight", "migrations", "lms_tight/migrations/0002_size.py", "upgrade() of tight_0002 fails"),
    ("misfit", "entry-point", "pyproject.toml", "'misfit' names the package lms_other"),
    ("misfit", "package", "pyproject.toml", "lms_other, which is not there"),
    ("misfit", "name", "pyproject.toml", "'commerce' is a name of Stoa's own"),
    ("misfit", "package", "pyproject.toml", "lms_commerce, which is not there"),
    ("unsaid", "models", "lms_unsaid/plugin.py", "has tables and does not say so"),
    ("unmade", "migrations", "lms_unmade/plugin.py:", "There are models and no migrations"),
    ("branched", "migrations", "lms_branched/migrations", "several newest revisions"),
    ("mistyped", "describe", "lms_mistyped/plugin.py:", "The host would not load it: ContractBroken: Job sync: order"),
    ("leaving", "import", "lms_leaving/plugin.py", "SystemExit: 3"),
    ("gone", "ends", "lms_gone.plugin", "ended the process"),
    ("lost", "syntax", "lms_lost/plugin.py:1", "no Python"),
]
