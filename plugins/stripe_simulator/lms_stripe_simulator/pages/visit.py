"""One opened portal: whose it is, and what its configuration allows."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template
from werkzeug.exceptions import Forbidden, Gone, NotFound
from werkzeug.wrappers import Response

from lms_stripe_simulator.pages.common import business, by_secret
from lms_stripe_simulator.state import Object

LIFE = 3_600
Answer = str | Response | tuple[str, int]
FLOW_PAGES = {"payment_method_update": "payment-method", "customer_update": "details"}


class Visit:
    """A portal session that somebody has opened; raises a 410 when it is over."""

    def __init__(self, secret: str) -> None:
        self.scope, self.session = by_secret("billing_portal.session", secret)
        opened = int(self.session.get("_opened") or self.session["created"])
        if self.scope.state.wall() >= opened + LIFE:
            raise Gone("expired")
        self.scope.living_by(self.session["customer"])
        self.customer = self.scope.known(self.session["customer"], "customer")
        self.configuration = self.scope.known(self.session["configuration"], "billing_portal.configuration")
        self.home = f"/p/session/{secret}"
        self.flow = self.session["flow"]

    def require(self, feature: str) -> Object:
        """Return a feature; raises a 403 where it is off."""
        found: Object = self.configuration["features"][feature]
        if not found["enabled"]:
            raise Forbidden("This portal does not offer that.")
        return found

    def subscription(self, identifier: str) -> Object:
        """Return one of this customer's subscriptions; raises a 404."""
        found = self.scope.find(identifier, "subscription")
        if found is None or found["customer"] != self.customer["id"]:
            raise NotFound("There is no such subscription.")
        return found

    def method(self, identifier: str) -> Object:
        """Return one of this customer's payment methods; raises a 404."""
        found = self.scope.find(identifier, "payment_method")
        if found is None or found["customer"] != self.customer["id"]:
            raise NotFound("There is no such payment method.")
        return found

    @property
    def first_page(self) -> str | None:
        """Return where a session with a flow begins, or None where it begins at home."""
        if not self.flow or self.session.get("_flow_done"):
            return None
        kind = self.flow["type"]
        if kind in FLOW_PAGES:
            return f"{self.home}/{FLOW_PAGES[kind]}"
        step = kind.removeprefix("subscription_").replace("_", "-")
        return f"{self.home}/subscriptions/{self.flow[kind]['subscription']}/{step}"

    def done(self, *kinds: str) -> Answer:
        """Go where a finished page leads: home, or as the flow says."""
        if not self.flow or self.flow["type"] not in kinds:
            return redirect(self.home, 303)
        self.scope.change(self.session, _flow_done=True)
        after = self.flow["after_completion"]
        if after["type"] == "redirect":
            return redirect(after["redirect"]["return_url"], 303)
        if after["type"] == "hosted_confirmation":
            message = (after["hosted_confirmation"] or {}).get("custom_message") or "All done."
            return self.render("portal_done", message=message)
        return redirect(self.home, 303)

    def render(self, template: str, **context: Any) -> str:
        """Render one of the portal's templates."""
        return render_template(
            f"simulator/{template}.html",
            visit=self,
            business=business(self.scope),
            features=self.configuration["features"],
            **context,
        )
