"""Machines are told from people by their signs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.events.networks import owner_of
from tidings.events.scoring import Signs, machine_score, weigh

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@pytest.mark.parametrize("agent", [FIREFOX, PHONE])
@pytest.mark.parametrize("seconds", [4, 20, 600, 86_400])
def test_a_person_in_a_browser_counts(agent: str, seconds: float) -> None:
    assert machine_score(agent, "GET", seconds) < 0.5


@pytest.mark.parametrize(
    ("agent", "method", "seconds"),
    [
        (FIREFOX, "HEAD", 600),
        (FIREFOX, "GET", 0.4),
        ("", "GET", 600),
        ("Mozilla/5.0", "GET", 600),
        ("curl/8.5.0", "GET", 600),
        ("python-requests/2.32", "GET", 3600),
        ("BarracudaCentral link check", "GET", 3600),
        ("Googlebot/2.1 (+http://www.google.com/bot.html)", "GET", 3600),
        (GMAIL, "GET", 600),
    ],
)
def test_programs_are_seen(agent: str, method: str, seconds: float) -> None:
    assert machine_score(agent, method, seconds) >= 0.5


def test_a_proxy_that_loads_pictures_when_the_mail_is_opened_is_no_machine_open() -> None:
    assert machine_score(GMAIL, "GET", 600, opened=True) < 0.5


def test_a_link_nobody_sees_is_followed_by_machines_only() -> None:
    assert machine_score(FIREFOX, "GET", 600, trap=True) == 1.0


def test_all_links_at_once_tell_a_scanner_with_a_borrowed_name() -> None:
    assert machine_score(FIREFOX, "GET", 30, seconds_since_other_link=0.2) >= 0.5
    assert machine_score(FIREFOX, "GET", 600, seconds_since_other_link=8) < 0.5


@given(
    st.text(max_size=60),
    st.sampled_from(["GET", "HEAD", "OPTIONS", "post"]),
    st.floats(-1e6, 1e9, allow_nan=False),
    st.none() | st.floats(-10, 1e6, allow_nan=False),
)
def test_a_score_is_a_probability_and_more_signs_never_lower_it(
    agent: str, method: str, seconds: float, other: float | None
) -> None:
    score = machine_score(agent, method, seconds, seconds_since_other_link=other)
    assert 0.0 <= score <= 1.0
    assert machine_score(agent, "HEAD", seconds, seconds_since_other_link=other) >= score


@pytest.mark.parametrize(
    ("signs", "why"),
    [
        (Signs(FIREFOX, prefetch=True), "prefetch"),
        (Signs(FIREFOX, opened=True, network="apple"), "network"),
        (Signs(FIREFOX, network="mimecast"), "network"),
        (Signs(FIREFOX, all_links=True), "all_links"),
        (Signs(FIREFOX, trap=True), "trap"),
        (Signs(FIREFOX, "HEAD"), "method"),
        (Signs("Mozilla/5.0", opened=True), "agent"),
        (Signs(FIREFOX, seconds_since_sent=1.0), "early"),
    ],
)
def test_each_sign_is_enough_and_is_named(signs: Signs, why: str) -> None:
    score, told = weigh(signs)
    assert score >= 0.5
    assert told == why


def test_the_strongest_sign_is_named_first() -> None:
    assert weigh(Signs("curl/8", "HEAD", 1.0, all_links=True))[1] == "method agent all_links early"
    assert weigh(Signs(FIREFOX, seconds_since_sent=600))[1] == ""


@pytest.mark.parametrize(
    ("address", "owner"),
    [("17.1.2.3", "apple"), ("66.249.84.1", "google"), ("209.222.80.9", "barracuda"), ("2620:149:a::1", "apple"),
     ("203.0.113.1", ""), ("", ""), ("unix:", ""), ("2001:db8::1", "")],
)  # fmt: skip
def test_whose_network(address: str, owner: str) -> None:
    assert owner_of(address) == owner
