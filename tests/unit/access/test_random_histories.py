"""Random histories of grants against a model that looks at every grant by brute force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from lms.access import services as access
from lms.access.services import Reason, Thing
from lms.accounts import services as accounts
from lms.base import clock
from lms.courses import services as courses
from lms.testing.sites import TestSite

BEGIN = clock.real_now().replace(microsecond=0)
STATES = ("pending", "active", "grace", "suspended", "revoked")
days = st.none() | st.integers(-5, 40)
states = st.sampled_from(STATES)
products = st.integers(0, 2)
refs = st.sampled_from(("a", "b"))


@dataclass
class Modelled:
    state: str
    starts: datetime | None
    ends: datetime | None
    by_staff: bool


class Histories(RuleBasedStateMachine):
    """Two courses; one product for each, and one for everything."""

    prefix: str
    count = 0

    def __init__(self) -> None:
        super().__init__()
        Histories.count += 1
        name = f"{self.prefix}-{Histories.count}"
        self.person = accounts.create_person(email=f"{name}@example.org", name="Person", password_hash=None)
        self.owner = accounts.create_person(
            email=f"o-{name}@example.org", name="Owner", password_hash=None, roles=("owner",)
        )
        self.courses = [courses.create_course(slug=f"{name}-{n}", title="Course", actor_id=None).id for n in range(2)]
        items: list[list[tuple[str, int | None]]] = [[("course", course)] for course in self.courses]
        self.products = [
            access.create_product(slug=f"{name}-{n}", name="Product", items=each).id
            for n, each in enumerate([*items, [("everything", None)]])
        ]
        self.now = BEGIN
        self.model: dict[tuple[int, str], Modelled] = {}

    @rule(product=products, ref=refs, state=states, starts=days, ends=days, staff=st.booleans())
    def told(self, product: int, ref: str, state: str, starts: int | None, ends: int | None, staff: bool) -> None:
        start, end = self._at(starts), self._at(ends)
        access.set_grant(
            person_id=self.person.id, product_id=self.products[product], source="order", source_ref=ref,
            state=state, starts_at=start, ends_at=end, actor_id=self.owner.id if staff else None,
        )  # fmt: skip
        before = self.model.get((product, ref))
        if before is not None and before.by_staff and not staff:
            return
        self.model[product, ref] = Modelled(state, start, end, staff and state == "revoked")

    @rule(product=products, ref=refs, extra=st.integers(1, 30))
    def extended(self, product: int, ref: str, extra: int) -> None:
        known = self.model.get((product, ref))
        if known is not None and known.ends is not None:
            self.told(product, ref, known.state, None, (known.ends - self.now).days + extra, False)

    @rule(product=products, ref=refs)
    def revoked_by_staff(self, product: int, ref: str) -> None:
        if (product, ref) not in self.model:
            return
        found = access.find_grant(self.person.id, self.products[product], "order", ref)
        assert found is not None
        access.revoke_grant(found.id, reason="", actor_id=self.owner.id)
        self.model[product, ref].state = "revoked"
        self.model[product, ref].by_staff = True

    @rule(passing=st.integers(1, 20))
    def time_passes(self, passing: int) -> None:
        self.now += timedelta(days=passing)

    @invariant()
    def every_door_agrees_with_the_model(self) -> None:
        of_person = access.course_decisions(self.person.id, self.now)
        for number, course in enumerate(self.courses):
            found = access.decide(self.person, Thing(course), self.now)
            expected = self._expected(number)
            assert (found.allowed, found.reason, found.until if found.allowed else None) == expected
            assert of_person.get(course, access.NO_GRANT) == found

    def teardown(self) -> None:
        for found in access.grants_of(self.person.id):
            assert access.history(found.id)[-1].after["state"] == found.state

    def _at(self, day: int | None) -> datetime | None:
        return None if day is None else self.now + timedelta(days=day)

    def _expected(self, course: int) -> tuple[bool, Reason, datetime | None]:
        grants = [g for (product, _), g in self.model.items() if product in (course, 2)]
        opening = [g for g in grants if g.state in ("active", "grace") and self._began(g) and not self._over(g)]
        if opening:
            ends = [g.ends for g in opening]
            return True, Reason.GRANTED, None if None in ends else max(end for end in ends if end)
        if any(self._waits_for_money(g) for g in grants):
            return False, Reason.SUSPENDED, None
        if any(g.state in ("pending", "active", "grace") and not self._over(g) for g in grants):
            return False, Reason.NOT_BEGUN, None
        return False, Reason.ENDED if grants else Reason.NO_GRANT, None

    def _waits_for_money(self, grant: Modelled) -> bool:
        return grant.state == "grace" if self._over(grant) else grant.state == "suspended"

    def _began(self, grant: Modelled) -> bool:
        return grant.starts is None or grant.starts <= self.now

    def _over(self, grant: Modelled) -> bool:
        return grant.ends is not None and grant.ends <= self.now


def test_any_history_of_grants_decides_as_the_model_does(both_databases: str, site: TestSite) -> None:
    class Here(Histories):
        prefix = both_databases

        def teardown(self) -> None:
            super().teardown()
            site.commit()

    run: Callable[..., None] = run_state_machine_as_test
    run(
        Here,
        settings=settings(
            # The model is the same; the second database only has to agree.
            max_examples=20 if both_databases == "sqlite" else 6,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
