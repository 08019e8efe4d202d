"""A rule that cannot be used says what to write instead."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from tidings.audience.rules import DAY_FIELDS, OPERATORS, TEXT_FIELDS, check_rule, compile_rule
from tidings.domain.errors import InvalidInputError


def _one(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"all": [{"field": field, "op": op, "value": value}]}


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (None, "is not a condition"),
        ([], "is not a condition"),
        ({}, "this one has nothing"),
        ({"all": "country"}, "must hold a list"),
        ({"all": [], "any": []}, "A condition has"),
        ({"all": [{"field": "country"}]}, "A condition has"),
        ({"all": [{"field": "country", "op": "is", "value": "DE", "x": 1}]}, "A condition has"),
        (_one("shoe_size", "is", "44"), "no field `shoe_size`"),
        (_one('attributes.a"]', "is", "x"), "no field"),
        (_one("country", "like", "D%"), "`like` is not a comparison"),
        (_one("country", "is"), "needs a text"),
        (_one("country", "in", "DE"), "needs a list"),
        (_one("country", "in", []), "needs a list"),
        (_one("country", "in", [["DE"]]), "needs a text"),
        (_one("country", "gt", 3), "compares numbers"),
        (_one("country", "exists", "yes"), "true or false"),
        (_one("engaged_days", "is", 3), "does not compare numbers"),
        (_one("engaged_days", "lt", "90"), "needs a number of days"),
        (_one("engaged_days", "lt", True), "needs a number of days"),
        (_one("engaged_days", "lt", -1), "needs a number of days"),
        (_one("engaged_days", "lt", float("nan")), "needs a number of days"),
    ],
)
def test_a_bad_rule_is_refused(rule: object, says: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_rule(rule)
    assert says in refused.value.message
    assert refused.value.remedy
    assert refused.value.field == "rule"


def test_a_rule_cannot_be_made_large_enough_to_hurt() -> None:
    deep: dict[str, Any] = _one("country", "is", "DE")
    for _ in range(10):
        deep = {"any": [deep]}
    wide = {"all": [{"field": "country", "op": "is", "value": "DE"}] * 500}
    for rule in (deep, wide):
        with pytest.raises(InvalidInputError, match="too large"):
            check_rule(rule)


conditions = st.fixed_dictionaries(
    {
        "field": st.sampled_from([*TEXT_FIELDS, *DAY_FIELDS, "attributes.plan"]) | st.text(max_size=12),
        "op": st.sampled_from(OPERATORS),
        "value": st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=3),
    }
)
rules = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.builds(lambda members: {"all": members}, st.lists(inner, max_size=3)),
        st.builds(lambda members: {"any": members}, st.lists(inner, max_size=3)),
    ),
    max_leaves=8,
)


@given(rules)
def test_any_rule_compiles_for_both_databases_or_is_refused_with_a_remedy(rule: object) -> None:
    refused: InvalidInputError | None = None
    try:
        condition = compile_rule(rule, at=1_795_305_600_000)
    except InvalidInputError as error:
        refused = error
    if refused is not None:
        assert refused.remedy
    else:
        assert str(condition.compile(dialect=sqlite.dialect()))
        assert str(condition.compile(dialect=postgresql.dialect()))
