"""What courses cost."""

from __future__ import annotations

from lms import db
from lms.commerce import offers
from lms.learning import prices
from lms.testing.makers import Makers
from lms.testing.sites import TestSite


def test_the_offers_of_a_course_are_those_of_commerce_in_the_same_order(site: TestSite, make: Makers) -> None:
    course, other = make.course(lessons=1), make.course(lessons=1)
    everything, both, own = make.product(), make.product(course, other), make.product(course)
    for product in (own, everything, both):
        make.offer(product, amount=9900)
        make.offer(product, kind="subscription", amount=900)
    stopped = make.offer(own, amount=100)
    offers.set_offer_active(stopped.id, False)
    make.offer(make.product(other), amount=200)
    db.commit()
    found = prices.of_course(course.id)
    assert len(found) == 6
    assert found == offers.offers_for_course(course.id)


def test_a_card_names_the_cheapest_price_paid_once_of_the_own_products(site: TestSite, make: Makers) -> None:
    course, unsold = make.course(lessons=1), make.course(lessons=1)
    product = make.product(course)
    make.offer(product, kind="subscription", amount=900)
    make.offer(product, amount=9900)
    cheapest = make.offer(product, amount=4900)
    assert prices.lowest([course.id, unsold.id]) == {course.id: cheapest}


def test_a_card_names_the_membership_where_nothing_else_is_sold(site: TestSite, make: Makers) -> None:
    course, single = make.course(lessons=1), make.course(lessons=1)
    everything = make.product()
    make.offer(everything, kind="subscription", amount=1900)
    member = make.offer(everything, kind="subscription", amount=900)
    once = make.offer(make.product(single), amount=4900)
    assert prices.lowest([course.id, single.id]) == {course.id: member, single.id: once}
