"""The templates of a theme: do they fit what they override, and would a browser be allowed to show them?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from jinja2 import TemplateNotFound, TemplateSyntaxError, nodes

from lms.extend.places import PLACES
from lms.themes import check_assets
from lms.themes.catalog import Theme
from lms.themes.chain import ChainLoader, ThemeEnvironment
from lms.themes.findings import Finding, line_at
from lms.themes.layers import OUTSIDE, PARENT
from lms.themes.manifest import KINDS_OF, meant

_JINJA = re.compile(r"\{#.*?#\}", re.S)
_BLOCKED = (
    (re.compile(r"<style\b", re.I), "a style element"),
    (re.compile(r"<[a-z][^<>]*?\sstyle\s*=", re.I), "a style attribute"),
    (re.compile(r"<script(?![^>]*\ssrc\s*=)", re.I), "a script without src"),
    (re.compile(r"<[a-z][^<>]*?\son[a-z]+\s*=", re.I), "a script in an attribute"),
    (re.compile(r"""(?:href|src|action)\s*=\s*["']?\s*javascript:""", re.I), "a javascript: address"),
)
_OTHER_HOST = re.compile(
    r"""<(?:script|img|source|iframe|video|audio|embed|object)\b[^<>]*?\s(?:src|data|poster)\s*=\s*["']?(?:https?:)?//"""
    r"""|<link\b[^<>]*?rel\s*=\s*["']?(?:stylesheet|preload|icon)[^<>]*?href\s*=\s*["']?(?:https?:)?//""",
    re.I,
)


_OWN = "@0:"
"""The layer of the theme that is checked; the others are only looked up in."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A template's syntax tree and what was read out of it. ``extends``: the name that it says, None for none."""

    name: str
    tree: nodes.Template
    extends: str | None
    own_blocks: tuple[tuple[str, int], ...]
    """Blocks that stand outside any other block, with their lines."""
    blocks: frozenset[str]


def parse(name: str, source: str, environment: ThemeEnvironment) -> Parsed:
    """Read the source. Raises ``TemplateSyntaxError``, in the theme's own also for unknown filters and tests."""
    tree = environment.parse(source, name)
    if name.startswith(_OWN):
        environment.compile(source, name)
    said = next((node for node in tree.find_all(nodes.Extends)), None)
    extends = said.template.value if said is not None and isinstance(said.template, nodes.Const) else None
    return Parsed(
        name, tree, extends,
        tuple((block.name, block.lineno) for block in _outer_blocks(tree)),
        frozenset(block.name for block in tree.find_all(nodes.Block)),
    )  # fmt: skip


def _outer_blocks(node: nodes.Node) -> Iterator[nodes.Block]:
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Block):
            yield child
        else:
            yield from _outer_blocks(child)


@dataclass
class Templates:
    """The templates of one theme, as the first layer of ``loader``."""

    theme: Theme
    themes: list[Theme]
    environment: ThemeEnvironment
    loader: ChainLoader
    _parsed: dict[str, Parsed | None] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong, template by template."""
        for name in self._names:
            yield from self._template(name)

    @cached_property
    def _names(self) -> list[str]:
        folder = self.theme.templates
        files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        return [path.relative_to(folder).as_posix() for path in files]

    @cached_property
    def _below(self) -> set[str]:
        return set(ChainLoader(self.loader.layers[1:]).list_templates())

    def _finding(self, name: str, line: int, sentence: str) -> Finding:
        return Finding(f"templates/{name}", line, sentence)

    def _template(self, name: str) -> Iterator[Finding]:
        if self.environment.is_for_staff(name):
            yield self._finding(name, 0, "admin templates stand outside the themes: this one is never used.")
            return
        source = (self.theme.templates / name).read_text(encoding="utf-8", errors="replace")
        yield from self._blocked(name, source)
        try:
            parsed = self._parse(f"{_OWN}{name}")
        except TemplateSyntaxError as error:
            yield self._finding(name, error.lineno, f"{error.message}.".replace("..", "."))
            return
        if parsed is None:
            return
        if not self._is_known(name):
            yield self._finding(
                name,
                0,
                f"overrides nothing: nobody below has a template of this name{meant(name, self._below)}.",
            )
        yield from self._references(name, parsed)
        yield from self._blocks(name, parsed)
        yield from self._blocks_of_others(name, parsed)
        yield from self._calls(name, parsed)

    def _blocked(self, name: str, source: str) -> Iterator[Finding]:
        text = _JINJA.sub(lambda match: "\n" * match[0].count("\n"), source)
        # Letters are read by mail programs, which know styles only where they stand.
        if name.startswith("mail/"):
            return
        for pattern, what in _BLOCKED:
            for match in pattern.finditer(text):
                line = line_at(text, match.end())
                yield self._finding(name, line, f"{what}: the content-security policy blocks it. Use assets/ instead.")
        for match in _OTHER_HOST.finditer(text):
            line = line_at(text, match.end())
            yield self._finding(name, line, "loads from another host: the content-security policy blocks it.")

    def _is_known(self, name: str) -> bool:
        of, _slash, rest = name.partition("/")
        if name in self._below or (of in KINDS_OF and rest.endswith(".html") and "/" not in rest):
            return True
        return name in self._used

    @cached_property
    def _used(self) -> set[str]:
        """Templates that others of the theme extend, include or import."""
        used: set[str] = set()
        for name in self._names:
            try:
                parsed = None if name.startswith(OUTSIDE) else self._parse(f"{_OWN}{name}")
            except TemplateSyntaxError:
                continue
            if parsed is not None:
                used |= {target.removeprefix(PARENT) for target, _line, _needed in _targets(parsed.tree)}
        return used

    def _parse(self, name: str) -> Parsed | None:
        """The template under a name of the loader (``@1:x.html``); None where there is none."""
        if name not in self._parsed:
            try:
                file = self.loader.file(name)
            except TemplateNotFound:
                self._parsed[name] = None
            else:
                source = file.read_text(encoding="utf-8", errors="replace")
                self._parsed[name] = parse(name, source, self.environment)
        return self._parsed[name]

    def _ancestors(self, name: str) -> Iterator[Parsed]:
        """What the template extends, the nearest first, as far as it can be known without drawing."""
        for _step in range(20):
            try:
                parsed = self._parse(name)
            except TemplateSyntaxError:
                return
            if parsed is None or parsed.extends is None:
                return
            try:
                name = self.loader.join(parsed.extends, name)
                above = self._parse(name)
            except (TemplateNotFound, TemplateSyntaxError):
                return
            if above is None:
                return
            yield above

    def _references(self, name: str, parsed: Parsed) -> Iterator[Finding]:
        for target, line, needed in _targets(parsed.tree):
            try:
                self.loader.find(self.loader.join(target, f"{_OWN}{name}"))
            except TemplateNotFound:
                if needed:
                    close = meant(target, self._below | set(self._names))
                    yield self._finding(name, line, f"there is no template {target}{close}.")

    def _blocks(self, name: str, parsed: Parsed) -> Iterator[Finding]:
        if parsed.extends is None:
            return
        known = set().union(*(one.blocks for one in self._ancestors(f"{_OWN}{name}")))
        if not known:
            return
        for block, line in parsed.own_blocks:
            if block not in known:
                yield self._finding(
                    name,
                    line,
                    f"{parsed.extends} has no block {block}, so it is never shown{_nearest(block, known)}.",
                )

    def _blocks_of_others(self, name: str, parsed: Parsed) -> Iterator[Finding]:
        """Blocks that templates fill which extend this one, and that were there before the theme took its place."""
        before = self._parse(f"@1:{name}") if name in self._below else None
        if before is None or parsed.extends is not None:
            return
        lost = before.blocks - parsed.blocks
        if not lost:
            return
        fillers: dict[str, list[str]] = {}
        for other in self._below:
            try:
                filled = self._parse(other)
            except TemplateSyntaxError:
                continue
            if filled is None or other.startswith(OUTSIDE):
                continue
            if any(one.tree is parsed.tree or one.name == f"{_OWN}{name}" or one.name == name
                   for one in self._ancestors(other)):  # fmt: skip
                for block, _line in filled.own_blocks:
                    if block in lost:
                        fillers.setdefault(block, []).append(other)
        for block, others in sorted(fillers.items()):
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            yield self._finding(
                name, 0, f"has no block {block}: what {min(others)}{more} put there would not be shown."
            )

    def _calls(self, name: str, parsed: Parsed) -> Iterator[Finding]:
        places = {*PLACES, *(place for theme in self.themes for place in theme.manifest.places)}
        for call in parsed.tree.find_all(nodes.Call):
            if not isinstance(call.node, nodes.Name) or not call.args or not isinstance(call.args[0], nodes.Const):
                continue
            said = str(call.args[0].value)
            if call.node.name == "asset" and said.startswith("theme/"):
                if not check_assets.has(self.themes, said.removeprefix("theme/")):
                    yield self._finding(name, call.lineno, f"the asset {said} is in no theme of the chain.")
            elif call.node.name == "slot" and "/blocks/" not in name and said not in places:
                yield self._finding(
                    name, call.lineno,
                    f"the place {said} is not declared: add it under [places] in theme.toml{meant(said, places)}.",
                )  # fmt: skip


def _targets(tree: nodes.Template) -> Iterator[tuple[str, int, bool]]:
    """Templates that a template names: name, line, and whether it fails without them."""
    for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        needed = not getattr(node, "ignore_missing", False)
        template: Any = node.template  # type: ignore[attr-defined]
        if isinstance(template, nodes.Const) and isinstance(template.value, str):
            yield template.value, node.lineno, needed
        elif isinstance(template, nodes.Const) and isinstance(template.value, tuple | list):
            yield from ((one, node.lineno, False) for one in template.value)
        elif isinstance(template, nodes.List | nodes.Tuple):
            constants = [one for one in template.items if isinstance(one, nodes.Const)]
            yield from ((one.value, node.lineno, False) for one in constants)


def _nearest(word: str, known: set[str]) -> str:
    close = get_close_matches(word, sorted(known), n=1)
    return f": did you mean {close[0]}?" if close else ""
