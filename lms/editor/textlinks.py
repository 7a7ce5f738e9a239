"""Links on words of a text: checked like those of a button, and written as formatted text stores them."""

from __future__ import annotations

import json
from typing import Any

from lms.content import catalog, linkjson
from lms.content.problems import Fault, OperationRefused
from lms.editor import received


def attributes(raw: Any) -> dict[str, str]:
    """The attributes of the ``a`` element. Raises ``OperationRefused``, naming each field."""
    link = received.link(raw)
    faults: list[Fault] = []
    linkjson.check(
        link, "link", catalog.current(), lambda path, said: faults.append(Fault(path.removeprefix("link."), said))
    )
    if faults:
        raise OperationRefused(faults[0].sentence, faults)
    found = {"target": "_blank"} if link.get("new_tab") else {}
    if link.get("kind") != "dynamic":
        return {"href": str(link.get("href", ""))} | found
    found |= {
        "data-link": f"{link['source']}/{link['key']}",
        "data-args": json.dumps(link.get("args", {})),
        "data-unavailable": str(link.get("unavailable", "hide")),
    }
    if link.get("fallback"):
        found["data-fallback"] = json.dumps(link["fallback"])
    return found
