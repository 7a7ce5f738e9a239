"""Real distributions for tests: packages with metadata in a folder, as pip would have left them there.

make_distribution(folder, "hello", "1.0", {"lms_hello/plugin.py": '''
    from lms.extend import Plugin

    class Hello(Plugin):
        \"\"\"Hello\"\"\"
'''})
with installed(folder):
    ...  # found here and, through PYTHONPATH, in every process started here
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from lms.host import load

_PLUGIN_CLASS = re.compile(r"^\s*class (\w+)\([^)]*\bPlugin\b[^)]*\)", re.MULTILINE)


def make_distribution(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, str],
    requires: Sequence[str] = (),
    *,
    plugin: str = "",
    entry: str = "",
    summary: str = "",
    requires_python: str = "",
) -> Path:
    """Install a distribution into ``folder``, over an older version of it; returns its ``.dist-info`` folder.

    ``files`` maps paths below ``folder`` to their text, which may be indented; a name without a suffix is a module
    (``lms_hello``, ``lms_hello.plugin``). Packages get their ``__init__.py``. ``requires`` are lines such as
    ``stoa>=0.1,<2``. The entry point is called ``plugin`` (the name of the distribution without ``stoa-``) and
    leads to ``entry``, or to the first class that derives from ``Plugin``.
    """
    remove_distribution(folder, name)
    sources = {_path(key): dedent(text).lstrip("\n") for key, text in files.items()}
    for package in {parent for path in sources for parent in Path(path).parents if path.endswith(".py")} - {Path()}:
        sources.setdefault(str(package / "__init__.py"), "")
    for path, text in sources.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    plugin = plugin or name.removeprefix("stoa-").replace("-", "_")
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(_metadata(name, version, requires, summary, requires_python))
    (info / "entry_points.txt").write_text(f"[lms.plugins]\n{plugin} = {entry or _entry(sources)}\n")
    written = [*sources, *(f"{info.name}/{file}" for file in ("METADATA", "entry_points.txt"))]
    lines = [_record(folder, path) for path in written] + [f"{info.name}/RECORD,,"]
    (info / "RECORD").write_text("\n".join(lines) + "\n")
    forget_what_is_installed()
    return info


def remove_distribution(folder: Path, name: str) -> None:
    """Take a distribution away, as ``pip uninstall`` does; nothing happens where it is not installed."""
    for info in folder.glob(f"{name.replace('-', '_')}-*.dist-info"):
        for line in (info / "RECORD").read_text().splitlines():
            file = folder / line.split(",")[0]
            file.unlink(missing_ok=True)
            shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)
            for parent in file.relative_to(folder).parents:
                if parent != Path() and (folder / parent).is_dir() and not any((folder / parent).iterdir()):
                    (folder / parent).rmdir()
    forget_what_is_installed()


@contextmanager
def installed(folder: Path) -> Iterator[Path]:
    """Distributions in ``folder`` are found by this process and by those that it starts.

    Afterwards nothing of them is left here: their modules and tables are forgotten.
    """
    before = os.environ.get("PYTHONPATH")
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = str(folder) + (os.pathsep + before if before else "")
    forget_what_is_installed()
    try:
        yield folder
    finally:
        sys.path.remove(str(folder))
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
        forget_modules(folder)
        forget_what_is_installed()


def forget_modules(folder: Path) -> None:
    """Forget what was imported from ``folder``, its tables too: the next import reads the files again."""
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    load.forget([name for name, file in files.items() if file and Path(file).is_relative_to(folder)])


def forget_what_is_installed() -> None:
    """Look at the disk again instead of at what was read before."""
    importlib.invalidate_caches()


def _path(key: str) -> str:
    return key if "/" in key or key.endswith(".py") else key.replace(".", "/") + ".py"


def _entry(sources: Mapping[str, str]) -> str:
    for path, text in sources.items():
        found = _PLUGIN_CLASS.search(text)
        if found:
            module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            return f"{module}:{found[1]}"
    raise ValueError("No class derives from Plugin: name the entry.")


def _metadata(name: str, version: str, requires: Sequence[str], summary: str, requires_python: str) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Summary: {summary}"] if summary else []
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    return "\n".join([*lines, *(f"Requires-Dist: {one}" for one in requires)]) + "\n"


def _record(folder: Path, path: str) -> str:
    content = (folder / path).read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}"
