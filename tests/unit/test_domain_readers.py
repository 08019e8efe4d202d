"""Blocks for some readers: the condition, its Liquid, and what a block without one looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid import Environment
from pydantic import ValidationError

from tidings.content.parsing import BlocksError, parse_blocks
from tidings.distribution.places import ForAll, OnlyFor, parse
from tidings.domain.blocks import Text
from tidings.domain.errors import InvalidInputError
from tidings.domain.readers import FIELDS, Readers

OPERATORS = ("is", "is_not", "known", "unknown")
VALUES = st.from_regex(r"[A-Za-zÀ-ž0-9.,&-]{1,20}", fullmatch=True)


@given(st.sampled_from(FIELDS), st.sampled_from(OPERATORS), VALUES, st.one_of(st.just(""), VALUES))
def test_a_condition_holds_for_those_for_whom_liquid_says_so(field: str, op: str, value: str, own: str) -> None:
    readers = Readers.model_validate({"field": field, "op": op, "value": value if op in {"is", "is_not"} else ""})
    said = f"{{% if {readers.liquid} %}}yes{{% endif %}}"
    rendered = Environment().from_string(said).render(contact={field: own})
    assert readers.hold({field: own}) is (rendered == "yes")
    begins, text, ends = parse(said, "text")
    assert (begins, text, ends) == (OnlyFor(readers), "yes", ForAll())


def test_what_is_not_known_of_a_contact_is_empty() -> None:
    known = Readers(field="country", op="known")
    assert not known.hold({})
    assert Readers(field="country", op="is_not", value="AT").hold({})
    assert not Readers(field="country", op="is", value="AT").hold({})


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [("email", "is", "x"), ("country", "is", ""), ("country", "known", "AT"), ("country", "is", 'A" or "1'),
     ("country", "is", "{{ x }}"), ("country", "is", " AT"), ("country", "above", "3")],
)  # fmt: skip
def test_what_cannot_be_a_condition(field: str, op: str, value: str) -> None:
    with pytest.raises(ValidationError):
        Readers.model_validate({"field": field, "op": op, "value": value})
    with pytest.raises(BlocksError, match="readers it is for") as raised:
        parse_blocks([{"kind": "text", "text": "Hi."}, {"kind": "text", "text": "x", "only": {"field": field, "op": op,
                      "value": value}}])  # fmt: skip
    assert set(raised.value.problems) == {1}


AT = 'contact.country == "AT"'


@pytest.mark.parametrize(
    "source",
    [
        '{% if contact.email == "x" %}a{% endif %}',
        f"{{% if {AT} %}}a{{% else %}}b{{% endif %}}",
        f'{{% if {AT} and contact.locale == "de" %}}a{{% endif %}}',
        "{% if contact.country %}a{% endif %}",
        "{% if contact.country == contact.locale %}a{% endif %}",
        '{% if x == "AT" %}a{% endif %}',
        f'{{% if {AT} %}}{{% if contact.locale == "de" %}}a{{% endif %}}{{% endif %}}',
        '{% if contact.country contains "A" %}a{% endif %}',
        f"{{% unless {AT} %}}a{{% endunless %}}",
        "{% for x in contact %}a{% endfor %}",
        "{% assign x = 1 %}",
    ],
)
def test_no_other_tag_can_be_sent(source: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be sent"):
        parse(source, "text")


def test_a_block_for_everybody_is_written_as_before_there_were_others() -> None:
    assert Text(text="Hi.").model_dump(mode="json") == {"kind": "text", "text": "Hi."}
    only = {"field": "country", "op": "is", "value": "AT"}
    for_some = Text.model_validate({"text": "Hi.", "only": only})
    assert for_some.model_dump(mode="json") == {"kind": "text", "text": "Hi.", "only": only}
    assert Text.model_validate(for_some.model_dump()) == for_some
