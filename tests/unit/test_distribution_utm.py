"""UTM parameters: added, encoded, and never in the way of what an address already holds."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.distribution.utm import is_own, slug, utm_parameters, with_utm
from tidings.domain.tracking import Tracking, Utm

UTM = {"utm_source": "northwind", "utm_medium": "email"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x", "https://a.example/x?utm_source=northwind&utm_medium=email"),
        ("https://a.example", "https://a.example/?utm_source=northwind&utm_medium=email"),
        ("https://a.example/x?", "https://a.example/x?utm_source=northwind&utm_medium=email"),
        ("https://a.example/x?b=1", "https://a.example/x?b=1&utm_source=northwind&utm_medium=email"),
        ("https://a.example/x?b=1#top", "https://a.example/x?b=1&utm_source=northwind&utm_medium=email#top"),
        ("https://a.example/#/spa?x=1", "https://a.example/?utm_source=northwind&utm_medium=email#/spa?x=1"),
        ("https://a.example/?utm_source=mine", "https://a.example/?utm_source=mine&utm_medium=email"),
        ("https://a.example/?UTM_Source=&utm%5Fmedium=x", "https://a.example/?UTM_Source=&utm%5Fmedium=x"),
        ("https://a.example/%C3%A4?q=%26", "https://a.example/%C3%A4?q=%26&utm_source=northwind&utm_medium=email"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("tel:+43", "tel:+43"),
    ],
)
def test_an_address_gets_what_it_lacks(url: str, expected: str) -> None:
    assert with_utm(url, UTM) == expected


def test_values_are_encoded() -> None:
    assert with_utm("https://a.example/", {"utm_campaign": "a&b=c #ü"}).endswith("utm_campaign=a%26b%3Dc%20%23%C3%BC")


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


@given(
    query=st.lists(st.tuples(_TEXT, _TEXT), max_size=4), fragment=_TEXT.filter(lambda text: "#" not in text),
    values=st.dictionaries(st.sampled_from(["utm_source", "utm_medium", "utm_term"]), _TEXT, max_size=3),
)  # fmt: skip
def test_nothing_there_is_lost_or_changed(query: list[tuple[str, str]], fragment: str, values: dict[str, str]) -> None:
    from urllib.parse import quote, urlencode

    url = f"https://a.example/p?{urlencode(query)}#{quote(fragment)}"
    made = with_utm(url, values)
    parts = urlsplit(made)
    found = parse_qsl(parts.query, keep_blank_values=True)
    assert found[: len(query)] == query
    assert parts.fragment == urlsplit(url).fragment
    there = {name.lower() for name, _ in query}
    assert dict(found[len(query) :]) == {k: v for k, v in values.items() if v and k not in there}
    assert with_utm(made, values) == made


def test_templates_are_filled_with_slugs_and_off_means_nothing() -> None:
    places = {"brand": "Northwind Bakery", "campaign": "Größe & Glück 2026", "channel": "email", "variant": "B"}
    assert utm_parameters(Utm(), places) == {}
    assert utm_parameters(Utm(on=True, term="x-{variant}"), places) == {
        "utm_source": "northwind-bakery", "utm_medium": "email", "utm_campaign": "größe-glück-2026",
        "utm_content": "b", "utm_term": "x-b",
    }  # fmt: skip
    assert slug("  --A__b  ") == "a__b"


@pytest.mark.parametrize("wrong", ["{who}", "{", "x}", "{{brand}}"])
def test_a_template_with_unknown_braces_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="braces"):
        Utm(source=wrong)


@pytest.mark.parametrize("wrong", ["http://a.example", "https://a.example/x", "a.example", "https://localhost", "x"])
def test_a_tracking_address_is_https_without_a_path(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"https://news\.example\.com"):
        Tracking(url=wrong)


def test_only_own_sites_are_marked() -> None:
    assert is_own("https://shop.northwind.example/x", ["northwind.example"])
    assert not is_own("https://notnorthwind.example/", ["northwind.example"])
    assert not is_own("https://[broken", ["northwind.example"])
