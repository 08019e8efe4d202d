"""The SMTP machine, without a network: what it sends for what it hears."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.smtp_material import mail

from tidings.distribution.smtp.events import Answered, Broken, NeedGo, Ready, StartTls
from tidings.distribution.smtp.machine import SmtpMachine
from tidings.distribution.smtp.replies import BadReplyError, ReplyReader

HELLO = b"250-relay\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250 8BITMIME\r\n"
OK3 = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go\r\n"


def opened(hello: bytes = HELLO, **given_: str) -> SmtpMachine:
    machine = SmtpMachine(name="me.example", **given_)
    assert machine.feed(b"220 hi\r\n") == b"EHLO me.example\r\n"
    machine.feed(hello)
    assert isinstance(machine.events.popleft(), Ready)
    return machine


def test_a_pipelined_message_costs_one_round_trip() -> None:
    machine, first, second = opened(), mail("a"), mail("b")
    assert machine.offer(first) == b"MAIL FROM:<s@x.example> SIZE=20\r\nRCPT TO:<a@y.example>\r\nDATA\r\n"
    assert machine.feed(OK3) == b""
    assert machine.events.popleft() == NeedGo(first)
    sent = machine.go(first, second)
    assert sent == first.body + b".\r\nMAIL FROM:<s@x.example> SIZE=20\r\nRCPT TO:<b@y.example>\r\nDATA\r\n"
    machine.feed(b"250 2.0.0 queued\r\n" + OK3)
    answer = machine.events.popleft()
    assert isinstance(answer, Answered)
    assert (answer.mail, answer.reply.code, answer.stage) == (first, 250, "dot")
    assert machine.events.popleft() == NeedGo(second)


def test_without_pipelining_each_command_waits() -> None:
    machine, only = opened(b"250 relay\r\n"), mail()
    assert machine.offer(only) == b"MAIL FROM:<s@x.example>\r\n"
    assert machine.feed(b"250 ok\r\n") == b"RCPT TO:<a@y.example>\r\n"
    assert machine.feed(b"250 ok\r\n") == b"DATA\r\n"
    machine.feed(b"354 go\r\n")
    machine.events.popleft()
    second = mail("b")
    assert machine.go(only, second) == only.body + b".\r\n"
    assert machine.feed(b"250 ok\r\n") == b"MAIL FROM:<s@x.example>\r\n"


def test_a_refused_recipient_with_354_ends_with_a_lone_dot() -> None:
    machine, refused, second = opened(), mail("a"), mail("b")
    machine.offer(refused)
    assert machine.feed(b"250 ok\r\n550 5.1.1 no such user\r\n354 go\r\n") == b".\r\n"
    answer = machine.events.popleft()
    assert isinstance(answer, Answered)
    assert (answer.mail, answer.reply.enhanced, answer.stage) == (refused, "5.1.1", "rcpt")
    assert machine.offer(second).startswith(b"RSET\r\nMAIL FROM:")
    machine.feed(b"554 no valid recipients\r\n250 reset\r\n" + OK3)
    assert machine.events.popleft() == NeedGo(second)


def test_a_refused_recipient_without_354_needs_no_dot() -> None:
    machine = opened()
    machine.offer(mail())
    assert machine.feed(b"250 ok\r\n450 4.2.0 grey\r\n503 no recipients\r\n") == b""
    answer = machine.events.popleft()
    assert isinstance(answer, Answered)
    assert answer.reply.code == 450


def test_an_answer_lost_after_the_dot_is_uncertain_and_the_next_mail_is_not() -> None:
    machine, first, second = opened(), mail("a"), mail("b")
    machine.offer(first)
    machine.feed(OK3)
    machine.go(first, second)
    assert machine.lost() == ([first], [second])


def test_before_go_nothing_is_uncertain() -> None:
    machine, only = opened(), mail()
    machine.offer(only)
    machine.feed(OK3)
    assert machine.lost() == ([], [only])


def test_a_body_is_never_written_unasked() -> None:
    machine = opened()
    with pytest.raises(ValueError, match="not asked"):
        machine.go(mail())


def test_a_message_above_size_never_reaches_the_relay() -> None:
    machine = opened(b"250-relay\r\n250 SIZE 10\r\n")
    assert machine.offer(mail()) == b""
    answer = machine.events.popleft()
    assert isinstance(answer, Answered)
    assert answer.reply.code == 552
    assert machine.wants_mail


def test_starttls_forgets_what_was_said_before() -> None:
    machine = SmtpMachine(name="me", tls="starttls", user="u", password="p")
    machine.feed(b"220 hi\r\n")
    assert machine.feed(b"250-relay\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n") == b"STARTTLS\r\n"
    machine.feed(b"220 go\r\n")
    assert isinstance(machine.events.popleft(), StartTls)
    assert machine.tls_done() == b"EHLO me\r\n"
    assert machine.feed(b"250-relay\r\n250 AUTH PLAIN\r\n") == b"AUTH PLAIN " + b64encode(b"\0u\0p") + b"\r\n"
    machine.feed(b"235 welcome\r\n")
    assert isinstance(machine.events.popleft(), Ready)


def test_a_relay_without_starttls_gets_no_mail() -> None:
    machine = SmtpMachine(name="me", tls="starttls")
    machine.feed(b"220 hi\r\n")
    machine.feed(b"250 relay\r\n")
    broken = machine.events.popleft()
    assert isinstance(broken, Broken)
    assert broken.refused


def test_auth_login() -> None:
    machine = SmtpMachine(name="me", user="ü", password="p")
    machine.feed(b"220 hi\r\n")
    assert machine.feed(b"250-r\r\n250 AUTH LOGIN\r\n") == b"AUTH LOGIN\r\n"
    assert machine.feed(b"334 x\r\n") == b64encode("ü".encode()) + b"\r\n"
    assert machine.feed(b"334 x\r\n") == b64encode(b"p") + b"\r\n"
    machine.feed(b"535 5.7.8 no\r\n")
    broken = machine.events.popleft()
    assert isinstance(broken, Broken)
    assert "password" in broken.words


def test_ehlo_refused_falls_back_to_helo() -> None:
    machine = SmtpMachine(name="me")
    machine.feed(b"220 hi\r\n")
    assert machine.feed(b"502 what\r\n") == b"HELO me\r\n"
    machine.feed(b"250 ok\r\n")
    assert machine.ready


def test_421_in_the_envelope_answers_and_closes() -> None:
    machine = opened()
    machine.offer(mail())
    machine.feed(b"421 4.3.2 closing\r\n")
    assert isinstance(machine.events.popleft(), Answered)
    assert isinstance(machine.events.popleft(), Broken)
    assert machine.lost() == ([], [])


def test_multi_line_replies_in_any_pieces() -> None:
    data = b"250-first\r\n250-second\r\n250 third\r\n550 5.1.1 no\r\n"
    for size in range(1, len(data)):
        reader, replies = ReplyReader(), []
        for start in range(0, len(data), size):
            replies += reader.feed(data[start : start + size])
        assert [(r.code, r.text) for r in replies] == [(250, "first\nsecond\nthird"), (550, "5.1.1 no")]


@given(data=st.binary(max_size=300))
def test_whatever_a_server_sends_only_ends_the_session(data: bytes) -> None:
    machine = opened()
    machine.offer(mail())
    machine.feed(data)
    reader = ReplyReader()
    try:
        reader.feed(data)
    except BadReplyError:
        assert machine.closed
