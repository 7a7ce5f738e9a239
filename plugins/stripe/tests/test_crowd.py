"""A crowd presses the portal's link at once: each gets the own portal, and nothing else is made at Stripe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lms_stripe import connections
from lms_stripe.models import Customer
from lms_stripe_simulator import testing

from lms.api import clock, db
from lms.api.content import go_address

SESSIONS = "/v1/billing_portal/sessions"
PEOPLE, CLICKS_EACH, AT_A_TIME = 25, 4, 8


@pytest.fixture
def crowd(connected: Any) -> dict[Any, str]:
    """People who have bought, each with the id of the own customer at Stripe."""
    connection, stripe = connections.selling(), connected.simulator.stripe()
    assert connection is not None
    db.commit()
    made = {}
    for _number in range(PEOPLE):
        person = connected.make.person()
        customer_id = stripe.v1.customers.create({"email": person.email}).id
        db.session.add(
            Customer(
                connection_id=connection.id, person_id=person.id, stripe_id=customer_id, linked_by="created",
                is_primary=True, first_purchase_at=clock.now(),
            )
        )  # fmt: skip
        made[person] = customer_id
    db.commit()
    return made


@pytest.mark.feature("B-15", "SO-14")
def test_pitfall_22_a_hundred_clicks_eight_at_a_time_lead_each_to_the_own_portal(
    both_databases: str, connected: Any, sign_in: Any, crowd: dict[Any, str]
) -> None:
    link = go_address("stripe/customer-portal", {}, "/")
    browsers = {person.email: sign_in(person) for person in crowd}
    stripe = connected.simulator.stripe()
    (ours,) = (each.id for each in stripe.v1.billing_portal.configurations.list().data)
    connected.simulator.running.forget_requests()

    def press(email: str) -> tuple[str, int, str]:
        with connected.site.app.app_context():
            answer = browsers[email].get(link)
            return email, answer.status_code, answer.headers.get("Location", "")

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        clicks = list(threads.map(press, list(browsers) * CLICKS_EACH))
    assert {status for _email, status, _address in clicks} == {303}
    told = [each for each in connected.simulator.running.requests() if each["path"] == SESSIONS]
    asked = sorted(each["params"]["customer"] for each in told)
    assert asked == sorted(list(crowd.values()) * CLICKS_EACH)
    assert {each["params"]["configuration"] for each in told} == {ours}
    assert len({address for _email, _status, address in clicks}) == len(clicks)
    for email, _status, address in clicks[:PEOPLE]:
        assert email in testing.fetch(address).text
    assert [each.id for each in stripe.v1.billing_portal.configurations.list().data] == [ours]
