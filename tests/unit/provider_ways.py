"""Every provider as a `Way` of the contract tests: its channel, its fake, and messages of its kind."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import provider_bed as bed

from tidings.distribution.channels.base import Channel, EmailParts, Outgoing, ShortParts
from tidings.distribution.channels.http import HttpChannel
from tidings.distribution.channels.registry import provider
from tidings.net.addresses import AddressRule
from tidings.net.breaker import Breaker
from tidings.net.client import Guard

LANES = 3
HEADERS = {
    "List-Unsubscribe": "<https://mail.example/u/x>, <mailto:hello@northwind.example?subject=unsubscribe>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-Id": "<northwind.example>",
}


def guard() -> Guard:
    """Loopback is allowed; the breaker stays out of the way."""
    return Guard(AddressRule(allowed=frozenset({"127.0.0.1"})), Breaker())


def mail(address: str, no: int) -> Outgoing:
    raw = (
        f"From: hello@northwind.example\r\nTo: {address}\r\nMessage-ID: <m{no}@x.example>\r\n\r\nBody {no}\r\n"
    ).encode()
    parts = EmailParts(
        "Northwind", "hello@northwind.example", address, f"Bread {no}", f"Body {no}", f"<p>Body {no}</p>",
        "reply@northwind.example", {"Message-ID": f"<m{no}@x.example>", **HEADERS},
    )  # fmt: skip
    sender = "hello@northwind.example"
    return Outgoing(1, no, 0, "A", 0, 0, 1, 0, {}, 0, sender, address, raw, parts=parts)


def short(address: str, no: int) -> Outgoing:
    parts = ShortParts(address, f"Body {no}. Reply STOP to opt out", title="Bread")
    return Outgoing(1, no, 0, "A", 0, 0, 1, 0, {}, 0, recipient=address, parts=parts)


@dataclass
class ProviderWay:
    """One provider. `settings` is its form; the fake's address goes into the field `place`."""

    name: str
    fake: type[bed.Fake]
    settings: dict[str, Any]
    make: Callable[[str, int], Outgoing] = mail
    place: str = "api_url"
    reaches_nowhere: bool = True
    opened: list[bed.Fake] = field(default_factory=list)

    @contextmanager
    def open(self, side: bed.OtherSide) -> Iterator[Channel]:
        with bed.serving(self.fake(side)) as fake:
            self.opened[:] = [fake]
            yield self.channel(fake.address)

    def channel(self, address: str, **more: Any) -> HttpChannel:
        kind = provider(self.name.partition(",")[0])
        given = {**self.settings, "lanes": LANES, **({self.place: address} if self.place else {}), **more}
        assert kind.open is not None
        made = kind.open(kind.form.model_validate(given), guard())
        assert isinstance(made, HttpChannel)
        return made

    def nowhere(self) -> Channel:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        return self.channel(f"http://127.0.0.1:{port}")

    def address(self, no: int) -> str:
        return f"p{no}@example.com" if self.make is mail else f"+1800555{no:04}"

    def message(self, no: int) -> Outgoing:
        return self.make(self.address(no), no)


class PushWay(ProviderWay):
    """Push: the endpoint stands in the subscription."""

    def message(self, no: int) -> Outgoing:
        message, fake = short(self.address(no), no), self.opened[0]
        assert isinstance(fake, bed.FakePush)
        browser = {
            "endpoint": f"{fake.address}/push/{self.address(no)}", "p256dh": fake.p256dh,
            "auth": bed._b64(fake.auth),
        }  # fmt: skip
        message.parts = ShortParts(self.address(no), f"Body {no}", title="Bread", subscriptions=(browser,))
        return message

    def address(self, no: int) -> str:
        return f"browser{no}"


S = bed.SECRET
AZURE = {"access_key": bed.AZURE_KEY, "per_minute": 0, "per_hour": 0}
ENTRA = {"tenant_id": "tenant", "client_id": "app", "client_secret": S, "per_minute": 0, "per_hour": 0}
TWILIO = {"account_sid": bed.ACCOUNT, "secret": S, "sender": "+18005550100"}
SES = {"region": "eu-central-1", "access_key_id": "AKIDEXAMPLEEXAMPLE", "secret_access_key": S}
PROVIDER_WAYS = (
    ProviderWay("acs_email", bed.FakeAcsEmail, AZURE, place="endpoint"),
    ProviderWay("acs_sms", bed.FakeAcsSms, {**AZURE, "sender": "+18005550100"}, short, place="endpoint"),
    ProviderWay("mailgun", bed.FakeMailgun, {"api_key": S, "domain": "mg.example.com"}),
    ProviderWay("postmark", bed.FakePostmark, {"server_token": S, "batch": 1}),
    ProviderWay("resend", bed.FakeResend, {"api_key": S}),
    ProviderWay("sendgrid", bed.FakeSendGrid, {"api_key": S}),
    ProviderWay("ses", bed.FakeSes, SES),
    ProviderWay("twilio", bed.FakeTwilio, TWILIO, short),
    PushWay("webpush", bed.FakePush, {"subject": "mailto:hello@northwind.example"}, short, "", reaches_nowhere=False),
)
