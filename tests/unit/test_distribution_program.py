"""A message with any number of holes can be filled, none and one among them."""

from __future__ import annotations

import pytest

from tidings.distribution.compile import Addressee
from tidings.distribution.program import PLAIN, Program
from tidings.distribution.short import CompiledShort
from tidings.distribution.tokens import TokenSigner
from tidings.domain.message import Link, ShortTemplate


@pytest.mark.parametrize("holes", [0, 1, 2, 3])
def test_any_number_of_holes_is_filled(holes: int) -> None:
    program = Program([str(no) for no in range(holes)], PLAIN)
    program.say(b"begin")
    for no in range(holes):
        program.hole(str(no))
        program.say(b";")

    made = program.filled([b"abc%d" % no for no in range(holes)], {})

    assert made == b"begin" + b"".join(b"abc%d;" % no for no in range(holes))


def test_a_notification_without_any_open_place_and_a_text_with_one_are_made() -> None:
    push = ShortTemplate(
        channel="push", variant="A", title="News", text="Look.",
        links=(Link(no=0, url="https://example.org/", label="Look"),),
    )  # fmt: skip
    sms = ShortTemplate(channel="sms", variant="A", text="Hello.")
    subscriptions = [{"endpoint": "https://push.example/1", "p256dh": "x", "auth": "y"}]

    def made(template: ShortTemplate, **fields: object) -> str:
        compiled = CompiledShort(template, campaign_pk=1, base_url="https://t.example", signer=TokenSigner(b"k" * 32))
        return compiled.parts(Addressee(7, 0, fields)).text

    assert made(push, push_subscriptions=subscriptions) == "Look."
    assert made(sms, phone="+4915112345678").startswith("Hello.\nSTOP: https://t.example/u/")
