"""Accounts at real providers, for who has one: `pytest -m live tests/live`.

For example TIDINGS_LIVE_POSTMARK='{"server_token": "…"}' with TIDINGS_LIVE_POSTMARK_FROM and _TO.
`TIDINGS_LIVE_<PROVIDER>` holds the provider's form as JSON. The credentials are checked; with
`TIDINGS_LIVE_<PROVIDER>_TO` (and, for mail, `_FROM`) one test message is sent, and nothing else ever is.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest

from tidings.distribution.accounts.schemas import Account
from tidings.distribution.accounts.trial import carry, open_way, test_message
from tidings.distribution.channels.registry import PROVIDERS, provider
from tidings.distribution.tokens import TokenSigner
from tidings.domain.brand import Brand, Sender
from tidings.domain.channel import PERSONAL
from tidings.net.client import Guard, Outbound

pytestmark = pytest.mark.live
NAMES = sorted(name for name in PROVIDERS if provider(name).channel in PERSONAL)


def given(name: str, suffix: str = "") -> str:
    variable = f"TIDINGS_LIVE_{name.upper()}{suffix}"
    if variable not in os.environ:
        pytest.skip(f"{variable} is not set")
    return os.environ[variable]


def form_of(name: str) -> Any:
    return provider(name).form.model_validate(json.loads(given(name)))


@pytest.mark.parametrize("name", [name for name in NAMES if provider(name).check is not None])
def test_the_credentials_work(name: str) -> None:
    check = provider(name).check
    assert check is not None
    assert check(form_of(name), Outbound(Guard()))


@pytest.mark.parametrize("name", NAMES)
def test_one_message_is_taken(name: str) -> None:
    form, to = form_of(name), given(name, "_TO")
    kind = provider(name)
    sender = given(name, "_FROM") if kind.channel.value == "email" else "nobody@example.com"
    brand = Brand(
        id="brd_live", name="Tidings", sender=Sender(name="Tidings", address=sender), postal_address="Live test 1",
        website="https://example.com",
    )  # fmt: skip
    fields: dict[str, object] = {"email": to, "phone": to}
    if kind.channel.value == "push":
        fields["push_subscriptions"] = [json.loads(to)]  # endpoint, p256dh and auth of your own browser
    account = Account("chn_live", "live test", kind.channel.value, name, None, form)
    message = test_message(
        account, brand, fields, base_url="https://localhost:8443", signer=TokenSigner(os.urandom(32)),
        now=int(time.time() * 1000),
    )  # fmt: skip
    answer = carry(open_way(account, Guard()), message)
    assert answer.result == "accepted", answer.words
