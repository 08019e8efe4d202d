"""Several mails on the way at once: what the machine sends, and what it makes of every way a server can end it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.smtp_material import Mail, mail

from tidings.distribution.smtp.events import Answered, Broken, NeedGo, Ready
from tidings.distribution.smtp.machine import SmtpMachine

HELLO = b"250-relay\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME\r\n"
TAKEN = b"250 2.0.0 reset\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 queued\r\n"


def opened(hello: bytes = HELLO, most: int = 3) -> SmtpMachine:
    machine = SmtpMachine(name="me.example", chunking=most)
    machine.feed(b"220 hi\r\n")
    machine.feed(hello)
    assert isinstance(machine.events.popleft(), Ready)
    return machine


def on_the_way(machine: SmtpMachine, number: int) -> list[Mail]:
    mails = [mail(str(no)) for no in range(number)]
    for each in mails:
        assert machine.wants_mail
        assert machine.offer(each) == b""
        assert machine.events.popleft() == NeedGo(each)
        machine.go(each)
    return mails


def answers(machine: SmtpMachine) -> list[tuple[str, int, str]]:
    """Recipient, code and stage of each answer there is."""
    told = [event for event in machine.events if isinstance(event, Answered)]
    machine.events.clear()
    return [(each.mail.recipient[0], each.reply.code, each.stage) for each in told]


def test_mails_leave_one_behind_the_other_without_waiting() -> None:
    machine, first = opened(), mail()
    machine.offer(first)
    assert machine.go_in_pieces(first) == (
        b"RSET\r\nMAIL FROM:<s@x.example>\r\nRCPT TO:<a@y.example>\r\nBDAT 20 LAST\r\n", first.body
    )  # fmt: skip
    machine.events.clear()
    assert machine.wants_mail
    on_the_way(machine, 2)
    assert not machine.wants_mail
    machine.feed(TAKEN + TAKEN[:30])
    assert answers(machine) == [("a", 250, "dot")]
    assert machine.wants_mail
    machine.feed(TAKEN[30:] + TAKEN)
    assert answers(machine) == [("0", 250, "dot"), ("1", 250, "dot")]
    assert machine.idle


def test_a_body_without_a_line_end_gets_one_and_is_counted_with_it() -> None:
    machine, odd = opened(), mail(body=b"no end")
    machine.offer(odd)
    assert machine.go(odd).endswith(b"BDAT 8 LAST\r\nno end\r\n")


def test_one_refused_recipient_costs_only_that_mail() -> None:
    machine = opened()
    on_the_way(machine, 3)
    refused = b"250 reset\r\n250 ok\r\n550 5.1.1 no such user\r\n503 5.5.1 no valid recipients\r\n"
    machine.feed(TAKEN + refused + TAKEN)
    assert answers(machine) == [("0", 250, "dot"), ("1", 550, "rcpt"), ("2", 250, "dot")]


def test_a_server_that_takes_the_body_of_a_mail_for_nobody_has_not_taken_it() -> None:
    machine = opened()
    on_the_way(machine, 1)
    machine.feed(b"250 reset\r\n250 ok\r\n450 4.2.0 grey\r\n250 2.0.0 queued\r\n")
    assert answers(machine) == [("0", 450, "rcpt")]


def test_the_first_refusal_counts() -> None:
    machine = opened()
    on_the_way(machine, 1)
    machine.feed(b"250 reset\r\n550 5.7.1 not you\r\n503 no sender\r\n503 no sender\r\n")
    assert answers(machine) == [("0", 550, "mail")]


def test_when_the_connection_breaks_all_on_the_way_are_uncertain() -> None:
    machine = opened()
    first, second = on_the_way(machine, 2)
    waits = mail("w")
    machine.offer(waits)
    machine.feed(TAKEN[:40])
    assert machine.lost() == ([first, second], [waits])


def test_after_421_and_the_end_nothing_behind_it_was_taken() -> None:
    machine = opened()
    _, second, third = on_the_way(machine, 3)
    machine.feed(b"250 reset\r\n250 ok\r\n421 4.7.0 closing\r\n")
    assert answers(machine) == [("0", 421, "rcpt")]
    assert not machine.wants_mail
    assert machine.lost() == ([], [second, third])


def test_a_server_that_goes_on_after_421_is_believed_only_in_what_it_says() -> None:
    machine = opened()
    _, _, third = on_the_way(machine, 3)
    machine.feed(b"250 reset\r\n250 ok\r\n421 4.7.28 slow down\r\n503 nobody\r\n" + TAKEN)
    assert answers(machine) == [("0", 421, "rcpt"), ("1", 250, "dot")]
    assert machine.lost() == ([third], [])


def test_a_server_that_says_421_and_stays_silent_leaves_a_doubt() -> None:
    machine = opened()
    _, second = on_the_way(machine, 2)
    machine.feed(b"421 4.3.2 closing\r\n")
    assert answers(machine) == [("0", 421, "mail")]
    assert machine.chunks is not None
    machine.chunks.give_up()
    assert machine.lost() == ([second], [])


def test_after_421_with_nothing_left_the_session_ends() -> None:
    machine = opened()
    on_the_way(machine, 1)
    machine.feed(TAKEN[:-18] + b"421 4.7.0 too many\r\n")
    assert [type(event) for event in machine.events] == [Answered, Broken]


def test_a_mail_that_gets_no_leave_is_the_only_one_that_stays() -> None:
    machine = opened()
    [first] = on_the_way(machine, 1)
    second = mail("b")
    machine.offer(second)
    assert machine.chunks is not None
    machine.chunks.withdraw(second)
    with pytest.raises(ValueError, match="not asked"):
        machine.go(second)
    assert machine.lost() == ([first], [])


def test_only_with_chunking_and_pipelining_and_where_it_is_asked_for() -> None:
    for hello in (b"250-r\r\n250 CHUNKING\r\n", b"250-r\r\n250 PIPELINING\r\n"):
        assert opened(hello).chunks is None
    assert opened(most=1).chunks is None


def test_what_an_idle_server_says_ends_the_session() -> None:
    machine = opened()
    machine.feed(b"421 4.4.2 timeout\r\n")
    assert [type(event) for event in machine.events] == [Broken]


_WORDS = st.tuples(
    st.just(250), st.sampled_from([250, 451, 550, 421]), st.sampled_from([250, 450, 550, 421]),
    st.sampled_from([250, 452, 554, 421]),
)  # fmt: skip


@given(said=st.lists(_WORDS, min_size=1, max_size=6), cut=st.integers(0, 400), piece=st.integers(1, 60))
def test_each_mail_ends_once_and_only_a_whole_yes_is_one(
    said: list[tuple[int, int, int, int]], cut: int, piece: int
) -> None:
    """Whatever the server says, in whatever pieces, and wherever it stops."""
    machine = opened(most=6)
    mails = on_the_way(machine, len(said))
    stream = b"".join(b"%d word\r\n" % code for words in said for code in words)[:cut]
    for start in range(0, len(stream), piece):
        machine.feed(stream[start : start + piece])
    told = [event for event in machine.events if isinstance(event, Answered)]
    uncertain, unsent = machine.lost()
    ends = [*(each.mail for each in told), *uncertain, *unsent]
    assert sorted(map(id, ends)) == sorted(map(id, mails))
    heard = stream.count(b"\r\n")
    for each in told:
        words = said[mails.index(each.mail)]
        if each.reply.positive:
            assert set(words) == {250}
            assert heard >= 4 * (mails.index(each.mail) + 1)
    for each in unsent:  # what is offered again was never answered, and the server had ended it
        assert b"421" in stream
        assert heard <= 4 * mails.index(each)
