"""Addresses are built as Werkzeug's own rules build them, only later."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, IntegerConverter, Map, Rule, UnicodeConverter

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


def test_what_was_read_for_one_map_serves_another_with_converters_of_its_own() -> None:
    class Shout(BaseConverter):
        regex = "[A-Z]+"

    def rule(**converters: Any) -> tuple[Map, LazyRule]:
        made = LazyRule("/x/<int:number>/<path:rest>/<word:said>", endpoint="x")
        return Map([made], converters={"int": IntegerConverter, "word": UnicodeConverter, **converters}), made

    (first, _), (second, again), (third, other) = rule(), rule(), rule(word=Shout)
    for built in (first, second):
        assert built.bind("localhost").match("/x/3/a/b/low") == ("x", {"number": 3, "rest": "a/b", "said": "low"})
        assert built.bind("localhost").build("x", {"number": 3, "rest": "a/b", "said": "low"}) == "/x/3/a/b/low"
    assert again.arguments == {"number", "rest", "said"}
    assert {converter.map for converter in again._converters.values()} == {second}
    assert third.bind("localhost").match("/x/3/a/b/LOUD")[1]["said"] == "LOUD"
    with pytest.raises(NotFound):
        third.bind("localhost").match("/x/3/a/b/low")
    assert isinstance(other._converters["said"], Shout)
