"""Whole pages that every school needs."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from lms.content.document import CORE
from lms.content.patterns.parts import button, columns, grid, heading, link, node, row, section, text
from lms.extend import Pattern

billing = Pattern(
    name="billing", plugin=CORE, label=_l("Billing page"), category="pages", order=80,
    description=_l("Where students manage what they pay for: their plan, the customer portal, what cancelling means."),
    blocks=(
        columns(
            [
                heading(_l("Manage your membership"), 1),
                text(_l("<p>Change your card, read your invoices, or cancel. It happens on our payment provider’s "
                        "page, and you come back here.</p>"), "lead"),
                row(
                    button(_l("Open the customer portal"), link("stripe", "customer-portal", "login")),
                    button(_l("Your orders"), link("account", "billing", "login"), "quiet"),
                ),
                heading(_l("If you cancel")),
                text(_l("<p>Your courses stay open until the end of the month you have paid for. Your progress stays "
                        "for good, and so does whatever you bought once.</p>")),
                heading(_l("Invoices")),
                text(_l("<p>An invoice arrives by e-mail on the day of each charge. All of them are in the "
                        "portal.</p>")),
                heading(_l("If something is wrong with a payment")),
                text(_l('<p>Write to <a href="mailto:post@school.example">post@school.example</a> with the number '
                        "of the invoice. A person answers within two working days.</p>")),
            ],
            [node("commerce/subscription"), node("accounts/account-menu")],
            ratio="wide-left",
        ),
    ),
)  # fmt: skip

thank_you = Pattern(
    name="thank-you", plugin=CORE, label=_l("Thank-you page"), category="pages", order=90,
    description=_l("After buying: that it worked, and the three things that happen next."),
    blocks=(
        section(
            heading(_l("Thank you. You are in."), 1, "display"),
            text(_l("<p>Your payment has arrived, and your lessons are open. A receipt is on its way to your "
                    "inbox.</p>"), "lead"),
            row(
                button(_l("Go to your courses"), link("account", "courses", "login")),
                button(_l("See the receipt"), link("account", "billing", "login"), "quiet"),
                place="center",
            ),
            place="center", width="middle", room="l",
        ),
        section(
            heading(_l("What happens now")),
            grid(
                section(heading(_l("1. Begin"), 3), text(_l("<p>Open the first lesson. Eight minutes are enough.</p>")),
                        room="none"),
                section(heading(_l("2. Try it"), 3), text(_l("<p>Each lesson ends with something to try on your own "
                                                            "work.</p>")), room="none"),
                section(heading(_l("3. Come back"), 3), text(_l("<p>We keep your place. Continue is the first thing "
                                                               "that you see.</p>")), room="none"),
                count=3, frame="lines",
            ),
            ground="line",
        ),
    ),
)  # fmt: skip

ALL = (billing, thank_you)
