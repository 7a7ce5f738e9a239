"""The shape of a stored document.

``{"schema": 1, "root": {"id", "type", "v", "props", "slots"}}``, a tree of blocks. What a plugin wrote that is not
active now is kept as it is; what we know is checked strictly (``checking``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from flask_babel import gettext as _

from lms.base.ids import short_id
from lms.content.problems import DocumentInvalid, Fault
from lms.extend import Block
from lms.host import guard

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 12
MAX_BLOCKS = 2_000
CORE = "core"
"""The source of the blocks that come with Stoa: they are stored as ``core/<name>``."""
ROOT_TYPE = f"{CORE}/page"

Json = dict[str, Any]


def empty() -> Json:
    """A document without blocks."""
    return {"schema": 1, "root": new_block(ROOT_TYPE, slots={"main": []})}


def new_block(kind: str, props: Mapping[str, Any] | None = None, *, slots: Mapping[str, Any] | None = None) -> Json:
    """A block as JSON with a fresh id; ``kind`` is its full type, such as ``core/heading``."""
    block: Json = {"id": short_id(), "type": kind, "v": 1, "props": dict(props or {})}
    if slots is not None:
        block["slots"] = dict(slots)
    return block


def parse(text: str) -> Json:
    """The JSON of a document. Raises ``DocumentInvalid`` with line and column; its shape is not looked at."""
    try:
        tree = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        where = _("line %(line)s, column %(column)s", line=error.lineno, column=error.colno)
        raise DocumentInvalid([Fault(where, _("This is not JSON: %(reason)s.", reason=error.msg))]) from error
    except _TwiceError as error:
        said = _("The key %(key)s stands twice in one object; keep one of them.", key=error.args[0])
        raise DocumentInvalid([Fault("document", said)]) from error
    except RecursionError as error:
        raise DocumentInvalid([Fault("document", _("It is nested too deeply."))]) from error
    return tree


class _TwiceError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        raise _TwiceError(next(key for key, _value in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return result


def upgraded(known: Block, props: Json, version: int) -> tuple[Json, int]:
    """The properties as the block's present version has them, and that version; as they were if it cannot."""
    if known.upgrade is None or version >= known.version:
        return props, version
    newer = guard.call(
        known.plugin, f"upgrade of {known.full_name}", known.upgrade, deepcopy(props), version, check=guard.of(dict)
    )
    return (props, version) if newer is None else (newer, known.version)


def blocks(block: Mapping[str, Any]) -> Iterator[Any]:
    """The block and all below it, parents first. For documents that were checked."""
    yield block
    for children in block.get("slots", {}).values():
        for child in children:
            yield from blocks(child)
