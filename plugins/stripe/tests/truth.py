"""What the simulator's objects demand of the site, worked out here by itself: who may enter what, and until when.

Nothing of the plugin is used. The rules are those of the design notes (status → access), in as few words as they go.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LEEWAY, DAY = 48 * 3600, 86_400
FOREVER = 2**40
OPEN_DISPUTES = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review")
LOST_DISPUTES = ("lost", "prevented")
LIVING = ("trialing", "active", "past_due", "unpaid", "paused")


@dataclass(frozen=True)
class Terms:
    """Of an offer on the site, what access hangs on."""

    product_id: int
    access_days: int | None = None
    grace_days: int = 7
    instalments: int | None = None


@dataclass
class Money:
    """A payment that arrived: when, how much, what went back of it and how it is disputed."""

    at: int
    amount: int
    back: int = 0
    disputes: list[str] = field(default_factory=list)


Objects = dict[str, list[dict[str, Any]]]


def objects(data: Any) -> Objects:
    """Everything in the simulator, both modes, by kind, oldest first."""
    found: Objects = defaultdict(list)
    for row in data.rows("SELECT kind, body FROM object WHERE kind != 'event' ORDER BY seq"):
        found[row["kind"]].append(json.loads(row["body"]))
    return found


class Truth:
    """What is true at one moment (seconds since 1970)."""

    def __init__(self, data: Any, offers: dict[int, Terms]) -> None:
        self.now = int(data.now())
        self.offers = offers
        self.all = objects(data)
        self._offer_of = {p["id"]: int(p["metadata"]["offer"]) for p in self.all["price"] if "offer" in p["metadata"]}
        self._charge = {c["payment_intent"]: c for c in self.all["charge"] if c["paid"]}
        self._invoice = {i["id"]: i for i in self.all["invoice"]}
        self._intent_of = {
            p["invoice"]: p["payment"]["payment_intent"]
            for p in self.all["invoice_payment"]
            if p["status"] == "paid" and p["payment"].get("payment_intent")
        }

    # -- doors

    def doors(self) -> dict[tuple[int, int], set[int]]:
        """For each person and product that anything is open of: until when, at best (``FOREVER``: without end).

        Several values where two payments of one order may each have been the first.
        """
        found: dict[tuple[int, int], set[int]] = {}
        for person, product, untils in [*self._bought(), *self._subscribed()]:
            best = {until for until in untils if until > self.now}
            if best:
                key = person, product
                before = found.get(key)
                found[key] = best if before is None or max(best) > max(before) else before
        return found

    def _bought(self) -> Iterator[tuple[int, int, set[int]]]:
        for order, sessions in self._sessions("payment").items():
            money = self._of_order(order)
            terms = self.offers[self._sold(sessions[0])]
            if money and self._holds(money) and not 0 < sum(m.amount for m in money) <= sum(m.back for m in money):
                person = int(sessions[0]["metadata"]["person"])
                ends = {m.at + terms.access_days * DAY if terms.access_days else FOREVER for m in money}
                yield person, terms.product_id, ends

    def _subscribed(self) -> Iterator[tuple[int, int, set[int]]]:
        for each in self.all["subscription"]:
            if "order" not in each["metadata"]:
                continue
            terms = self.offers[self._offer_of[each["items"]["data"][0]["price"]["id"]]]
            money = self._of_order(int(each["metadata"]["order"]))
            until = FOREVER if self._is_paid_off(money, terms) else self._until(each, terms)
            if until and self._holds(money):
                yield int(each["metadata"]["person"]), terms.product_id, {until}

    def _until(self, each: dict[str, Any], terms: Terms) -> int:
        status, end = each["status"], max(item["current_period_end"] for item in each["items"]["data"])
        if status == "trialing":
            until = each["trial_end"] + LEEWAY
        elif status == "active":
            until = end + LEEWAY
        elif status == "past_due":
            unpaid = [i["created"] for i in self._invoices(each) if i["status"] == "open"]
            until = min(unpaid, default=0) + terms.grace_days * DAY
        else:
            return 0
        return min(until, each["cancel_at"] or until)

    # -- money

    def _sessions(self, mode: str) -> dict[int, list[dict[str, Any]]]:
        found = defaultdict(list)
        for session in self.all["checkout.session"]:
            if session["mode"] == mode and "order" in session["metadata"]:
                found[int(session["metadata"]["order"])].append(session)
        return found

    def _sold(self, session: dict[str, Any]) -> int:
        return self._offer_of[session["_lines"][0]["price"]]

    def _of_order(self, order: int) -> list[Money]:
        """What came for an order, oldest first; something that cost nothing counts as well, with 0."""
        found = []
        for session in self._sessions("payment").get(order, []):
            if session["status"] == "complete" and session["payment_status"] in ("paid", "no_payment_required"):
                invoice = self._invoice[session["invoice"]]
                found.append(self._money(invoice["status_transitions"]["paid_at"], session))
        for each in self.all["subscription"]:
            if each["metadata"].get("order") == str(order):
                for invoice in self._invoices(each):
                    if invoice["status"] == "paid" and (invoice["amount_paid"] or invoice["subtotal"] > 0):
                        at = invoice["status_transitions"]["paid_at"]
                        entry = {"payment_intent": self._intent_of.get(invoice["id"])}
                        found.append(self._money(at, entry | {"amount_total": invoice["amount_paid"]}))
        return sorted(found, key=lambda money: money.at)

    def _money(self, at: int, paid: dict[str, Any]) -> Money:
        intent = paid["payment_intent"]
        mine = [each for each in self.all["refund"] if intent and each["payment_intent"] == intent]
        disputes = [each["status"] for each in self.all["dispute"] if intent and each["payment_intent"] == intent]
        back = sum(each["amount"] for each in mine if each["status"] not in ("failed", "canceled"))
        return Money(at, paid["amount_total"], back, disputes)

    @staticmethod
    def _is_paid_off(money: list[Money], terms: Terms) -> bool:
        """Whether all instalments came and stayed."""
        kept = [m for m in money if not 0 < m.amount <= m.back and not any(d in LOST_DISPUTES for d in m.disputes)]
        return terms.instalments is not None and len(kept) >= terms.instalments

    @staticmethod
    def _holds(money: list[Money]) -> bool:
        """Whether no dispute rests or ended it: an open one rests all, a lost one until something is paid anew."""
        for each in money:
            if any(status in OPEN_DISPUTES for status in each.disputes):
                return False
            lost = any(status in LOST_DISPUTES for status in each.disputes)
            if lost and not any(later.at > each.at and later.amount for later in money):
                return False
        return True

    def _invoices(self, subscription: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            i
            for i in self.all["invoice"]
            if ((i["parent"] or {}).get("subscription_details") or {}).get("subscription") == subscription["id"]
        ]

    def books(self) -> dict[int, tuple[int, int, int]]:
        """For each order: how many payments came, how much money that was, and how much of it went back."""
        orders = {
            int(each["metadata"]["order"])
            for kind in ("checkout.session", "subscription")
            for each in self.all[kind]
            if "order" in each["metadata"]
        }
        found = {}
        for order in orders:
            money = [each for each in self._of_order(order) if each.amount]
            if money:
                found[order] = len(money), sum(each.amount for each in money), sum(each.back for each in money)
        return found

    # -- what staff have to hear of

    def pays_twice(self) -> bool:
        """Whether somebody has two living subscriptions to one product."""
        living = defaultdict(int)
        for each in self.all["subscription"]:
            if each["status"] in LIVING and "order" in each["metadata"]:
                offer = self.offers[self._offer_of[each["items"]["data"][0]["price"]["id"]]]
                living[each["metadata"]["person"], offer.product_id] += 1
        return any(count > 1 for count in living.values())

    def most_letters(self) -> dict[str, int]:
        """Of each kind of letter, how many facts there are that it could tell of."""
        paid = sum(1 for i in self.all["invoice"] if i["status"] == "paid")
        debits = sum(1 for s in self.all["checkout.session"] if s["status"] == "complete")
        return {
            "order_paid": debits,
            "receipts": paid,
            "order_awaiting": debits,
            "order_failed": debits,
            "charge_failed": sum(1 for i in self.all["invoice"] if i["attempt_count"]),
            "subscription_ended": sum(1 for s in self.all["subscription"] if s["status"] == "canceled"),
            "money_goes_back": len(self.all["refund"]),
        }
