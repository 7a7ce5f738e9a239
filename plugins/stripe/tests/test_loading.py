"""Who does not use Stripe does not pay for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lms.testing import sites

VISIT = """
import json, sys
from lms.app import create_app
from lms.host.config import load
app = create_app(load())
browser, address = app.test_client(), app.config["LMS"].site_url
pages = [browser.get(path, base_url=address).status_code for path in ("/", "/courses", "/login")]
print(json.dumps({"pages": pages, "loaded": [n for n in ("lms_stripe", "stripe", "requests") if n in sys.modules]}))
"""


@pytest.mark.parametrize(("plugins", "loaded"), [((), []), (("stripe",), ["lms_stripe"])], ids=["off", "on"])
def test_a_site_without_the_plugin_never_loads_it_and_one_with_it_loads_the_package_when_it_calls(
    tmp_path: Path, plugins: tuple[str, ...], loaded: list[str]
) -> None:
    with sites.site(tmp_path, plugins=plugins) as site:
        environment = {
            **os.environ,
            "LMS_INSTANCE": str(tmp_path),
            "LMS_SITE_URL": site.config.site_url,
            "LMS_ENV": "test",
            "LMS_DATABASE_URL": site.config.database_url,
        }
        told = subprocess.run(
            [sys.executable, "-c", VISIT], env=environment, capture_output=True, text=True, check=True
        ).stdout
    found: dict[str, Any] = json.loads(told)
    assert set(found["pages"]) <= {200, 404}
    assert found["loaded"] == loaded
