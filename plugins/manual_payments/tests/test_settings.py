"""The settings page: what an invoice needs, checked before anybody transfers money to nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lms_manual_payments import health, iban, settings
from lms_manual_payments.provider import BankTransfer

PAGE = "/admin/settings/manual_payments"
# Examples of the standard's own registry.
NUMBERS = (
    "DE89370400440532013000",
    "GB29NWBK60161331926819",
    "MT84MALT011000012345MTLCAST001S",
    "NO9386011117947",
)


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_of_the_registry_are_valid_however_they_are_written(number: str) -> None:
    assert iban.is_valid(number)
    assert iban.is_valid(iban.grouped(number.lower()))


@given(number=st.sampled_from(NUMBERS), at=st.integers(4, 14), other=st.sampled_from("0123456789"))
def test_one_mistyped_digit_is_seen(number: str, at: int, other: str) -> None:
    wrong = number[:at] + other + number[at + 1 :]
    assert iban.is_valid(wrong) is (wrong == number)


@given(st.text(max_size=50))
def test_no_text_makes_the_check_fail(text: str) -> None:
    assert iban.is_valid(text) in (True, False)


def filled(**changes: str) -> dict[str, str]:
    return {
        "account_holder": "Long Table School",
        "iban": "DE89 3704 0044 0532 0130 00",
        "bank_details": "",
        "seller": "Long Table School\r\nHarbour Street 7",
        "currencies": "EUR",
        "days_until_due": "14",
        "cancel_after_days": "",
        "number_prefix": "INV-",
        "instructions": "",
        "tax_note": "",
        **changes,
    }


@pytest.fixture
def owner(stage: Any, sign_in: Any) -> Any:
    return sign_in(stage.make.person(role="owner"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"iban": "DE89 3704 0044 0532 0130 01"}, "its check digits do not fit"),
        ({"iban": "", "bank_details": " "}, "Write the IBAN, or the bank details below."),
        ({"account_holder": ""}, "Write whose account it is, as the bank knows it."),
        ({"seller": ""}, "An invoice needs the name and the address of who sells."),
        ({"currencies": "EUR, XQX"}, "XQX is not a currency."),
        ({"currencies": ""}, "Write at least one currency, such as EUR."),
        ({"days_until_due": "400"}, "Write a number from 0 to 365."),
        ({"cancel_after_days": "0"}, "Write a number from 1 to 365, or nothing."),
        ({"number_prefix": "INV 1/"}, "Use letters, digits, hyphens, dots and underscores only."),
        ({"number_prefix": "2027"}, "End it with a letter or a hyphen, so that it does not run into the number."),
    ],
)
def test_a_mistake_comes_back_with_a_sentence_and_changes_nothing(
    stage: Any, owner: Any, changes: dict[str, str], words: str
) -> None:
    before = settings.terms()
    answer = stage.send(owner, PAGE, **filled(**changes))
    assert answer.status_code == 422
    assert words in stage.words(answer)
    assert settings.terms() == before


def test_what_is_saved_is_what_invoices_say(stage: Any, owner: Any) -> None:
    assert stage.send(owner, PAGE, **filled(currencies="eur; chf", cancel_after_days="30")).status_code == 303
    terms = settings.terms()
    assert (terms.iban, terms.currencies) == ("DE89370400440532013000", ("eur", "chf"))
    assert (terms.seller, terms.cancel_after_days) == ("Long Table School\nHarbour Street 7", 30)
    assert "On sale" in stage.words(owner.get(PAGE))


@pytest.mark.parametrize(("role", "status"), [("student", 403), ("editor", 403), ("creator", 200), ("owner", 200)])
def test_who_may_set_it_up(stage: Any, sign_in: Any, role: str, status: int) -> None:
    assert sign_in(stage.make.person(role=role)).get(PAGE).status_code == status


def test_before_it_is_set_up_it_sells_nothing_and_says_so(stage: Any, sign_in: Any) -> None:
    stage.set_up(account_holder="", iban="", bank_details="", seller="")
    offer = stage.offer()
    assert BankTransfer().can_sell(offer) == "Bank transfer is not set up yet."
    assert health.is_set_up.check().state == "advice"
    owner = sign_in(stage.make.person(role="owner"))
    assert "Not set up" in stage.words(owner.get(PAGE))
    assert "Bank transfer is not set up yet." in stage.words(owner.get(offer.checkout_path))


@pytest.mark.parametrize(
    ("terms", "answer"),
    [
        ({"kind": "one_time"}, True),
        ({"kind": "one_time", "currency": "kwd"}, True),
        ({"kind": "one_time", "currency": "usd"}, "Bank transfers are not taken in USD."),
        ({"kind": "subscription"}, "Bank transfer is for what is paid once."),
        ({"kind": "free", "amount": 0}, "Bank transfer is for what is paid once."),
    ],
)
def test_what_it_sells(stage: Any, terms: dict[str, Any], answer: bool | str) -> None:
    assert BankTransfer().can_sell(stage.offer(**terms)) == answer


def test_health_tells_of_transfers_that_wait_for_a_decision(stage: Any) -> None:
    assert health.is_set_up.check().state == "good"
    stage.paid(stage.invoice(), amount=100)
    told = health.is_set_up.check()
    assert (told.state, told.sentence) == ("advice", "1 transfer came with another amount than was agreed.")
