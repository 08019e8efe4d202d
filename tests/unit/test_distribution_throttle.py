"""What refusals mean, the breaker, the bucket, the groups, the ramp and the line-up, without a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.distribution.channels.base import Outgoing, Result
from tidings.distribution.channels.smtp import outcome_of
from tidings.distribution.relay import parse_relays
from tidings.distribution.smtp.replies import Reply
from tidings.distribution.throttle.breaker import Breaker
from tidings.distribution.throttle.groups import Groups
from tidings.distribution.throttle.limit import LEAST_RATE, Limit
from tidings.distribution.throttle.line_up import LineUp
from tidings.distribution.throttle.replies import GREYLIST_WAIT, About, read
from tidings.distribution.throttle.warmup import DAYS, FIRST, LAST, Ramp, allowance
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import DAY, MINUTE, SECOND


def about(line: str, stage: str = "dot") -> About:
    """What a whole reply line is about."""
    reply = Reply(int(line[:3]), line[4:])
    return read(reply.code, reply.enhanced, reply.text, stage).about


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("421 4.7.28 Our system has detected an unusual rate of unsolicited mail", About.SLOW),
        ("421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints", About.SLOW),
        ("451 4.7.650 The mail server has been temporarily rate limited due to IP reputation (S3114)", About.SLOW),
        ("451 4.7.1 Greylisting in action, please come back in 5 minutes", About.GREYLIST),
        ("450 4.2.0 Greylisted, see http://postgrey.example/help", About.MAILBOX),
        ("450 Requested action not taken", About.GREYLIST),
        ("421 4.3.2 Service shutting down", About.RELAY),
        ("452 4.2.2 Mailbox full", About.MAILBOX),
        ("450 4.3.0 Error: command failed", About.RELAY),
        ("550 5.1.1 User unknown", About.RECIPIENT),
        ("550 5.1.8 Sender address has null MX", About.NOTHING),
        ("552 5.2.2 Mailbox full", About.MAILBOX),
        ("552 5.3.4 Message size exceeds fixed limit", About.SIZE),
        ("550 5.7.515 Access denied, sending domain does not meet the required authentication level", About.POLICY),
        ("550 5.7.26 Your email has been blocked because the sender is unauthenticated", About.POLICY),
        ("550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus", About.POLICY),
        ("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent; our block list (S3150)", About.POLICY),
        ("550 5.7.1 You are not allowed to write to this group", About.NOTHING),
        ("550 5.7.133 Sender not authenticated for group", About.NOTHING),
        ("554 5.3.0 Error: command failed", About.RELAY),
    ],
)
def test_a_refusal_is_about_the_right_thing(line: str, expected: About) -> None:
    assert about(line, "rcpt") is expected


def test_what_is_about_the_sender_fails_and_suppresses_nobody() -> None:
    outcome = outcome_of(Reply(550, "5.7.515 Access denied"), "dot")
    assert (outcome.result, outcome.hard) == (Result.DEFERRED, False)
    assert outcome_of(Reply(550, "5.1.1 unknown"), "rcpt").hard
    assert not outcome_of(Reply(552, "5.2.2 full"), "rcpt").hard


def test_greylisting_is_waited_for_as_long_as_it_says() -> None:
    assert outcome_of(Reply(450, "4.7.1 Greylisted, try again in 300 seconds"), "rcpt").wait == 305 * SECOND
    assert outcome_of(Reply(451, "come back later"), "rcpt").wait == GREYLIST_WAIT
    assert outcome_of(Reply(451, "4.3.0 queue file write error"), "dot").wait == 0


def test_the_breaker_opens_after_three_failures_and_closes_by_one_acceptance() -> None:
    breaker = Breaker()
    for _ in range(2):
        breaker.failed(0.0, "away")
    assert not breaker.shut
    breaker.failed(0.0, "away")
    assert (breaker.shut, breaker.again_at) == (True, 1.0)
    breaker.try_again()
    breaker.failed(1.0, "away")
    assert (breaker.shut, breaker.again_at) == (True, 3.0)
    breaker.try_again()
    breaker.answered(3.0, "", deferred=False)
    assert not breaker.shut
    assert not breaker.half_open


@given(st.lists(st.booleans(), max_size=300))
def test_the_breaker_opens_when_more_than_a_fifth_of_the_last_hundred_is_put_off(answers: list[bool]) -> None:
    breaker, window = Breaker(), list[bool]()
    for deferred in answers:
        breaker.answered(0.0, "later", deferred=deferred)
        window = [*window, deferred][-100:]
        expected = deferred and len(window) >= 20 and sum(window) > 0.2 * len(window)
        assert breaker.shut is expected
        if expected:
            return


def test_a_relay_a_person_must_mend_is_left_alone_for_longer() -> None:
    breaker = Breaker()
    breaker.failed(0.0, "wrong password", paused=True)
    assert (breaker.shut, breaker.paused, breaker.again_at) == (True, True, 30.0)


def test_the_bucket_keeps_its_rate_and_never_more_than_its_places() -> None:
    limit = Limit("r", "g", "G", ceiling=10.0, rate=10.0, connections=3)
    taken = 0
    for step in range(1000):  # ten seconds in steps of 10 ms
        while limit.open(0, step / 100):
            limit.took(step / 100)
            limit.landed()
            taken += 1
    assert 95 <= taken <= 105
    limit.rate = 0.0
    for _ in range(10):
        if limit.open(0, 100.0):
            limit.took(100.0)
    assert limit.flying == 3


def test_the_rate_is_halved_and_grows_again() -> None:
    limit, now = Limit("r", "g", "G", ceiling=8.0), DAY
    assert limit.slow_down(now, "slow", "421 4.7.28 too fast")
    assert not limit.slow_down(now + SECOND, "slow", "421"), "what was on the wire then says nothing new"
    assert (limit.rate, limit.hold_until) == (4.0, now + 15 * MINUTE)
    for _ in range(200):
        limit.accepted()
    assert limit.rate == 8.0
    assert limit.is_over(now + 2 * DAY)
    for _ in range(40):
        now += 2 * 60 * MINUTE
        limit.slow_down(now, "slow", "")
    assert limit.rate == LEAST_RATE
    assert limit.hold_until - now == 90 * MINUTE


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("ann@GMAIL.com", "google"), ("ann@hotmail.fr", "microsoft"), ("ann@aol.com", "yahoo"), ("ann@me.com", "apple"),
        ("ann@web.de", "gmx"), ("ann@bakery.example", "bakery.example"),
    ],
)  # fmt: skip
def test_a_domain_belongs_to_its_provider_or_to_itself(address: str, group: str) -> None:
    assert Groups().of(address) == group


def test_groups_learn_by_mx_and_listen_to_a_person() -> None:
    groups = Groups(["shop.example = yahoo", "google: connections=2 rate=1.5", "tiny.example: rate=1"])
    assert groups.by_mx(["aspmx.l.google.com"]) == "google"
    assert groups.by_mx(["shop-example.mail.protection.outlook.com"]) == "microsoft"
    assert groups.by_mx(["mx.notgoogle.com"]) == ""
    groups.learn({"firm.example": "google", "shop.example": "google", "own.example": ""})
    assert groups.of("a@firm.example") == "google"
    assert groups.of("a@shop.example") == "yahoo", "a person's word stands above the MX"
    assert groups.of("a@own.example") == "own.example"
    assert groups.is_known("own.example")
    assert (groups.limits("google").connections, groups.limits("google").rate) == (2, 1.5)
    assert groups.limits("tiny.example").rate == 1.0
    assert groups.limits("else.example").title == "else.example"


def test_the_ramp_goes_from_50_to_175000_in_30_days() -> None:
    days = [allowance(day) for day in range(DAYS)]
    assert (days[0], days[-1], allowance(DAYS)) == (FIRST, LAST, None)
    assert all(a < b for a, b in pairwise(days))  # type: ignore[operator]
    ramp = Ramp("r", "d", started_at=10 * DAY + 5, day=10)
    ramp.use(50, 10 * DAY + 9)
    assert ramp.left(11 * DAY - 1) == 0
    assert ramp.left(11 * DAY) == 66
    assert ramp.left(40 * DAY) is None


@dataclass
class FixedLimits:
    """Providers that may go, by name."""

    limited: bool = True
    closed: set[str] = field(default_factory=set)

    def group_of(self, message: Outgoing) -> str:
        return str(message.fields["email"])

    def may(self, relay: str, group: str) -> bool:
        return group not in self.closed


def outgoing(number: int, group: str) -> Outgoing:
    return Outgoing(1, number, 0, "A", 0, 0, 1, 0, {"email": group}, 0)


@given(st.lists(st.sampled_from("abc"), max_size=60), st.sets(st.sampled_from("abc")), st.booleans())
def test_the_line_up_loses_nobody_and_keeps_each_providers_order(
    groups: list[str], closed: set[str], limited: bool
) -> None:
    limits = FixedLimits(limited, closed)
    line = LineUp(limits)
    line.extend([outgoing(number, group) for number, group in enumerate(groups)])
    out: list[Outgoing] = []
    while (message := line.next("relay")) is not None:
        out.append(message)
    expected = [group for group in groups if not limited or group not in closed]
    assert sorted(each.fields["email"] for each in out) == sorted(expected)
    for group in "abc":
        numbers = [each.contact_pk for each in out if each.fields["email"] == group]
        assert numbers == sorted(numbers)
    limits.limited = False
    while (message := line.next("relay")) is not None:
        out.append(message)
    assert sorted(each.contact_pk for each in out) == list(range(len(groups)))
    assert len(line) == 0


def test_providers_take_turns() -> None:
    line = LineUp(FixedLimits())
    line.extend([outgoing(n, "a") for n in range(3)] + [outgoing(n, "b") for n in range(3)])
    order = [message.fields["email"] for _ in range(6) if (message := line.next("")) is not None]
    assert order == ["a", "b", "a", "b", "a", "b"]


def test_several_relays_in_one_setting() -> None:
    text = "smtp://u:p,w@one.example:587?weight=2, smtps://two.example?weight=0&connections=3\nsmtp://three.example"
    relays = parse_relays(text)
    assert [relay.name for relay in relays] == ["one.example:587", "two.example:465", "three.example:587"]
    assert [relay.weight for relay in relays] == [2, 0, 1]
    assert relays[0].password == "p,w"
    assert relays[1].connections == 3
    assert parse_relays("smtp://localhost?per_hour=100")[0].per_hour == 100
    assert parse_relays("smtp://localhost?direct=yes&tls=none")[0].direct


@pytest.mark.parametrize(
    "text",
    [
        "smtp://one.example smtp://one.example:587", "smtp://one.example?weight=0", "smtp://one.example?weight=lots",
        "smtp://one.example?direct=maybe", "smtp://one.example?connections=0x10", "smtp://one.example?per_hour=x", "",
    ],
)  # fmt: skip
def test_relays_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as found:
        parse_relays(text)
    assert "smtp://user:password@" in str(found.value.remedy)
