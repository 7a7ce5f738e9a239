"""``lms blocks``: list, schema, check."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from lms import db
from lms.app import create_app
from lms.content import catalog, checking, schema
from lms.content import document as documents
from lms.content.problems import DocumentInvalid
from lms.editor import everything
from lms.extend import Block
from lms.host.config import load as load_config


@click.group("blocks")
def blocks() -> None:
    """Blocks: which there are, what their properties are, whether the site's documents can be drawn."""


@blocks.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def list_blocks(as_json: bool) -> None:
    """Every block that the core and active plugins know, by category."""
    with create_app(load_config()).app_context():
        found = [_row(block) for block in _known()]
        db.rollback()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for row in found:
        click.echo(f"{row['type']:<28} {row['category'] or '-':<10} {row['label']:<26} {row['description']}")


def _known() -> list[Block]:
    found = catalog.current().blocks.values()
    return sorted(found, key=lambda block: (block.category, block.order, block.plugin, block.name))


def _row(block: Block) -> dict[str, Any]:
    return {
        "type": block.full_name, "label": str(block.label), "description": str(block.description),
        "category": block.category, "icon": block.icon, "version": block.version, "slots": sorted(block.slots),
        "depends_on": list(block.depends_on), "needs": block.needs,
    }  # fmt: skip


@blocks.command("schema")
@click.argument("block_type", required=False)
def show_schema(block_type: str | None) -> None:
    """The JSON Schema of a block, such as core/button; of all blocks without one."""
    with create_app(load_config()).app_context():
        known = {block.full_name: block for block in _known()}
        if block_type is not None and block_type not in known:
            raise click.ClickException(f"There is no block {block_type}. lms blocks list names all.")
        wanted = [known[block_type]] if block_type else list(known.values())
        found = [schema.of_block(one) for one in wanted]
        db.rollback()
    click.echo(json.dumps(found[0] if block_type else found, indent=2, ensure_ascii=False))


@blocks.command("check")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def check(as_json: bool) -> None:
    """Look at every document that visitors or editors have; exit status 1 when a block of one cannot be drawn.

    Names blocks whose plugin is not active, and properties that their block would refuse. Nothing is changed.
    """
    with create_app(load_config()).app_context():
        looked, found = 0, []
        for where, tree in everything.trees():
            looked += 1
            found += [{"document": where, **finding} for finding in _findings(tree)]
        db.rollback()
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{one['document']}: {one['path']}: {one['sentence']}")
        click.echo(f"{looked} documents looked at, {len(found)} findings.")
    if found:
        raise SystemExit(1)


def _findings(tree: Any) -> list[dict[str, str]]:
    unknown: Counter[str] = Counter()
    for node in documents.blocks(tree["root"]):
        if catalog.current().block(node["type"], node["v"]) is None:
            unknown[node["type"]] += 1
    found = [
        {
            "path": kind,
            "sentence": f"{number} of them need the plugin {kind.split('/')[0]}; visitors see nothing there.",
        }
        for kind, number in sorted(unknown.items())
    ]
    try:
        checking.checked(tree, catalog.current())
    except DocumentInvalid as invalid:
        found += [{"path": fault.path, "sentence": fault.sentence} for fault in invalid.faults]
    return found
