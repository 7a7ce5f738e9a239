"""The reference: a heading for everything that plugins may use, and examples that run."""

from __future__ import annotations

import enum
import inspect
import io
import re
import sys
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from _pytest.fixtures import FixtureFunctionDefinition
from PIL import Image

from lms.api import clock, commerce, db
from lms.api.web import Form
from lms.cli.main import cli
from lms.extend import Command, DynamicLink, Event, Job, Plugin, SettingsPage
from lms.extend.fields import PlainText, Secret
from lms.extend.places import PLACES
from lms.host.load import forget_tables
from lms.testing import fixtures, sites
from lms.testing.contract.describing import BLUEPRINT, METHODS, SERVICES, item_type
from lms.testing.makers import Makers
from lms.testing.plugins import add_plugin

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "api"))

import surface
from reading import DOCS, Block, blocks, headings, without_blocks

# All examples share one site.
pytestmark = pytest.mark.xdist_group("reference")

PAGE = DOCS / "plugins" / "reference.md"


def heading(name: str, thing: Any) -> str:
    """The heading of a public thing: names of the contract alone, others with their module, functions as called."""
    short = name.removeprefix("lms.api.").removeprefix("lms.extend.")
    if inspect.isfunction(thing) and not name.startswith("lms.extend."):
        return short + called(inspect.signature(thing))
    return short


def called(signature: inspect.Signature) -> str:
    """The parameters as a call shows them; types are left out."""
    bare = [one.replace(annotation=one.empty, default=plain(one.default)) for one in signature.parameters.values()]
    return str(inspect.Signature(bare))


class _Something:
    """A default that does not read like what one writes."""

    def __repr__(self) -> str:
        return "…"


def plain(default: Any) -> Any:
    """The default as one would write it."""
    if isinstance(default, enum.Enum):
        return default.value
    return default if isinstance(default, str | int | None | type) else _Something()


def wanted() -> dict[str, str]:
    """Heading by dotted name, for all that is public."""
    return {name: heading(name, thing) for name, thing in surface.things()}


def written() -> list[str]:
    return headings(PAGE, 3) + headings(PAGE, 4)


def test_everything_that_plugins_may_use_has_its_heading() -> None:
    missing = sorted(set(wanted().values()) - set(written()))
    assert not missing, "\nNo such heading in docs/plugins/reference.md (write it, and a sentence):\n" + "\n".join(
        f"#### `{one}`" for one in missing
    )


def test_no_heading_speaks_of_what_is_not_there() -> None:
    modules = {f"lms.api.{name}" for name in {one.split(".")[2] for one in wanted() if one.startswith("lms.api.")}}
    assert sorted(set(written()) - set(wanted().values()) - modules) == []
    assert len(written()) == len(set(written())), "a heading stands twice"
    assert modules <= set(headings(PAGE, 3))


@pytest.mark.parametrize("method", [method for method in METHODS if method not in {BLUEPRINT, SERVICES}])
def test_every_kind_of_item_is_told_with_its_method_and_an_example(method: str) -> None:
    kind = item_type(method).__name__
    section = re.search(rf"^### `?{kind}`?$(.*?)(?=^### |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert section, kind
    assert f"From `{method}()`" in section[1]
    assert f"{kind}(" in section[1], f"{kind} has no example"


def test_every_event_is_told_among_the_events() -> None:
    events = re.search(r"^## Events$(.*?)^## ", without_blocks(PAGE), re.MULTILINE | re.DOTALL)
    assert events
    told = re.findall(r"^### `?([\w.]+)`?$", events[1], re.MULTILINE)
    there = [name for name, thing in surface.things() if inspect.isclass(thing) and issubclass(thing, Event)]
    assert sorted(told) == sorted(name.removeprefix("lms.api.") for name in there if name.startswith("lms.api."))


def place_row(name: str) -> str:
    place = PLACES[name]
    gets = "; ".join(f"`{key}`: {words}" for key, words in place.context.items()) or "nothing"
    return f"| `{name}` | {place.where}{' *(shared)*' if place.shared else ''} | {gets} |"


def test_every_place_has_its_row() -> None:
    rows = [place_row(name) for name in PLACES]
    missing = [row for row in rows if row not in PAGE.read_text()]
    assert not missing, "\n" + "\n".join(missing)


def test_every_fixture_for_authors_has_its_row() -> None:
    names = {
        name
        for name, thing in vars(fixtures).items()
        if isinstance(thing, FixtureFunctionDefinition) and not name.startswith("_")
    }
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text().partition("\n## Tests\n")[2], re.MULTILINE))
    assert rows == names


# The examples ------------------------------------------------------------------------------------------------------


class HelloForm(Form):
    greeting = PlainText("Greeting", default="Hello")
    api_key = Secret("Key")


class Hello(Plugin):
    """Hello

    The plugin of the examples.
    """

    name = "hello"

    def settings_pages(self) -> tuple[SettingsPage, ...]:
        return (SettingsPage(name="hello", label="Hello", form=HelloForm),)

    def jobs(self) -> tuple[Job, ...]:
        return (Job(name="sync", run=lambda person_id: None),)

    def dynamic_links(self) -> tuple[DynamicLink, ...]:
        return (DynamicLink(name="shop", label="Shop", available=lambda ctx: True, open=lambda ctx, args: "/"),)

    def commands(self) -> tuple[Command, ...]:
        return (Command(name="hello", command=click.Command("hello")),)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sites.TestSite]:
    folder = tmp_path_factory.mktemp("site")
    mails = folder / "templates" / "mail" / "hello"
    mails.mkdir(parents=True)
    (mails / "letter.txt").write_text("Hello {{ name }}")
    (mails / "letter.html").write_text("<p>Hello {{ name }}</p>")
    with sites.site(folder) as fresh:
        add_plugin(fresh.app, Hello())
        yield fresh


@pytest.fixture(scope="module")
def given(site: sites.TestSite) -> dict[str, Any]:
    """What the examples have at hand."""
    make = Makers()
    course = make.course(lessons=1, sections=1, title="Letters to a friend")
    product = make.product(course)
    offer = make.offer(product)
    buyer = make.person()
    with db.writes():
        order = commerce.place_order(buyer.id, offer.id, "hello", clock.now())
    return {
        "person": make.person(name="Ada", email="ada@example.org"),
        "owner": make.person(role="owner"),
        "course": course.outline.course,
        "product": product,
        "offer": offer,
        "order": order,
    }


def picture() -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", (2, 2), "navy").save(stream, "PNG")
    stream.seek(0)
    return stream


def block_id(block: Block) -> str:
    return f"line {block.line}"


CODE = [block for block in blocks(PAGE) if block.language == "python"]


@pytest.mark.parametrize("block", CODE, ids=block_id)
def test_each_example_runs(block: Block, site: sites.TestSite, given: dict[str, Any]) -> None:
    # A module of its own, since tables look for the module that they were written in.
    module = types.ModuleType(f"example_of_line_{block.line}")
    module.__dict__.update(given, picture=picture())
    sys.modules[module.__name__] = module
    code = compile("\n" * block.line + block.text, str(PAGE), "exec")
    with site.app.test_request_context():
        try:
            exec(code, module.__dict__)
        finally:
            db.rollback()
            forget_tables(module.__name__)
            del sys.modules[module.__name__]


@pytest.mark.parametrize("block", [b for b in blocks(PAGE) if b.language == "jinja"], ids=block_id)
def test_each_template_can_be_read(block: Block, site: sites.TestSite) -> None:
    site.app.jinja_env.from_string(block.text)


def test_every_block_is_of_a_kind_that_is_tried() -> None:
    pages = sorted((DOCS / "plugins").glob("*.md"))
    untried = [
        str(block)
        for page in pages
        for block in blocks(page)
        if block.language not in {"python", "jinja", "toml", "console", "html"} and not block.path
    ]
    assert untried == []


@pytest.mark.parametrize("block", [b for b in blocks(PAGE) if b.language == "toml"], ids=block_id)
def test_each_piece_of_toml_can_be_read(block: Block) -> None:
    assert tomllib.loads(block.text)


def commands() -> list[str]:
    """Every ``lms …`` that the words of the pages name."""
    found = set()
    for page in sorted((DOCS / "plugins").glob("*.md")):
        found |= set(re.findall(r"`(lms [a-z][^`]*)`", without_blocks(page)))
        for block in blocks(page):
            if block.language == "console":
                found |= {line for line in block.text.splitlines() if line.startswith("lms ")}
    return sorted(found)


@pytest.mark.parametrize("line", commands())
def test_each_command_that_is_named_exists(line: str) -> None:
    command: click.Command | None = cli
    for word in line.split()[1:]:
        if not isinstance(command, click.Group):
            break
        if word == "hello":
            return  # the example's own
        command = command.get_command(click.Context(command), word)
        assert command is not None, f"{line}: there is no {word}"


def anchors(page: Path) -> set[str]:
    """What a link may name of a page: its headings, as the forge writes them."""
    found = [one for level in (1, 2, 3, 4) for one in headings(page, level)]
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in found}


def links() -> list[tuple[Path, str]]:
    return [
        (page, target)
        for page in sorted(DOCS.rglob("*.md"))
        for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(page))
        if not target.startswith(("http://", "https://", "mailto:"))
    ]


@pytest.mark.parametrize(("page", "target"), links(), ids=lambda value: value if isinstance(value, str) else value.stem)
def test_each_link_of_the_docs_leads_somewhere(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    assert file.exists(), target
    assert not anchor or anchor in anchors(file), target
