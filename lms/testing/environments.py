"""A virtual environment for tests that install something: it sees what is installed here, and more on top."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """A virtual environment in ``folder``. What is run in it knows nothing of this process's site."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def variables(self, **more: str) -> dict[str, str]:
        """The environment of its processes: no network for pip, no settings of this site, no pytest of this run."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LMS_", "PYTEST_"))}
        pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_QUIET": "1"}
        return kept | pip | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1"} | more

    def run(self, *command: str, cwd: Path, **more: str) -> str:
        """What a command prints; fails with all of it when the command does."""
        done = subprocess.run(command, cwd=cwd, env=self.variables(**more), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def make_environment(folder: Path) -> Environment:
    """An environment without pip of its own: ``pip --python`` of this process installs into it."""
    venv.create(folder, with_pip=False)
    packages = next(folder.glob("lib/python*/site-packages"))
    here = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (packages / "here.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in here))
    for name, module in (("lms", "lms"), ("pytest", "pytest")):
        _script(folder / "bin" / name, f'exec "{folder}/bin/python" -m {module} "$@"')
    _script(folder / "bin" / "pip", f'exec "{sys.executable}" -m pip --python "{folder}/bin/python" "$@"')
    return Environment(folder)


def _script(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)
