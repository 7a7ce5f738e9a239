"""Addresses are built as Werkzeug's own rules build them, only later."""

from __future__ import annotations

import pytest
from werkzeug.routing import Map, Rule

from lms.web.routing import LazyRule

RULES = ("/", "/courses/<slug>", "/pages/<int:page_id>/<any(on, off):switch>", "/media/<path:key>")
CASES = (
    ("/", {}),
    ("/", {"page": 2, "q": "a b"}),
    ("/courses/<slug>", {"slug": "letters & more"}),
    ("/courses/<slug>", {"slug": "letters", "after": "x"}),
    ("/pages/<int:page_id>/<any(on, off):switch>", {"page_id": 7, "switch": "on"}),
    ("/media/<path:key>", {"key": "a/b c.png"}),
)


@pytest.mark.parametrize("append_unknown", [True, False], ids=["query", "no-query"])
@pytest.mark.parametrize("case", range(len(CASES)))
def test_an_address_is_built_as_by_the_plain_rule(case: int, append_unknown: bool) -> None:
    endpoint, values = CASES[case]
    built = [
        Map([kind(rule, endpoint=rule) for rule in RULES])
        .bind("stoa.example")
        .build(endpoint, values, append_unknown=append_unknown)
        for kind in (Rule, LazyRule)
    ]
    assert built[0] == built[1]


def test_the_site_uses_it(site) -> None:
    assert all(isinstance(rule, LazyRule) for rule in site.app.url_map.iter_rules())


def test_a_number_that_no_row_can_have_is_no_page(site, make, sign_in) -> None:
    owner = sign_in(make.person(role="owner"))
    for number in (2**31, 2**63, 10**40):
        assert owner.get(f"/admin/courses/{number}").status_code == 404
    assert owner.get(f"/admin/courses/{2**31 - 1}").status_code == 404
