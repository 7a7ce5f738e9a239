"""Disputes: opened by a card, by a person or by a test; decided by evidence, by acceptance, or by time.

https://docs.stripe.com/testing#disputes. How long a bank takes is our assumption, as is what ``prevented`` does to the
money: it goes back to the buyer.
"""

from __future__ import annotations

from typing import Any

from stripe import Dispute

from lms_stripe_simulator.agenda import happening
from lms_stripe_simulator.billing import payments
from lms_stripe_simulator.identifiers import new_id
from lms_stripe_simulator.scope import Scope
from lms_stripe_simulator.shapes import blank, optional_names
from lms_stripe_simulator.state import Object

DAY = 86_400
ANSWER_WITHIN = 9 * DAY
BANK_DECIDES_AFTER = 30 * DAY
DISPUTED_AFTER = DAY
"""A card that disputes does so a day after a checkout, so that there is access to take away."""
REASONS = (
    "fraudulent",
    "product_not_received",
    "product_unacceptable",
    "duplicate",
    "subscription_canceled",
    "credit_not_processed",
    "general",
)
WINNING, LOSING, ESCALATING = "winning_evidence", "losing_evidence", "escalate_inquiry_evidence"
OPEN = ("needs_response", "under_review", "appeal_needs_response", "appeal_under_review")
INQUIRY = ("warning_needs_response", "warning_under_review")
WAITING = ("needs_response", "appeal_needs_response", "warning_needs_response")
CLOSED = ("won", "lost", "prevented", "warning_closed")
NETWORK_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6.1"}
CASES = {"prevented": "resolution"}


def open_dispute(scope: Scope, charge: Object, *, reason: str = "fraudulent", status: str = "needs_response") -> Object:
    """Store a dispute over what is left of a charge, take the money back unless it is an inquiry, and tell."""
    inquiry = status.startswith("warning")
    dispute = blank(
        "dispute",
        id=new_id("du" if inquiry else "dp"),
        amount=charge["amount"] - charge["amount_refunded"],
        balance_transactions=[],
        charge=charge["id"],
        created=scope.now,
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence=dict.fromkeys(optional_names(Dispute.Evidence)) | {"enhanced_evidence": {}},
        evidence_details={
            "due_by": scope.now + ANSWER_WITHIN,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=inquiry,
        livemode=scope.livemode,
        metadata={},
        payment_intent=charge["payment_intent"],
        payment_method_details=_card(charge, reason, "inquiry" if inquiry else CASES.get(status, "chargeback")),
        reason=reason,
        status=status,
    )
    scope.add(dispute)
    scope.change(charge, disputed=True)
    scope.emit("charge.dispute.created", dispute)
    if not inquiry:
        scope.emit("charge.dispute.funds_withdrawn", dispute)
    if status in CLOSED:
        scope.emit("charge.dispute.closed", dispute)
    else:
        scope.schedule(scope.now + ANSWER_WITHIN, "dispute.due", dispute["id"])
    return dispute


def _card(charge: Object, reason: str, case: str) -> Object | None:
    card = (charge["payment_method_details"] or {}).get("card")
    if card is None:
        return None
    code = NETWORK_CODES.get(reason)
    return {
        "type": "card",
        "card": {"brand": card["brand"], "case_type": case, "network": card["brand"], "network_reason_code": code},
    }


def submit(scope: Scope, dispute: Object) -> None:
    """Send the evidence to the bank, which decides by its words, or later by itself."""
    details = dispute["evidence_details"] | {
        "has_evidence": True,
        "submission_count": dispute["evidence_details"]["submission_count"] + 1,
        "submission_method": "manual",
    }
    status = {
        "warning_needs_response": "warning_under_review",
        "needs_response": "under_review",
        "appeal_needs_response": "appeal_under_review",
    }[dispute["status"]]
    scope.unschedule("dispute.due", dispute["id"])
    scope.change(dispute, "charge.dispute.updated", status=status, evidence_details=details)
    word = dispute["evidence"]["uncategorized_text"]
    if word == ESCALATING and status == "warning_under_review":
        escalate(scope, dispute)
    elif word in (WINNING, LOSING):
        decide(scope, dispute, "won" if word == WINNING else "lost")
    else:
        scope.schedule(scope.now + BANK_DECIDES_AFTER, "dispute.decide", dispute["id"])


def escalate(scope: Scope, dispute: Object) -> None:
    """Turn an inquiry into a dispute: now the money is gone until it is won."""
    scope.change(dispute, "charge.dispute.updated", status="needs_response", is_charge_refundable=False)
    scope.emit("charge.dispute.funds_withdrawn", dispute)
    scope.schedule(scope.now + ANSWER_WITHIN, "dispute.due", dispute["id"])


def decide(scope: Scope, dispute: Object, outcome: str) -> None:
    """Close a dispute as ``won``, ``lost``, ``prevented`` or, an inquiry, ``warning_closed``."""
    for name in ("dispute.due", "dispute.decide"):
        scope.unschedule(name, dispute["id"])
    had_money = dispute["status"] not in INQUIRY
    scope.change(dispute, "charge.dispute.updated", status=outcome)
    if outcome == "won" and had_money:
        scope.emit("charge.dispute.funds_reinstated", dispute)
    scope.emit("charge.dispute.closed", dispute)


def appeal(scope: Scope, dispute: Object) -> None:
    """Open a lost dispute again, as an appeal that needs evidence."""
    scope.change(dispute, "charge.dispute.updated", status="appeal_needs_response")
    scope.schedule(scope.now + ANSWER_WITHIN, "dispute.due", dispute["id"])


@happening("dispute.due", "dispute")
def _nobody_answered(scope: Scope, dispute: Object) -> None:
    if dispute["status"] in WAITING:
        scope.change(dispute, evidence_details=dispute["evidence_details"] | {"past_due": True})
        decide(scope, dispute, "warning_closed" if dispute["status"] in INQUIRY else "lost")


@happening("dispute.decide", "dispute")
def _the_bank_decides(scope: Scope, dispute: Object) -> None:
    if dispute["status"] in OPEN:
        decide(scope, dispute, "won")
    elif dispute["status"] in INQUIRY:
        decide(scope, dispute, "warning_closed")


@happening("charge.dispute", "charge")
def _buyer_disputes(scope: Scope, charge: Object) -> None:
    if not charge["disputed"] and not charge["refunded"]:
        method = scope.find(charge["payment_method"] or "", "payment_method") or {}
        open_dispute(scope, charge, **kind_of(method.get("_behaviour", "")))


def kind_of(behaviour: str) -> dict[str, Any]:
    """Return how a card that disputes does it: reason and first status."""
    if behaviour == "inquires":
        return {"reason": "fraudulent", "status": "warning_needs_response"}
    return {"reason": "product_not_received" if behaviour == "disputes_delivery" else "fraudulent"}


def _after_success(scope: Scope, intent: Object, charge: Object, method: Object) -> None:
    behaviour = method.get("_behaviour", "")
    if behaviour not in ("disputes", "disputes_delivery", "inquires"):
        return
    if intent.get("_session") or intent.get("_invoice"):
        scope.schedule(scope.now + DISPUTED_AFTER, "charge.dispute", charge["id"])
    else:
        open_dispute(scope, charge, **kind_of(behaviour))


payments.PAID.append(_after_success)
