"""Imports go down only, there are no circles, and nothing of our own is imported inside a function."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from imports import Import, all_imports, circles, module_name, resolve

ROOT = Path(__file__).resolve().parents[2]

# Lowest first. Rooms of one line stand side by side in the order written: each may import those before it.
FLOORS: list[list[str]] = [
    ["base"],
    ["db"],
    ["extend"],
    ["host"],
    ["audit", "jobs", "settings", "mail", "themes", "web", "media", "health"],
    ["content"],
    ["accounts", "courses", "access", "commerce", "learning", "pages", "editor", "admin"],
    ["api"],
    ["rooms", "app", "sample", "cli", "wsgi", "demo", "testing", "__main__"],
]
RANK = {room: (floor, place) for floor, rooms in enumerate(FLOORS) for place, room in enumerate(rooms)}
TOP = len(FLOORS) - 1


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def breaks_floors(found: Import, modules: set[str]) -> bool:
    target = resolve(found.target, modules)
    here, there = room_of(found.module), room_of(target or "")
    if not here or not there or here == there:
        return False
    mine, theirs = RANK[here], RANK[there]
    if mine[0] == TOP and theirs[0] == TOP:
        return False
    return theirs > mine


def upward(imports: list[Import], modules: set[str]) -> list[str]:
    return [f"{i.module}:{i.line} imports {i.target}" for i in imports if breaks_floors(i, modules)]


def hidden(imports: list[Import], package: str) -> list[str]:
    return [f"{i.module}:{i.line} hides {i.target}" for i in imports if i.hidden and i.target.split(".")[0] == package]


def graph(imports: list[Import], modules: set[str]) -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {module: set() for module in modules}
    for found in imports:
        target = resolve(found.target, modules)
        # A package's own __init__ gathers its modules; a module that imports a sibling through it would be a circle.
        if target and target != found.module and not found.typing_only:
            edges[found.module].add(target)
    return edges


def modules_of(package: Path) -> set[str]:
    return {module_name(file, package.parent) for file in package.rglob("*.py")}


CORE = ROOT / "lms"
PLUGINS = sorted(
    path.parent for path in (ROOT / "plugins").glob("*/*/__init__.py") if path.parent.name.startswith("lms_")
)


def test_imports_go_down_only() -> None:
    assert upward(all_imports(CORE), modules_of(CORE)) == []


def test_every_room_has_a_floor() -> None:
    rooms = {
        path.name.removesuffix(".py")
        for path in CORE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert rooms - RANK.keys() - {"__init__"} == set()


@pytest.mark.parametrize("package", [CORE, *PLUGINS], ids=lambda path: path.name)
def test_there_are_no_circles(package: Path) -> None:
    assert circles(graph(all_imports(package), modules_of(package))) == []


@pytest.mark.parametrize("package", [CORE, *PLUGINS], ids=lambda path: path.name)
def test_no_import_of_our_own_hides_in_a_function(package: Path) -> None:
    imports = all_imports(package)
    assert hidden(imports, "lms") + hidden(imports, package.name) == []


@pytest.mark.parametrize("package", PLUGINS, ids=lambda path: path.name)
def test_plugins_import_only_the_contract_and_the_facade(package: Path) -> None:
    foreign = [
        f"{i.module}:{i.line} imports {i.target}"
        for i in all_imports(package)
        if i.target.split(".")[0] == "lms"
        and ".".join(i.target.split(".")[:2]) not in {"lms.extend", "lms.api", "lms.testing"}
    ]
    assert foreign == []


def test_the_core_never_imports_stripe_or_requests() -> None:
    assert [i for i in all_imports(CORE) if i.target.split(".")[0] in {"stripe", "requests"}] == []


# That the checks above can fail:


def a_tree(folder: Path, **files: str) -> Path:
    package = folder / "lms"
    for name, source in files.items():
        file = package / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(source)
    (package / "__init__.py").touch()
    return package


def test_an_upward_import_is_seen(tmp_path: Path) -> None:
    package = a_tree(tmp_path, db__engine="from lms.web import page\n", web__page="")
    assert upward(all_imports(package), modules_of(package)) == ["lms.db.engine:1 imports lms.web.page"]


def test_an_upward_import_between_neighbours_is_seen(tmp_path: Path) -> None:
    package = a_tree(tmp_path, access__services="import lms.commerce.services\n", commerce__services="")
    assert len(upward(all_imports(package), modules_of(package))) == 1


def test_a_relative_upward_import_is_seen(tmp_path: Path) -> None:
    package = a_tree(tmp_path, db__engine="from ..web import page\n", web__page="")
    assert len(upward(all_imports(package), modules_of(package))) == 1


def test_a_circle_is_seen(tmp_path: Path) -> None:
    package = a_tree(tmp_path, base__one="from lms.base import two\n", base__two="from lms.base.one import x\n")
    assert circles(graph(all_imports(package), modules_of(package))) == [["lms.base.one", "lms.base.two"]]


def test_a_hidden_import_is_seen(tmp_path: Path) -> None:
    package = a_tree(tmp_path, base__one="def f():\n    from lms.base import two\n", base__two="")
    assert hidden(all_imports(package), "lms") == ["lms.base.one:2 hides lms.base.two"]
