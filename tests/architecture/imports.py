"""Reading the imports of a package from its source, without running any of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One import: which module says it, what it names, where, and whether a function hides it."""

    module: str
    target: str
    line: int
    hidden: bool
    typing_only: bool


def module_name(file: Path, root: Path) -> str:
    """``lms/web/page.py`` is ``lms.web.page``, ``lms/web/__init__.py`` is ``lms.web``."""
    parts = list(file.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def _walk(node: ast.AST, hidden: bool, typing_only: bool) -> Iterator[tuple[ast.AST, bool, bool]]:
    for child in ast.iter_child_nodes(node):
        inside = hidden or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typed = typing_only or _is_type_checking(node)
        yield child, inside, typed
        yield from _walk(child, inside, typed)


def imports_of(file: Path, root: Path) -> Iterator[Import]:
    """Every import statement of the file; ``from a import b`` counts as ``a.b``."""
    name = module_name(file, root)
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node, hidden, typed in _walk(ast.parse(file.read_text(encoding="utf-8")), False, False):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node.lineno, hidden, typed)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [base])])
            for alias in node.names:
                yield Import(name, f"{base}.{alias.name}", node.lineno, hidden, typed)


def all_imports(package: Path) -> list[Import]:
    """Every import of every file of the package."""
    return [found for file in sorted(package.rglob("*.py")) for found in imports_of(file, package.parent)]


def resolve(target: str, modules: set[str]) -> str | None:
    """The module of the package that the target lives in: the longest name that is a module."""
    while target:
        if target in modules:
            return target
        target = target.rpartition(".")[0]
    return None


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other in a circle (strongly connected, Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1 or node in graph.get(node, ()):
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found
