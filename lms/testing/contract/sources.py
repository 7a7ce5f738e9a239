"""What a plugin's modules import, and from where."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

from lms.testing.contract.distribution import Distribution
from lms.testing.contract.finding import Finding

_CONTRACT = ("lms.extend", "lms.api")
_TESTING = "lms.testing"


def check(distribution: Distribution) -> Iterator[Finding]:
    """Syntax, and imports of the core: modules use the contract and the facade, tests ``lms.testing`` as well."""
    packages = {distribution.package_folder(entry) for entry in distribution.entries}
    for package in sorted(packages):
        for file in distribution.python_files(package):
            inside = file.relative_to(package).with_suffix("").parts
            # A module called testing is what the plugin offers to tests, its own and those of others.
            yield from _module(distribution, file, in_tests="testing" in inside or "tests" in inside)
    for file in distribution.python_files(distribution.root):
        if not any(file.is_relative_to(package) for package in packages):
            yield from _module(distribution, file, in_tests=True)
    yield from _dependency(distribution, packages)


def is_broken(found: list[Finding]) -> bool:
    """Whether a module cannot even be read, so that running it would only say the same again."""
    return any(one.rule in {"syntax", "package"} for one in found)


def _module(distribution: Distribution, file: Path, *, in_tests: bool) -> Iterator[Finding]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        yield Finding(distribution.shown(file, line), "syntax", f"This is no Python: {error}.", "")
        return
    if file.parent.name == "migrations":
        yield from _migration(distribution, file, tree)
        return
    for line, module, name in _core_imports(tree):
        where = distribution.shown(file, line)
        if _belongs(module, _TESTING):
            if not in_tests:
                yield Finding(where, "import", f"{module} is for tests.", "Import it in tests only.")
        elif not any(_belongs(module, allowed) for allowed in _CONTRACT):
            yield Finding(
                where,
                "import",
                f"{module} belongs to the core and may change any day.",
                "Use lms.extend and lms.api" + (", and lms.testing in tests." if in_tests else "."),
            )
        else:
            yield from _public(where, module, name)


def _migration(distribution: Distribution, file: Path, tree: ast.AST) -> Iterator[Finding]:
    """A revision has to run for ever, also when the plugin's modules look different."""
    own = {"lms", *(entry.package for entry in distribution.entries)}
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or "" if not node.level else next(iter(own - {"lms"}))]
        for module in modules:
            if module.partition(".")[0] in own:
                yield Finding(
                    distribution.shown(file, node.lineno),  # type: ignore[attr-defined]
                    "migrations",
                    f"A migration imports {module}, which will look different one day.",
                    "Write out the tables and values as they are now.",
                )


def _core_imports(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, module and name of each import of ours; the name is "" where a whole module is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _belongs(alias.name, "lms"):
                    yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom) and not node.level and _belongs(node.module or "", "lms"):
            for alias in node.names:
                module = f"{node.module}.{alias.name}"
                # ``from lms import api`` and ``from lms.api import access`` name modules.
                if node.module in {"lms", "lms.api"}:
                    yield node.lineno, module, ""
                else:
                    yield node.lineno, node.module or "", alias.name


def _belongs(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _public(where: str, module: str, name: str) -> Iterator[Finding]:
    try:
        found = importlib.import_module(module)
    except ImportError:
        yield Finding(where, "import", f"There is no module {module}.", "See docs/plugins/reference.md.")
        return
    public = getattr(found, "__all__", None)
    if public is not None:
        is_public = name in public or (hasattr(found, "__path__") and _is_module(f"{module}.{name}"))
    else:
        is_public = not name.startswith("_") and hasattr(found, name)
    if name and name != "*" and not is_public:
        yield Finding(
            where,
            "import",
            f"{module} has no public name {name}.",
            "See docs/plugins/reference.md for those that stay.",
        )


def _is_module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _dependency(distribution: Distribution, packages: set[Path]) -> Iterator[Finding]:
    if "stoa" in distribution.requires:
        return
    for package in sorted(packages):
        for file in distribution.python_files(package):
            if "lms.api" in file.read_text(encoding="utf-8"):
                yield Finding(
                    "pyproject.toml",
                    "dependency",
                    "The plugin uses lms.api and does not say which Stoa it needs.",
                    'Add "stoa" to dependencies.',
                )
                return
