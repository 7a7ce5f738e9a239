"""Names that the plugin's modules give to its own things: templates, mails, jobs. Each has to be there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lms.extend import Job
from lms.testing.contract.describing import Described
from lms.testing.contract.finding import Finding
from lms.testing.contract.stage import Stage


@dataclass(frozen=True, slots=True)
class _Said:
    """A word in a module: what it names (template or job), and where it stands."""

    what: str
    word: str
    where: str


def check(stage: Stage, described: Described) -> Iterator[Finding]:
    """Each template, mail and job of the plugin that is named somewhere is there."""
    folder = stage.distribution.plugin_folder(stage.entry) / "templates"
    jobs = {f"{stage.name}.{item.name}" for _method, item in described.items if isinstance(item, Job)}
    for said in _all(stage):
        if said.what == "job":
            if said.word.startswith(f"{stage.name}.") and said.word not in jobs:
                do = f"There are: {', '.join(sorted(jobs)) or 'none'}."
                yield Finding(said.where, "job", f"There is no job {said.word}.", do)
        elif said.word.startswith(f"mail/{stage.name}/"):
            for suffix in (".txt", ".html"):
                if not (folder / f"{said.word}{suffix}").is_file():
                    do = f"Make templates/{said.word}{suffix}: a letter has one for each kind of reader."
                    yield Finding(said.where, "template", f"There is no template {said.word}{suffix}.", do)
        elif said.word.startswith(f"{stage.name}/") and not (folder / said.word).is_file():
            yield Finding(said.where, "template", f"There is no template {said.word}.", f"Make templates/{said.word}.")


def _all(stage: Stage) -> Iterator[_Said]:
    for file in stage.distribution.python_files(stage.distribution.package_folder(stage.entry)):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield from _of_call(stage, file, node)


def _of_call(stage: Stage, file: Path, call: ast.Call) -> Iterator[_Said]:
    function = getattr(call.func, "attr", getattr(call.func, "id", ""))
    first = _text(call.args[0]) if call.args else ""
    found = {"render": ("template", first), "enqueue": ("job", first)}.get(function)
    if found and first:
        yield _Said(*found, stage.distribution.shown(file, call.lineno))
    for keyword in call.keywords:
        if keyword.arg == "template" and _text(keyword.value):
            yield _Said("template", _text(keyword.value), stage.distribution.shown(file, keyword.value.lineno))


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
