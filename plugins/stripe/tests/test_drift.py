"""The owner sees what was not as we knew it, whether it agrees now, and has one thing to do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from lms_stripe import connections, drift, health, reconcile
from lms_stripe.models import SyncTask
from sqlalchemy import select

from lms.api import clock, commerce, db


def press(browser: Any, page: str, action: str) -> Any:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(page).text)
    assert found
    return browser.post(action, data={"csrf_token": found[1]})


@pytest.fixture
def owner(connected: Any, sign_in: Any) -> Any:
    return sign_in(connected.make.person(role="owner"))


def cancelled_unheard(connected: Any) -> tuple[Any, str]:
    """A subscription that somebody cancelled in the Dashboard, of which no event will come."""
    person, _offer, subscription_id = connected.subscribe()
    connected.simulator.stripe().v1.subscriptions.cancel(subscription_id)
    connections.change(connections.selling().id, cursor=clock.now() + timedelta(minutes=20))
    db.commit()
    return person, subscription_id


def test_what_differs_is_listed_read_again_and_agrees(both_databases: str, connected: Any, owner: Any) -> None:
    person, _subscription_id = cancelled_unheard(connected)
    base = f"/ext/stripe/connections/{connections.selling().id}"
    db.rollback()
    page = f"{base}/drift"
    assert f'href="{page}"' in owner.get("/admin/settings/stripe").text
    assert "Everything agrees" in owner.get(page).text
    assert press(owner, page, f"{base}/look-over").location == page
    connected.site.jobs.run_due()
    html = owner.get(page).text
    assert re.search(r'href="/admin/orders/[\d-]+"', html)
    assert "status: we had active, Stripe had canceled." in html
    connected.work()
    html = owner.get(page).text
    assert ("Agrees now" in html, "Read again</button>" in html) == (True, False)
    assert not connected.is_in(person, commerce.subscriptions_of(person.id)[0].offer)
    assert health._nothing_drifts().state == "advice"


def test_what_cannot_be_read_is_said_and_healed_with_one_press(connected: Any, owner: Any) -> None:
    _person, subscription_id = cancelled_unheard(connected)
    connection = connections.selling()
    db.rollback()
    page = f"/ext/stripe/connections/{connection.id}/drift"
    reconcile.ask(connection, "everything")
    connected.simulator.go_down()
    connected.work()
    html = owner.get(page).text
    assert "Could not be read" in html
    result = health._nothing_drifts()
    assert (result.state, result.remedy.href if result.remedy else "") == ("broken", page)
    connected.simulator.come_back()
    action = re.search(rf'action="({page}/\d+)"', html)
    assert action
    assert press(owner, page, action[1]).location == page
    task = db.session.scalars(select(SyncTask).where(SyncTask.object_id == subscription_id)).one()
    task.not_before = clock.real_now()
    connected.work()
    assert "Agrees now" in owner.get(page).text
    assert drift.unsettled(connection.id) == 0


def test_an_object_that_we_did_not_know_is_told_apart(connected: Any, owner: Any) -> None:
    person, offer = connected.make.person(), connected.offer()
    connected.buy(person, offer)
    connection = connections.selling()
    db.rollback()
    reconcile.ask(connection, "everything")
    assert "We did not know it." in owner.get(f"/ext/stripe/connections/{connection.id}/drift").text


def test_the_page_is_the_owners_and_costs_the_same_for_many_lines(
    connected: Any, owner: Any, sign_in: Any, queries: Any
) -> None:
    cancelled_unheard(connected)
    connection = connections.selling()
    db.rollback()
    page = f"/ext/stripe/connections/{connection.id}/drift"
    reconcile.ask(connection, "everything")
    owner.get(page)
    with queries.counted() as few:
        owner.get(page)
    few = list(few)
    for _run in range(8):
        reconcile.ask(connection, "everything")
    with queries.at_most(len(few)):
        assert owner.get(page).text.count("Stripe had canceled") == 9
    assert sign_in(connected.make.person(role="editor")).get(page).status_code == 403
    assert owner.get("/ext/stripe/connections/99/drift").status_code == 404
    assert press(owner, page, f"{page}/999").status_code == 404
