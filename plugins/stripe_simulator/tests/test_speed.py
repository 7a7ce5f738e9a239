"""How long it takes, in processor time of the thread that answers, so that a busy machine changes little."""

from __future__ import annotations

import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from lms_stripe_simulator import testing

A_REQUEST = 0.005
A_START = 2.0
SIZE = 40


class Caller:
    """Sends requests to the application in this thread."""

    def __init__(self, running: testing.Running) -> None:
        self.http = running.app.test_client()
        self.headers = {"Authorization": f"Bearer {running.key()}", "Host": "127.0.0.1"}

    def post(self, path: str, **form: Any) -> str:
        answer = self.http.post(f"/v1/{path}", data=form, headers=self.headers)
        assert answer.status_code == 200, answer.get_data()
        return str(answer.get_json()["id"])

    def get(self, path: str) -> None:
        assert self.http.get(f"/v1/{path}", headers=self.headers).status_code == 200


def median(call: Any, *arguments: str, **form: Any) -> float:
    """Return the median processor time of a call, in seconds."""
    times = []
    for _ in range(SIZE):
        began = time.thread_time()
        call(*arguments, **form)
        times.append(time.thread_time() - began)
    return statistics.median(times)


def test_a_request_takes_five_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    with testing.start() as unjudged:
        found = measured(Caller(unjudged))
    with capsys.disabled():
        print("", *(f"{name}: {seconds * 1000:.1f} ms" for name, seconds in found.items()), sep="\n  ")
    assert [name for name, seconds in found.items() if seconds > A_REQUEST] == []


def measured(caller: Caller) -> dict[str, float]:
    """Return what usual requests take."""
    product = caller.post("products", name="Every course")
    amount = {"unit_amount": "900", "currency": "eur", "recurring[interval]": "month"}
    price = caller.post("prices", product=product, **amount)
    customer = caller.post("customers", email="anna@example.org")
    features = {"features[subscription_cancel][enabled]": "true"}
    configuration = caller.post("billing_portal/configurations", **features)
    line = {"line_items[0][price]": price, "line_items[0][quantity]": "1", "success_url": "http://127.0.0.1:9/done"}
    return {
        "create a customer": median(caller.post, "customers", email="anna@example.org"),
        "read a customer": median(caller.get, f"customers/{customer}"),
        "open a checkout": median(caller.post, "checkout/sessions", mode="subscription", customer=customer, **line),
        "open a portal": median(caller.post, "billing_portal/sessions", customer=customer, configuration=configuration),
        "list ten events": median(caller.get, "events?limit=10"),
    }


def test_a_start_takes_two_seconds(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "lms_stripe_simulator", "--port", "0", "--data", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "LMS_ENV": "demo"})
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Stripe simulator at http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < A_START
