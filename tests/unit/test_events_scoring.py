"""Machines are told from people by their signs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.events.scoring import machine_score

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
