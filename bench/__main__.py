"""``python -m bench``: home, course, lesson, dashboard and webhook intake, each against the plain page of this run.

Then the editor with 300 blocks, what Stripe costs a process that starts, a crowd in front of the portal, and a small
flood of events while the worker is killed.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lms_stripe import client, events
from lms_stripe.models import ConnectionRow, WebhookEndpoint
from sqlalchemy import select
from stripe import WebhookSignature

from bench import clicks, editor, flood, start
from bench.measure import call, compared, environ, plain_app
from bench.swap import median_swap
from lms import db
from lms.access import services as access
from lms.access.models import Product
from lms.accounts import services as accounts
from lms.demo.sample import make as make_sample
from lms.settings import services as settings
from lms.testing import sites
from lms.testing.makers import session_cookie

COURSE = "letters-that-get-answered"
SECRET = "whsec_of_the_bench"


@dataclass(frozen=True)
class Case:
    """One thing to measure, with its bar from the design."""

    name: str
    bar: float
    work: Callable[[], tuple[str, bytes]]
    status: str = "200"


def webhook(app: Any) -> Callable[[], tuple[str, bytes]]:
    """Deliver a new, signed event about a new object with each call."""
    connection = ConnectionRow(
        account_id="acct_1", livemode=False, mode="test", site_id="bench", status="active", account_name="Bench"
    )
    db.session.add(connection)
    db.session.flush()
    endpoint = WebhookEndpoint(
        connection_id=connection.id,
        stripe_id="we_1",
        token="token1",
        url="http://localhost/ext/stripe/hook/token1",
        api_version=client.PINNED,
        events=list(events.TYPES),
        secret=settings.seal("stripe_webhook_endpoint.token1", SECRET),
    )
    db.session.add(endpoint)
    db.commit()
    numbers = itertools.count()

    def deliver() -> tuple[str, bytes]:
        number = next(numbers)
        body = json.dumps(
            {
                "id": f"evt_{number}",
                "object": "event",
                "type": "customer.updated",
                "api_version": client.PINNED,
                "created": round(time.time()),
                "livemode": False,
                "data": {"object": {"id": f"cus_{number % 20}", "object": "customer"}},
            },
            indent=2,
        )
        signature = WebhookSignature.generate_signature_header(body, SECRET)
        request = environ("/ext/stripe/hook/token1", method="POST", data=body, headers={"Stripe-Signature": signature})
        return call(app, request)

    return deliver


def cases(site: sites.TestSite) -> list[Case]:
    """The pages of the sample site, for a guest and for a student who bought the course."""
    make_sample()
    student = accounts.by_email("student@longtable.example")
    product = db.session.scalars(select(Product)).one()
    access.set_grant(person_id=student.id, product_id=product.id, source="manual", source_ref="bench", state="active")
    db.commit()
    cookie = "=".join(session_cookie(student.id))
    lesson = f"/learn/{COURSE}/one-letter-one-request"
    app = site.app.wsgi_app

    def page(path: str, cookies: str = "") -> Callable[[], tuple[str, bytes]]:
        request = environ(path, cookies)
        return lambda: call(app, request)

    return [
        Case("home, guest", 0.25, page("/")),
        Case("course, guest", 0.25, page(f"/courses/{COURSE}")),
        Case("home, student", 2, page("/", cookie)),
        Case("manage page, student", 2, page("/manage-subscription", cookie)),
        Case("course, student", 3, page(f"/courses/{COURSE}", cookie)),
        Case("lesson, student", 3, page(lesson, cookie)),
        Case("dashboard, student", 4, page("/account", cookie)),
        Case("webhook intake", 1.5, webhook(app)),
    ]


def main() -> int:
    """Print the ratios; 1 when a page does not answer as it should."""
    with tempfile.TemporaryDirectory() as folder, sites.site(Path(folder), plugins=("stripe",)) as site:
        plain = plain_app().wsgi_app
        request = environ("/")
        todo = cases(site)
        for case in todo:
            status, _ = case.work()
            if not status.startswith(case.status):
                print(f"{case.name} answers {status}")
                return 1
        print(f"{'':<24}{'ms':>8}{'ratio':>8}{'bar':>8}")
        for case in todo:
            took = compared(case.work, lambda: call(plain, request))
            over = "" if took.ratio <= case.bar else "   over"
            print(f"{case.name:<24}{took.milliseconds:>8.2f}{took.ratio:>8.2f}{case.bar:>8.2f}{over}")
        print(f"{'swap of a plugin':<24}{median_swap(site):>8.2f}   median, wall clock")
    print(*editor.report(), *start.report(), *clicks.report(), *flood.report(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
