"""What the plugin costs a process that starts, beside the same site without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from lms.testing import sites

ROUNDS = 5
# Of this process's own memory: what getrusage tells of the peak begins with that of the process that started it.
_STARTS = """
import json, re, sys, time
from pathlib import Path
from lms.app import create_app
from lms.host.config import load
app = create_app(load())
answer = app.test_client().get("/courses", base_url=app.config["LMS"].site_url)
spent, status = time.process_time() * 1000, Path("/proc/self/status")
peak = int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1024 if status.exists() else float("nan")
print(json.dumps({"status": answer.status_code, "ms": spent, "mib": peak, "stripe": "stripe" in sys.modules}))
"""


def report() -> list[str]:
    """A line each for a site without the plugin and with it: processor time until the first page, and peak memory."""
    return [f"{_line(name, plugins)}" for name, plugins in (("without Stripe", ()), ("with Stripe", ("stripe",)))]


def _line(name: str, plugins: tuple[str, ...]) -> str:
    with tempfile.TemporaryDirectory() as folder, sites.site(Path(folder), plugins=plugins) as site:
        environment = {**os.environ, "LMS_INSTANCE": folder, "LMS_SITE_URL": site.config.site_url, "LMS_ENV": "test"}
        runs = [_run({**environment, "LMS_DATABASE_URL": site.config.database_url}) for _ in range(ROUNDS)]
    best = min(runs, key=lambda run: run["ms"])
    loaded = "stripe is imported" if any(run["stripe"] for run in runs) else "stripe is not imported"
    return f"start, {name:<16}{best['ms']:>8.0f} ms {best['mib']:>8.1f} MiB   {loaded}"


def _run(environment: dict[str, str]) -> dict[str, Any]:
    told = subprocess.run([sys.executable, "-c", _STARTS], env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(told.stdout)
    assert found["status"] == 200
    return found
