"""A secret is planted everywhere a secret may be given, then looked for everywhere something may be read. Found: 0."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from lms_stripe import connections, flows

from lms.api import db
from lms.api.content import go_address

SETTINGS = "/admin/settings/stripe"
ROLLED = "whsec_planted0in0the0dashboard"


@pytest.fixture
def site_options(simulator: Any) -> dict[str, Any]:
    # Failures of the plugin are shown as on a site, not raised into the test.
    return {"plugins": ("stripe",), "stripe_api_base": simulator.url, "strict_plugins": "0"}


def press(browser: Any, action: str, page: str, **fields: Any) -> Any:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).text)
    assert found
    return browser.post(action, data={**fields, "csrf_token": found.group(1)}, buffered=True)


def forms(secret: str) -> list[bytes]:
    """The secret as it may be written down: as it is, in an address, and in the header that carries it."""
    authorisation = base64.b64encode(f"{secret}:".encode()).decode()
    return [secret.encode(), quote(secret, safe="").encode(), authorisation.encode(), secret[8:].encode()]


def files(folder: Path) -> Iterator[Path]:
    """Everything that the site has written, but for the two keys that seal and sign."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name not in {"secret.key", "signing.key"}:
            yield file


def addresses(site: Any) -> list[str]:
    """Every page of the site that needs no more than its address."""
    rules = site.app.url_map.iter_rules()
    return sorted({rule.rule for rule in rules if "GET" in (rule.methods or ()) and "<" not in rule.rule})


@pytest.mark.feature("B-13")
def test_a_planted_secret_is_found_nowhere(
    stage: Any, sign_in: Any, caplog: pytest.LogCaptureFixture, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    owner = sign_in(stage.make.person(role="owner"))
    read: list[str] = []

    def look(browser: Any, path: str) -> Any:
        answer = browser.get(path, buffered=True)
        read.append(answer.text + str(answer.headers))
        return answer

    # Planted: a key that is taken, one that Stripe refuses, one of the wrong kind, and a signing secret.
    key = stage.simulator.key(deny=["charge:write"])
    refused, live = "rk_test_simulator_PlantedButUnknown77", "rk_live_51PlantedOfTheRealAccount"
    for given in (refused, live, key):
        read.append(press(owner, "/ext/stripe/connect", "/ext/stripe/connect", secret_key=given).text)
    connection = connections.selling()
    assert connection is not None
    db.commit()
    base = f"/ext/stripe/connections/{connection.id}"
    endpoint_secret = stage.simulator.state()["endpoints"][0]["secret"]
    student, _offer, _subscription = stage.subscribe()
    read.append(press(owner, f"{base}/secret", f"{base}/secret", signing_secret=ROLLED).text)
    portal = sign_in(student).get(go_address("stripe/customer-portal", {}, "/")).headers["Location"]
    planted = [key, refused, live, endpoint_secret, ROLLED, portal.rsplit("/", 1)[-1]]

    # Everything that can be opened, as its owner and as the student; once more with Stripe down.
    paths = [*addresses(stage.site), base, *(f"{base}/{page}" for page in ("sell", "secret", "portal", "disconnect"))]
    for path in paths:
        if path != "/logout":
            look(owner, path)
    look(sign_in(student), "/account/billing")
    stage.simulator.go_down()
    look(sign_in(student), go_address("stripe/customer-portal", {}, "/"))
    read.append(press(owner, f"{base}/sync", SETTINGS).text)
    stage.simulator.come_back()

    # Pages of failures, drawn while the key lies on the stack.
    def break_down(*_arguments: Any, **_options: Any) -> str:
        held = connections.key_of(connections.get(connection.id))
        raise RuntimeError(f"something broke while {len(held)} characters were held")

    with monkeypatch.context() as broken:
        broken.setattr(flows, "session", break_down)
        failed = sign_in(student).get(go_address("stripe/customer-portal", {}, "/"))
    assert failed.status_code >= 500
    read.append(failed.text)

    # The key is deleted at Stripe, and given once more.
    stage.simulator.running.control("DELETE", f"keys/{key}")
    look(sign_in(student), go_address("stripe/customer-portal", {}, "/"))
    read.append(press(owner, "/ext/stripe/connect", "/ext/stripe/connect", secret_key=key).text)
    look(owner, SETTINGS)

    # What is exported, and what is kept before the plugin goes.
    read.append(press(owner, "/admin/plugins/stripe/export", SETTINGS).text)
    look(owner, "/admin/orders.csv")
    read.append(press(owner, "/admin/plugins/stripe/off", "/admin/plugins").text)
    gone = press(owner, "/admin/plugins/stripe/uninstall", "/admin/plugins/stripe/uninstall", name="stripe")
    read.append(gone.text)
    written = list(files(stage.site.config.instance))
    assert any(file.parent.name == "backups" for file in written)

    seen = capfd.readouterr()
    places = {str(file.relative_to(stage.site.config.instance)): file.read_bytes() for file in written}
    places |= {"pages": "\n".join(read).encode(), "logs": caplog.text.encode(), "streams": str(seen).encode()}
    assert len(places["pages"]) > 100_000
    assert len(caplog.records) > 10
    found = [
        (name, secret[:14])
        for secret in planted
        for form in forms(secret)
        for name, text in places.items()
        if form in text
    ]
    assert found == []
