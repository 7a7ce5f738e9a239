"""The pages, as browsers meet them: from the checkout to the invoice, and the list of staff."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lms_manual_payments import invoices

from lms.api import access, commerce, db

LIST = "/ext/manual_payments/admin/invoices"
BUYER = {"name": "Anna Nowak", "address": "Rose Lane 3\r\nBristol", "tax_number": ""}


@pytest.fixture
def anna(stage: Any) -> Any:
    return stage.make.person(email="anna@example.org", name="Anna Nowak")


@pytest.fixture
def browser(anna: Any, sign_in: Any) -> Any:
    """Anna's."""
    return sign_in(anna)


@pytest.fixture
def owner(stage: Any, sign_in: Any) -> Any:
    return sign_in(stage.make.person(role="owner", name="Olga Owner"))


def checkout(stage: Any, browser: Any, offer: Any) -> str:
    """Confirm on the checkout page; where that leads."""
    answer = stage.send(browser, offer.checkout_path, offer=offer.public_id, provider="manual_payments")
    assert answer.status_code == 303
    return str(answer.location)


# -- the buyer


def test_a_buyer_goes_from_the_checkout_to_an_invoice_and_has_no_access_yet(
    stage: Any, browser: Any, anna: Any, queries: Any
) -> None:
    offer = stage.offer()
    page = checkout(stage, browser, offer)
    assert page == f"/ext/manual_payments/orders/{commerce_order(anna).number}"
    assert 'value="Anna Nowak"' in browser.get(page).text
    answer = stage.send(browser, page, **BUYER)
    assert (answer.status_code, answer.location) == (303, "/ext/manual_payments/invoices/INV-0001")
    with queries.at_most(3):
        text = stage.words(browser.get(answer.location))
    for expected in (
        "Invoice INV-0001", "Harbour Street 7", "Anna Nowak", "Rose Lane 3", "€49.00", "DE02 1203 0000 0000 2020 51",
        "BIC BYLADEM1001", "One transfer for each invoice, please.", "No VAT is charged (small business).",
    ):  # fmt: skip
        assert expected in text
    assert not access.decide_product(anna.id, offer.product_id, commerce_order(anna).placed_at).allowed


def commerce_order(person: Any) -> Any:
    db.rollback()
    table = db.Model.metadata.tables["commerce_order"]
    newest = table.select().with_only_columns(table.c.id).where(table.c.person_id == person.id)
    return commerce.find_order(db.session.scalars(newest.order_by(table.c.id.desc())).first() or 0)


def test_going_there_again_leads_to_the_same_invoice(stage: Any, browser: Any) -> None:
    offer = stage.offer()
    form = checkout(stage, browser, offer)
    stage.send(browser, form, **BUYER)
    assert browser.get(form).location == "/ext/manual_payments/invoices/INV-0001"
    assert checkout(stage, browser, offer) == "/ext/manual_payments/invoices/INV-0001"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "Write the name that stands on the invoice."),
        ({"address": ""}, "Write the address that stands on the invoice."),
        ({"tax_number": "9" * 41}, "Field cannot be longer than 40 characters."),
    ],
)
def test_a_form_that_is_not_filled_in_comes_back(stage: Any, browser: Any, changes: dict[str, str], words: str) -> None:
    answer = stage.send(browser, checkout(stage, browser, stage.offer()), **(BUYER | changes))
    assert answer.status_code == 422
    assert words in stage.words(answer)
    assert invoices.listed() == ()


def test_the_next_invoice_knows_name_and_address_already(stage: Any, browser: Any) -> None:
    stage.send(browser, checkout(stage, browser, stage.offer()), **(BUYER | {"name": "Nowak Ltd", "tax_number": "N1"}))
    text = browser.get(checkout(stage, browser, stage.offer())).text
    assert 'value="Nowak Ltd"' in text
    assert "Rose Lane 3\nBristol" in text.replace("\r\n", "\n")


def test_while_it_is_switched_off_in_the_settings_the_buyer_reads_a_sentence(stage: Any, browser: Any) -> None:
    form = checkout(stage, browser, stage.offer())
    stage.set_up(seller="")
    answer = stage.send(browser, form, **BUYER)
    assert answer.status_code == 503
    assert "Bank transfer is not set up yet. Choose another way to pay." in stage.words(answer)
    assert invoices.listed() == ()


def test_who_owns_it_meanwhile_is_led_into_the_course(stage: Any, browser: Any, anna: Any) -> None:
    offer = stage.offer()
    form = checkout(stage, browser, offer)
    page = browser.get(form)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token
    stage.make.grant(anna, access.product(offer.product_id))
    answer = browser.post(form, data={**BUYER, "csrf_token": token[1]})
    assert (answer.status_code, answer.location[:7]) == (303, "/learn/")
    assert invoices.listed() == ()


def test_nobody_else_reads_order_or_invoice_except_staff(stage: Any, browser: Any, client: Any, sign_in: Any) -> None:
    form = checkout(stage, browser, stage.offer())
    invoice = stage.send(browser, form, **BUYER).location
    for path in (form, invoice):
        assert client.get(path).location == f"/login?next={path}"
    stranger = sign_in(stage.make.person())
    assert [stranger.get(path).status_code for path in (form, invoice)] == [404, 404]
    for role, status in (("editor", 404), ("creator", 200), ("owner", 200)):
        assert sign_in(stage.make.person(role=role)).get(invoice).status_code == status
    assert browser.get("/ext/manual_payments/invoices/INV-9999").status_code == 404


def test_an_order_of_another_provider_has_no_invoice_page(stage: Any, browser: Any, anna: Any) -> None:
    order = stage.order(anna, stage.offer(), provider="elsewhere")
    assert browser.get(f"/ext/manual_payments/orders/{order.number}").status_code == 404


def test_a_settled_order_leads_to_how_it_stands(stage: Any, browser: Any, anna: Any) -> None:
    order = stage.order(anna, stage.offer())
    commerce.record_order_state(order.id, "expired")
    db.commit()
    assert browser.get(f"/ext/manual_payments/orders/{order.number}").location == order.path


def test_the_invoice_stands_on_the_billing_page_and_with_its_order(
    stage: Any, browser: Any, anna: Any, sign_in: Any, queries: Any
) -> None:
    assert "Nothing bought yet" in stage.words(browser.get("/account/billing"))
    invoice = stage.invoice(anna, stage.offer())
    with queries.at_most(5):
        billing = browser.get("/account/billing")
    assert "Nothing bought yet" not in stage.words(billing)
    assert f'href="{invoice.path}"' in billing.text
    assert f'href="{invoice.path}"' in browser.get(invoice.order_path).text
    stranger = sign_in(stage.make.person()).get("/account/billing")
    assert "INV-" not in stranger.text


@pytest.mark.parametrize(
    ("fact", "sentence"),
    [
        ("open", "Transfer €49.00 by"),
        ("held", "€40.00 came, and the invoice is over €49.00."),
        ("paid", "Thank you."),
        ("part", "Refunded on"),
        ("refunded", "Refunded in full."),
        ("cancelled", "Do not pay this invoice: nothing is owed."),
    ],
)
def test_the_invoice_says_how_it_stands(
    stage: Any, browser: Any, anna: Any, owner: Any, fact: str, sentence: str
) -> None:
    invoice = stage.invoice(anna, stage.offer())
    if fact == "cancelled":
        stage.send(owner, invoice.admin_path, f"{invoice.admin_path}/cancel", reason="No money")
    elif fact != "open":
        stage.paid(invoice, amount=4000 if fact == "held" else 4900)
    if fact in ("part", "refunded"):
        stage.refunded(invoice, 1000 if fact == "part" else 4900)
    page = browser.get(invoice.path)
    assert sentence in stage.words(page)
    # Once nothing is expected, the account is not there to be paid into.
    assert ("DE02" in page.text) is (fact == "open")


def test_yen_and_dinars_are_written_with_their_own_decimals(stage: Any, browser: Any, anna: Any) -> None:
    yen = stage.invoice(anna, stage.offer(amount=5000, currency="jpy"))
    dinars = stage.invoice(anna, stage.offer(amount=49500, currency="kwd"))
    assert "¥5,000" in stage.words(browser.get(yen.path))
    assert "49.500" in stage.words(browser.get(dinars.path))


# -- the mail


def test_the_mail_holds_all_that_a_transfer_needs(stage: Any, anna: Any) -> None:
    invoice = stage.invoice(anna, stage.offer())
    stage.work()
    letters = {file.name: file.read_text() for file in (stage.site.config.instance / "outbox").glob("*.eml")}
    (letter,) = [text for text in letters.values() if "Subject: Invoice INV-0001" in text]
    for expected in ("anna@example.org", "DE02 1203 0000 0000 2020 51", "Reference: INV-0001", invoice.path):
        assert expected in letter


# -- staff


@pytest.mark.parametrize(("role", "status"), [("student", 403), ("editor", 403), ("creator", 200), ("owner", 200)])
def test_who_may_see_the_list(stage: Any, sign_in: Any, role: str, status: int) -> None:
    invoice = stage.invoice()
    browser = sign_in(stage.make.person(role=role))
    assert [browser.get(path).status_code for path in (LIST, invoice.admin_path)] == [status, status]


@pytest.mark.parametrize("act", ["paid", "cancel", "refund"])
def test_a_student_and_a_form_without_its_token_decide_nothing(stage: Any, browser: Any, owner: Any, act: str) -> None:
    invoice = stage.invoice()
    data = {"amount": "49", "paid_on": "2020-01-01", "reason": "Mine", "remaining": "4900"}
    assert owner.post(f"{invoice.admin_path}/{act}", data=data).status_code == 400
    answer = stage.send(browser, "/account/profile", f"{invoice.admin_path}/{act}", **data)
    assert answer.status_code == 403
    assert stage.fresh(invoice) == invoice


def test_the_list_is_quiet_at_first_and_then_shows_and_finds(stage: Any, owner: Any, anna: Any) -> None:
    assert "No invoices yet" in stage.words(owner.get(LIST))
    first = stage.invoice(anna, stage.offer())
    second = stage.invoice(stage.make.person(), stage.offer(), type(stage.anna)("Bo Berg", "bo@example.org", "Here"))
    paid = stage.paid(second)
    found = {
        query: re.findall(r"admin/invoices/(INV-\d+)", owner.get(f"{LIST}?{query}").text)
        for query in (
            "", "state=open", "state=paid", "state=overdue", "q=nowak", "q=BO%40example", "q=inv-0002", "q=bo+berg",
            "q=nowak&state=paid", "q=100%25",
        )
    }  # fmt: skip
    assert found == {
        "": [paid.number, first.number],
        "state=open": [first.number],
        "state=paid": [paid.number],
        "state=overdue": [],
        "q=nowak": [first.number],
        "q=BO%40example": [paid.number],
        "q=inv-0002": [paid.number],
        "q=bo+berg": [paid.number],
        "q=nowak&state=paid": [],
        "q=100%25": [],
    }
    assert "No such invoices" in stage.words(owner.get(f"{LIST}?q=nobody"))
    assert owner.get(f"{LIST}?state=nonsense").status_code == 404


@pytest.mark.parametrize("count", [2, 52])
def test_the_list_costs_the_same_however_long_it_is(stage: Any, owner: Any, queries: Any, count: int) -> None:
    offer = stage.offer()
    for _ in range(count):
        stage.invoice(offer=offer)
    owner.get(LIST)
    with queries.at_most(3):
        page = owner.get(LIST)
    shown = re.findall(r"admin/invoices/(INV-\d+)", page.text)
    assert len(shown) == min(count, 50)
    older = re.search(r'href="(\?[^"]*before=\d+)"', page.text)
    assert bool(older) is (count > 50)
    if older:
        rest = re.findall(r"admin/invoices/(INV-\d+)", owner.get(LIST + older[1].replace("&amp;", "&")).text)
        assert len(set(shown) | set(rest)) == count


def test_staff_mark_as_paid_and_the_buyer_is_in_the_course(stage: Any, owner: Any) -> None:
    invoice = stage.invoice()
    page = owner.get(invoice.admin_path)
    assert 'value="49.00"' in page.text
    answer = stage.send(owner, invoice.admin_path, f"{invoice.admin_path}/paid", amount="49,00", paid_on="2024-02-29")
    assert (answer.status_code, answer.location) == (303, invoice.admin_path)
    assert "INV-0001 is paid, and what it bought is open." in stage.words(owner.get(invoice.admin_path))
    assert (stage.is_in(invoice), str(stage.fresh(invoice).paid_on)) == (True, "2024-02-29")


def test_another_amount_is_told_to_whoever_enters_it(stage: Any, owner: Any) -> None:
    invoice = stage.invoice()
    stage.send(owner, invoice.admin_path, f"{invoice.admin_path}/paid", amount="40", paid_on="2024-02-29")
    page = owner.get(invoice.admin_path)
    assert "The order is held: nothing is open yet." in stage.words(page)
    assert "€40.00 came, and €49.00 were agreed." in stage.words(page)
    assert 'href="/admin/orders?state=held"' in page.text
    assert not stage.is_in(invoice)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "4O"}, "Write the amount as a number, like 49 or 9.50."),
        ({"amount": ""}, "Write the amount as a number, like 49 or 9.50."),
        ({"amount": "49.005"}, "This currency has 2 decimals."),
        ({"amount": "0"}, "Write an amount above zero, and not out of all proportion."),
        ({"amount": "1e99"}, "Write an amount above zero, and not out of all proportion."),
        ({"amount": "NaN"}, "Write the amount as a number, like 49 or 9.50."),
        ({"paid_on": "2999-01-01"}, "This day has not come yet."),
        ({"paid_on": "yesterday"}, "Not a valid date value."),
        ({"paid_on": ""}, "Write the day on which the money came."),
    ],
)
def test_a_mistake_of_staff_comes_back_with_a_sentence(
    stage: Any, owner: Any, changes: dict[str, str], words: str
) -> None:
    invoice = stage.invoice()
    data = {"amount": "49", "paid_on": "2024-02-29"} | changes
    answer = stage.send(owner, invoice.admin_path, f"{invoice.admin_path}/paid", **data)
    assert answer.status_code == 422
    assert words in stage.words(answer)
    assert stage.fresh(invoice) == invoice


def test_two_windows_of_staff_mark_and_cancel_the_later_one_reads_why_not(stage: Any, owner: Any) -> None:
    invoice = stage.invoice()
    page = owner.get(invoice.admin_path)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert token
    stage.paid(invoice)
    answer = owner.post(f"{invoice.admin_path}/cancel", data={"reason": "Nothing came", "csrf_token": token[1]})
    assert answer.status_code == 409
    assert "Only an invoice that is not paid can be cancelled." in stage.words(answer)
    assert stage.is_in(invoice)


def test_staff_refund_in_part_and_in_full_each_form_once(stage: Any, owner: Any) -> None:
    invoice = stage.paid(stage.invoice())
    refund = f"{invoice.admin_path}/refund"
    assert 'name="remaining" type="hidden" value="4900"' in owner.get(invoice.admin_path).text
    part = {"amount": "9", "reason": "A discount", "remaining": "4900"}
    assert stage.send(owner, invoice.admin_path, refund, **part).status_code == 303
    assert "The access stays." in stage.words(owner.get(invoice.admin_path))
    again = stage.send(owner, invoice.admin_path, refund, **part)
    assert again.status_code == 409
    assert "INV-0001 was refunded meanwhile." in stage.words(again)
    rest = {"amount": "40", "reason": "Changed her mind", "remaining": "4000"}
    assert stage.send(owner, invoice.admin_path, refund, **rest).status_code == 303
    assert "the access has ended" in stage.words(owner.get(invoice.admin_path))
    assert not stage.is_in(invoice)


@pytest.mark.parametrize("form", [{"reason": ""}, {"remaining": ""}, {"remaining": "x"}, {"amount": "50"}])
def test_a_refund_that_makes_no_sense_moves_nothing(stage: Any, owner: Any, form: dict[str, str]) -> None:
    invoice = stage.paid(stage.invoice())
    data = {"amount": "9", "reason": "Why", "remaining": "4900"} | form
    answer = stage.send(owner, invoice.admin_path, f"{invoice.admin_path}/refund", **data)
    assert answer.status_code in (409, 422)
    assert stage.fresh(invoice).refunded == 0


def test_an_unknown_invoice_is_a_404_for_staff(owner: Any) -> None:
    assert owner.get(f"{LIST}/INV-0404").status_code == 404


def test_the_list_says_when_nobody_can_pay_yet(stage: Any, owner: Any) -> None:
    stage.set_up(iban="", bank_details="")
    page = owner.get(LIST)
    assert "Nobody can pay by bank transfer yet." in stage.words(page)
    assert 'href="/admin/settings/manual_payments"' in page.text


def test_staff_send_a_part_back_from_the_orders_page_once(stage: Any, sign_in: Any) -> None:
    invoice = stage.paid(stage.invoice())
    staff = sign_in(stage.make.person(role="creator"))
    page = f"/admin/orders/{invoice.order_number}"
    html = staff.get(page).text
    assert f"Invoice {invoice.number} issued" in html
    assert f'href="{invoice.admin_path}"' in html
    form = re.search(rf'href="({page}/refund/\d+)"', html)[1]
    hidden = re.findall(r'<input[^>]*type="hidden"[^>]*>', staff.get(form).text)
    sent = {re.search(r'name="([^"]+)"', one)[1]: re.search(r'value="([^"]*)"', one)[1] for one in hidden}
    sent |= {"amount": "9", "access": "ends", "reason": "Half of it"}
    for _press in range(2):
        assert staff.post(form, data=sent).location == page
    assert [(each.amount, each.reason) for each in invoices.refunds_of(invoice.id)] == [(900, "Half of it")]
    assert (stage.fresh(invoice).remaining, stage.is_in(invoice)) == (4000, False)
    assert "€9.00 went back" in staff.get(page).text
    # What was sent back on the invoice's own page is one more, and counts here too.
    stage.refunded(invoice, 4000)
    assert f'href="{form}"' not in staff.get(page).text
    assert invoice.number in staff.get(f"/admin/orders?q={invoice.number}").text
