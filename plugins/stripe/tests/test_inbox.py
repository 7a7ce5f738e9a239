"""Receiving: what is taken, what is refused, and that nothing is done twice."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import connections, endpoints, inbox
from lms_stripe.models import ConnectionRow, Event, SyncTask, WebhookEndpoint
from sqlalchemy import func, select, update
from stripe import WebhookSignature

from lms.api import clock, db, settings


def count(model: Any) -> int:
    db.rollback()
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


def nothing_was_kept() -> bool:
    return count(Event) == count(SyncTask) == 0


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "nonsense",
        "t=1800000000,v1=0000",
        WebhookSignature.generate_signature_header("another body", "whsec_of_the_endpoint"),
        WebhookSignature.generate_signature_header("{}", "whsec_of_somebody_else"),
    ],
    # Signatures hold the time, and parallel runs need equal names.
    ids=["missing", "nonsense", "zeros", "of another body", "with another secret"],
)
def test_pitfall_01_a_forged_event_is_refused_and_leaves_no_row(hook: Any, signature: str | None) -> None:
    answer = hook.post(hook.body("checkout.session.completed"), signature)
    assert answer.status_code == 400
    assert nothing_was_kept()


def test_pitfall_01_a_signature_of_ten_minutes_ago_is_refused(hook: Any) -> None:
    body = hook.body()
    then = int((clock.real_now() - timedelta(minutes=10)).timestamp())
    answer = hook.post(body, WebhookSignature.generate_signature_header(body, hook.secret, then))
    assert answer.status_code == 400
    assert nothing_was_kept()


def test_pitfall_02_without_a_stored_secret_nothing_is_taken_and_stripe_comes_again(hook: Any) -> None:
    db.session.execute(update(WebhookEndpoint).values(secret=""))
    db.commit()
    # An empty secret must not become a key that anybody can sign with.
    body = hook.body()
    answer = hook.post(body, WebhookSignature.generate_signature_header(body, ""))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert nothing_was_kept()
    assert "secret" in str(db.session.scalar(select(ConnectionRow.reason)))


@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b'{"id": "evt_1", "caf\xe9": 1}',
        b"[]",
        b"null",
        b"7",
        b'{"id": 7, "type": "x"}',
        b'{"id": "e"}',
        b"",
    ],
)
def test_pitfall_03_a_body_that_is_no_event_is_refused(hook: Any, body: bytes) -> None:
    assert hook.post(body).status_code == 400
    assert nothing_was_kept()


def test_pitfall_03_a_body_written_anew_by_a_proxy_is_refused(hook: Any) -> None:
    body = hook.body()
    signature = WebhookSignature.generate_signature_header(body, hook.secret)
    assert hook.post(json.dumps(json.loads(body)), signature).status_code == 400
    assert nothing_was_kept()


def test_pitfall_04_one_event_posted_by_eight_threads_is_stored_once(both_databases: str, hook: Any) -> None:
    body = hook.body()

    def deliver(_number: int) -> int:
        with hook.site.app.app_context():
            return hook.post(body).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(deliver, range(8)))
    assert answers == [200] * 8
    assert count(Event) == 1
    assert db.session.scalar(select(SyncTask.wanted)) == 1


def test_two_events_about_one_object_are_one_task(hook: Any) -> None:
    for event_id in ("evt_1", "evt_2"):
        assert hook.post(hook.body(event_id=event_id)).status_code == 200
    assert (count(Event), count(SyncTask)) == (2, 1)
    assert db.session.scalar(select(SyncTask.wanted)) == 2


def test_an_unknown_address_answers_404(hook: Any) -> None:
    assert hook.post(hook.body(), path="/ext/stripe/hook/another").status_code == 404


def test_a_body_of_more_than_a_mebibyte_is_refused_unread(hook: Any) -> None:
    assert hook.post("x" * (inbox.MOST_BYTES + 1)).status_code == 413


def test_of_a_body_in_pieces_that_does_not_say_how_long_it_is_no_more_is_read(hook: Any) -> None:
    body = io.BytesIO(b"x" * (3 * inbox.MOST_BYTES))
    answer = hook.site.client().post(
        hook.path,
        input_stream=body,
        headers={"Transfer-Encoding": "chunked", "Stripe-Signature": "t=1,v1=0"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code in {400, 413}
    assert body.tell() <= inbox.MOST_BYTES
    assert nothing_was_kept()


@pytest.mark.parametrize("changes", [{"livemode": True}, {"account": "acct_of_somebody_else"}])
def test_pitfall_24_an_event_of_the_wrong_mode_or_account_is_ignored(hook: Any, changes: dict[str, Any]) -> None:
    assert hook.post(hook.body(**changes)).status_code == 200
    assert count(SyncTask) == 0
    assert db.session.scalar(select(Event.status)) == "ignored"


def test_an_event_that_we_never_asked_for_is_kept_as_ignored(hook: Any) -> None:
    assert hook.post(hook.body("topup.created")).status_code == 200
    assert count(SyncTask) == 0
    assert db.session.scalar(select(Event.status)) == "ignored"


def test_an_invoice_that_was_paid_asks_for_the_subscription_and_the_payment(hook: Any) -> None:
    invoice = {"id": "in_1", "parent": {"subscription_details": {"subscription": "sub_1"}}}
    assert hook.post(hook.body("invoice.paid", data={"object": invoice})).status_code == 200
    tasks = set(db.session.execute(select(SyncTask.object_type, SyncTask.object_id)))
    assert tasks == {("subscription", "sub_1"), ("payment", "in_1")}


def test_a_thin_event_names_its_object(hook: Any) -> None:
    thin = {"object": "v2.core.event", "related_object": {"id": "sub_9", "type": "subscription"}}
    assert hook.post(hook.body("v1.customer.subscription.updated", **thin)).status_code == 200
    assert db.session.execute(select(SyncTask.object_type, SyncTask.object_id)).one() == ("subscription", "sub_9")


def test_pitfall_31_after_a_rotation_both_secrets_open_for_a_day(hook: Any) -> None:
    endpoint = connections.endpoint_of(hook.connection_id)
    endpoints.rotate_secret(endpoint, "whsec_new")
    db.commit()
    assert hook.post(hook.body(event_id="evt_old")).status_code == 200
    hook.secret = "whsec_new"
    assert hook.post(hook.body(event_id="evt_new")).status_code == 200
    db.session.execute(update(WebhookEndpoint).values(previous_until=clock.real_now() - timedelta(seconds=1)))
    db.commit()
    hook.secret = "whsec_of_the_endpoint"
    assert hook.post(hook.body(event_id="evt_late")).status_code == 400
    assert count(Event) == 2


def test_a_secret_is_never_stored_in_the_clear(hook: Any) -> None:
    stored = db.session.scalar(select(WebhookEndpoint.secret))
    assert hook.secret not in str(stored)
    assert settings.unseal("stripe_webhook_endpoint.token1", stored) == hook.secret


def test_intake_costs_few_queries(hook: Any, queries: Any) -> None:
    with queries.at_most(6):
        assert hook.post(hook.body()).status_code == 200
