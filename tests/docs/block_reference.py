"""``docs/blocks.md`` and its pictures: every block and pattern that comes with Stoa, as the registry knows them.

After changing a block::

    .venv/bin/python tests/docs/block_reference.py --write      # the text
    make block-pictures                                         # the pictures, with Chromium
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from PIL import Image

from lms import db
from lms.content import catalog, planting, schema
from lms.content.document import empty
from lms.extend import Block, Pattern
from lms.pages import services as pages
from lms.testing import sites
from lms.testing.chromium import ARGUMENTS, CHROMIUM
from lms.testing.makers import Makers

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "blocks.md"
PICTURES = ROOT / "docs" / "images" / "blocks"
COMMAND = ".venv/bin/python tests/docs/block_reference.py --write"
LARGEST = 20_000
PLUGINS = ("stripe", "announcements")
TITLES = {
    "text": "Text", "content": "Content", "layout": "Layout", "courses": "Courses", "selling": "Selling",
    "account": "Account",
}  # fmt: skip
# What only a certain person sees, or sees only while something is sold or announced, has no picture.
UNSEEN = frozenset({
    "core/video", "core/spacer", "core/condition", "commerce/subscription", "stripe/portal-card",
    "announcements/latest",
})  # fmt: skip
_HEAD = f"""# The blocks

Everything that can be added to a page, a lesson or a course’s page. `lms blocks list` names the blocks of a site, those
of its plugins too; `lms blocks schema core/button` prints the JSON Schema of one; `lms blocks check` says which
documents hold blocks that nobody knows any more. How editors use them: [editing](editing.md). How a plugin adds one:
[Block](plugins/reference.md#block).

This page is written by `{COMMAND}`.
"""


def known() -> list[Block]:
    """The blocks that people can add, in the order of the editor's library."""
    found = [block for block in catalog.current().blocks.values() if block.category]
    order = list(TITLES)
    return sorted(found, key=lambda one: (order.index(one.category), one.order, one.plugin, one.name))


def patterns() -> list[Pattern]:
    """The patterns, in the order of the library."""
    return list(catalog.current().patterns.values())


def picture(item: Block | Pattern) -> Path:
    """Where the picture of a block or a pattern is."""
    return PICTURES / f"{'pattern-' if isinstance(item, Pattern) else ''}{item.plugin}-{item.name}.webp"


def text() -> str:
    """The page."""
    parts = [_HEAD]
    category = ""
    for block in known():
        if block.category != category:
            category = block.category
            parts.append(f"## {TITLES[category]}\n")
        parts.append(_block(block))
    parts.append("## Patterns\n\nBlocks that belong together, inserted as one. They are copies: write over them.\n")
    parts += [f"### {one.label}\n\n{one.description}\n\n{_shown(one)}" for one in patterns()]
    return "\n".join(parts)


def _shown(item: Block | Pattern) -> str:
    return f"![{item.label}]({picture(item).relative_to(PAGE.parent)})\n"


def _block(block: Block) -> str:
    lines = [f"### {block.label}", "", f"{block.description or block.form.__doc__} Stored as `{block.full_name}`.", ""]
    if block.full_name not in UNSEEN:
        lines += [_shown(block)]
    rows = [_row(name, told) for name, told in schema.of_props(block).items()]
    if rows:
        lines += ["| property | what it is | takes |", "|---|---|---|", *rows, ""]
    if block.slots:
        slots = "; ".join(
            f"`{name}`: {'all blocks' if '*' in slot.allow else ', '.join(f'`{one}`' for one in slot.allow)}"
            for name, slot in block.slots.items()
        )
        lines += [f"Holds blocks in {slots}.", ""]
    return "\n".join(lines)


def _row(name: str, told: dict[str, Any]) -> str:
    return f"| `{name}` | {told['title']} | {_takes(told)} |"


def _takes(told: dict[str, Any]) -> str:
    if "enum" in told:
        return ", ".join(f"`{one}`" if one != "" else "nothing" for one in told["enum"])
    if told.get("$ref"):
        return "a link"
    if told.get("contentMediaType"):
        return "formatted words"
    if told["type"] == "integer" and "minimum" in told:
        return f"a whole number from {told['minimum']} to {told['maximum']}"
    if isinstance(told["type"], list):
        kind, _none = told["type"]
        return f"its {'number' if kind == 'integer' else 'short name'}, or nothing"
    if "items" in told and "properties" in told["items"] and "rule" not in told["items"]["properties"]:
        return "a list: " + ", ".join(f"`{one}`" for one in told["items"]["properties"])
    kinds = {
        "string": "words", "boolean": "yes or no", "object": "a file of the media library", "array": "conditions",
        "integer": "a whole number",
    }  # fmt: skip
    return kinds[told["type"]]


@contextmanager
def site(folder: Path, **options: Any) -> Iterator[sites.TestSite]:
    """A site with everything that the reference shows."""
    with sites.site(folder, plugins=PLUGINS, **options) as fresh, fresh.app.test_request_context("/"):
        yield fresh


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def _offer(make: Makers) -> tuple[str, str]:
    make.course(title="Minutes people read", cover="table", teacher_name="Daniel Okoye")
    make.course(title="Plain contracts", cover="mountain", teacher_name="Peter Lindqvist")
    course = make.course(
        title="Letters that get answered", lessons=6, sections=2, cover="letter", teacher_name="Margaret Ellis",
        outcomes=["Say in one line what a letter is for", "Set a date without sounding like a threat"],
        questions=[{"q": "How long do I keep the course?", "a": "For as long as this school is open."}],
    )  # fmt: skip
    product = make.product(course)
    return product.slug, make.offer(product, kind="free", amount=0).public_id


def draw() -> None:
    """Take a picture of every block and pattern. Needs Chromium."""
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, site(Path(folder), site_url="http://127.0.0.1:8764") as fresh:
        product, offer = _offer(Makers())
        shown: dict[str, Block | Pattern] = {}
        for number, item in enumerate([*(one for one in known() if one.full_name not in UNSEEN), *patterns()]):
            if isinstance(item, Pattern):
                node = planting.of_pattern(item)
            else:
                more = {name: value for name, value in (("product", product), ("offer", offer)) if name in item.form()}
                node = planting.inserted(item, {**item.example, **more})
                for slot in node.get("slots", {}):
                    node["slots"][slot] = node["slots"][slot] or planting.planted(
                        ({"type": "core/text", "props": {"html": "<p>Whatever stands in here.</p>"}},)
                    )
            tree = empty()
            tree["root"]["slots"]["main"] = [node]
            pages.create_page(slug=f"shown-{number}", title="x", document=tree, actor_id=None)
            shown[f"/shown-{number}"] = item
        db.commit()
        server = make_server("127.0.0.1", 8764, fresh.app, _Server, _Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
            for path, item in shown.items():
                # Patterns are as wide as a page, blocks as a column of it.
                page.set_viewport_size({"width": 1280 if isinstance(item, Pattern) else 720, "height": 900})
                page.goto(f"http://127.0.0.1:8764{path}")
                page.wait_for_load_state("networkidle")
                box = page.locator("main > .blocks > :last-child").bounding_box()
                assert box is not None, item.full_name
                edge = 24
                clip = {
                    "x": max(box["x"] - edge, 0), "y": max(box["y"] - edge, 0),
                    "width": min(box["width"] + 2 * edge, 1280), "height": min(box["height"] + 2 * edge, 1000),
                }  # fmt: skip
                _keep(page.screenshot(clip=clip, full_page=True), picture(item))
            chromium.close()
        server.shutdown()


def _keep(shot: bytes, file: Path) -> None:
    """Small enough for the repository, whatever is on it."""
    drawn = Image.open(io.BytesIO(shot)).convert("RGB")
    drawn.thumbnail((880, 700))
    for quality in (80, 65, 50, 35):
        stream = io.BytesIO()
        drawn.save(stream, "WEBP", quality=quality, method=6)
        if stream.tell() < LARGEST:
            break
    file.write_bytes(stream.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/blocks.md")
    parser.add_argument("--pictures", action="store_true", help="take the pictures anew")
    asked = parser.parse_args()
    if asked.pictures:
        draw()
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)):
        written = text()
    if asked.write or asked.pictures:
        PAGE.write_text(written, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != written:
        sys.exit(f"docs/blocks.md is out of date. Run: {COMMAND}")


if __name__ == "__main__":
    main()
