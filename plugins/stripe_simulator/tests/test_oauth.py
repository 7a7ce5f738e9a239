"""A platform connects to an account, acts for it, and is disconnected."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import stripe
from lms_stripe_simulator import testing
from stripe import oauth_error

BACK = "http://127.0.0.1:9/back"


@pytest.fixture
def platform(simulator: Any) -> Any:
    """The SDK with the platform's secret key, and its client id."""
    account = simulator.state()["accounts"][0]["id"]
    return stripe.StripeClient(
        simulator.key("secret"),
        base_addresses={"api": simulator.url, "connect": simulator.url},
        client_id=f"ca_simulator_test_{account.removeprefix('acct_')}",
    )


def authorize(platform: Any, action: str = "connect", **changes: str) -> dict[str, list[str]]:
    """Answer the authorize page; return what the platform's address is told."""
    url = platform.oauth.authorize_url({"scope": "read_write", "state": "s1", "redirect_uri": BACK} | changes)
    assert "Connect an account to Long Table" in testing.fetch(url).text
    answer = testing.fetch(url, {"action": action, "account": "new", "name": "Short Table"})
    assert answer.status == 303
    assert answer.location is not None
    assert answer.location.startswith(BACK)
    return parse_qs(urlsplit(answer.location).query)


def connect(platform: Any) -> Any:
    code = authorize(platform)["code"][0]
    return platform.oauth.token({"grant_type": "authorization_code", "code": code})


def test_account_agrees_and_the_platform_acts_for_it(simulator: Any, platform: Any) -> None:
    told = authorize(platform)
    assert told["state"] == ["s1"]
    access = platform.oauth.token({"grant_type": "authorization_code", "code": told["code"][0]})
    assert (access.scope, access.livemode, access.token_type) == ("read_write", False, "bearer")
    options = {"stripe_account": access.stripe_user_id}
    assert platform.v1.accounts.retrieve(access.stripe_user_id).business_profile.name == "Short Table"
    made = platform.v1.customers.create({"name": "Anna"}, options)
    assert platform.v1.customers.list().data == []
    own = stripe.StripeClient(access.access_token, base_addresses={"api": simulator.url})
    assert [c.id for c in own.v1.customers.list().data] == [made.id]


def test_refused_access_says_so(platform: Any) -> None:
    told = authorize(platform, "deny")
    assert (told["error"], told["state"], "code" in told) == (["access_denied"], ["s1"], False)


def test_code_is_good_once_and_for_five_minutes(simulator: Any, platform: Any) -> None:
    code = authorize(platform)["code"][0]
    platform.oauth.token({"grant_type": "authorization_code", "code": code})
    with pytest.raises(oauth_error.InvalidGrantError, match="already been used"):
        platform.oauth.token({"grant_type": "authorization_code", "code": code})
    late = authorize(platform)["code"][0]
    simulator.advance(301)
    with pytest.raises(oauth_error.InvalidGrantError, match="expired"):
        platform.oauth.token({"grant_type": "authorization_code", "code": late})


def test_refresh_token_returns_the_same_access(platform: Any) -> None:
    access = connect(platform)
    again = platform.oauth.token({"grant_type": "refresh_token", "refresh_token": access.refresh_token})
    assert again.stripe_user_id == access.stripe_user_id


def test_deauthorised_account_is_out_of_reach_and_the_site_hears_it(
    simulator: Any, platform: Any, receiver: Any
) -> None:
    access = connect(platform)
    params = {"url": receiver.url, "enabled_events": ["*"], "connect": True}
    platform.v1.webhook_endpoints.create(params)
    platform.v1.customers.create({"name": "Anna"}, {"stripe_account": access.stripe_user_id})
    platform.oauth.deauthorize({"stripe_user_id": access.stripe_user_id})
    with pytest.raises(stripe.PermissionError, match="access may have been revoked"):
        platform.v1.customers.list({}, {"stripe_account": access.stripe_user_id})
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient(access.access_token, base_addresses={"api": simulator.url}).v1.balance.retrieve()
    simulator.deliver()
    heard = [json.loads(body) for body in receiver.bodies]
    assert [e["type"] for e in heard] == ["customer.created", "account.application.deauthorized"]
    assert {e["account"] for e in heard} == {access.stripe_user_id}
    with pytest.raises(oauth_error.InvalidClientError, match="not connected"):
        platform.oauth.deauthorize({"stripe_user_id": access.stripe_user_id})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "ca_other"}, "No application matches"),
        ({"response_type": "token"}, "response_type"),
        ({"scope": "everything"}, "Invalid scope"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect"),
    ],
)
def test_wrong_question_is_explained_and_leads_nowhere(
    simulator: Any, platform: Any, change: dict[str, str], words: str
) -> None:
    account = simulator.state()["accounts"][0]["id"].removeprefix("acct_")
    good = {"response_type": "code", "client_id": f"ca_simulator_test_{account}", "redirect_uri": BACK}
    answer = testing.fetch(f"{simulator.url}/oauth/authorize?{urlencode(good | change)}")
    assert (answer.status in (400, 401), words in answer.text) == (True, True)


def test_page_is_labelled_as_our_assumption(platform: Any) -> None:
    text = testing.fetch(platform.oauth.authorize_url({"redirect_uri": BACK})).text
    assert "Simulator: no money moves" in text
    assert "our assumption" in text
