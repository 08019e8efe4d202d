"""What providers' files promise beyond the contract of the ways out: checks, refusals, pauses, batches, signatures."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

sys.path.insert(0, str(Path(__file__).parent))
import provider_bed as bed
import provider_ways as ways
from test_distribution_channels import Book, until

from tidings.distribution.channels import registry
from tidings.distribution.channels.aws import AwsKeys, sign
from tidings.distribution.channels.base import Result
from tidings.distribution.channels.http import without_people
from tidings.distribution.channels.push_crypto import encrypted, private_key
from tidings.domain.channel import LOCAL
from tidings.domain.errors import ForbiddenError, TidingsError, UnavailableError
from tidings.domain.sms import is_stop, length_of, mask_phone, normalise_phone, says_how_to_stop
from tidings.net.client import Outbound

WAYS = {way.name: way for way in ways.PROVIDER_WAYS}
CHECKED = [name for name in WAYS if registry.provider(name).check is not None]
WRONG = {
    "acs_email": {"access_key": "d3Jvbmc="}, "acs_sms": {"access_key": "d3Jvbmc="}, "mailgun": {"api_key": "wrong"},
    "postmark": {"server_token": "wrong"}, "resend": {"api_key": "wrong"}, "sendgrid": {"api_key": "wrong"},
    "ses": {"secret_access_key": "wrong"}, "twilio": {"secret": "wrong"},
}  # fmt: skip


def form_of(name: str, address: str, **more: Any) -> Any:
    way, kind = WAYS[name], registry.provider(name)
    return kind.form.model_validate({**way.settings, **({way.place: address} if way.place else {}), **more})


def check(name: str, address: str, **more: Any) -> str:
    found = registry.provider(name).check
    assert found is not None
    return found(form_of(name, address, **more), Outbound(ways.guard()))


def test_every_provider_says_what_it_is_for_and_where_its_page_is() -> None:
    for name in registry.PROVIDERS:
        kind = registry.provider(name)
        assert kind.name == name
        assert kind.title
        if kind.channel not in LOCAL and kind.poster is None:
            assert "https://" in kind.about, name
            assert kind.limits, name
        assert kind.about, name
        assert (kind.open is None) != (kind.poster is None), name


@pytest.mark.parametrize("name", CHECKED)
def test_a_check_proves_the_credentials_without_sending(name: str) -> None:
    with bed.serving(WAYS[name].fake(bed.OtherSide())) as fake:
        assert check(name, fake.address)
        assert {hit.method for hit in fake.hits} == {"GET"}
        with pytest.raises(TidingsError) as refused:
            check(name, fake.address, **WRONG[name])
        assert isinstance(refused.value, ForbiddenError | UnavailableError)
        assert refused.value.remedy
        assert "wrong" not in str(refused.value)
    with pytest.raises(UnavailableError):
        check(name, fake.address)


@pytest.mark.parametrize("name", sorted(WRONG))
async def test_refused_credentials_take_the_way_out_down_and_lose_nobody(name: str) -> None:
    with bed.serving(WAYS[name].fake(bed.OtherSide())) as fake:
        channel = WAYS[name].channel(fake.address, **WRONG[name])
        book = Book([WAYS[name].message(no) for no in range(5)])
        await channel.connect(book)
        await until(lambda: bool(book.downs))
        await until(lambda: len(book.back) == len(book.taken))
        assert channel.lanes == 0
        assert book.reports == {}
        assert len(book.downs) == 1
        assert bed.SECRET not in book.downs[0]
        assert "wrong" not in book.downs[0]
        await channel.close()


async def test_a_service_that_asks_for_rest_gets_it_from_every_lane() -> None:
    way = WAYS["sendgrid"]
    with bed.serving(way.fake(bed.OtherSide())) as fake:
        fake.script = [bed.Reply(429, {"errors": [{"message": "later"}]}, {"Retry-After": "1"})] * ways.LANES
        channel, book = way.channel(fake.address), Book([way.message(no) for no in range(9)])
        await channel.connect(book)
        await until(lambda: len(book.reports) == ways.LANES)
        await asyncio.sleep(0.3)
        assert len(fake.hits) == ways.LANES
        await until(lambda: len(book.reports) == 9, 4)
        await channel.close()
    waits = [each.wait for each in book.reports.values() if each.result is Result.DEFERRED]
    assert waits == [1000] * ways.LANES


async def test_being_asked_to_wait_often_is_no_outage() -> None:
    way = WAYS["twilio"]
    with bed.serving(way.fake(bed.OtherSide())) as fake:
        fake.script = [bed.LATER] * 20
        channel, book = way.channel(fake.address), Book([way.message(no) for no in range(30)])
        await channel.connect(book)
        await until(lambda: len(book.reports) == 30)
        await channel.close()
    assert book.downs == []
    assert sum(outcome.result is Result.DEFERRED for outcome in book.reports.values()) == 20


@pytest.mark.parametrize(("name", "status", "result"), [
    ("sendgrid", 500, Result.UNCERTAIN), ("sendgrid", 503, Result.DEFERRED), ("resend", 500, Result.DEFERRED),
    ("twilio", 502, Result.UNCERTAIN), ("ses", 504, Result.UNCERTAIN), ("acs_email", 500, Result.DEFERRED),
    ("mailgun", 400, Result.FAILED), ("resend", 409, Result.FAILED),
])  # fmt: skip
async def test_what_a_status_means_depends_on_whether_repeating_is_safe(name: str, status: int, result: Result) -> None:
    way = WAYS[name]
    with bed.serving(way.fake(bed.OtherSide())) as fake:
        fake.script = [bed.Reply(status, {"message": "no"}, {"Retry-After": "0"})]
        channel, book = way.channel(fake.address), Book([way.message(1)])
        await channel.connect(book)
        await until(lambda: bool(book.reports))
        await channel.close()
    assert next(iter(book.reports.values())).result is result


async def test_a_lost_answer_of_azure_is_looked_up_instead_of_guessed() -> None:
    way = WAYS["acs_email"]
    with bed.serving(way.fake(bed.OtherSide(loses_every=2))) as fake:
        assert isinstance(fake, bed.FakeAcsEmail)
        fake.forgets = False
        channel, book = way.channel(fake.address), Book([way.message(no) for no in range(6)])
        await channel.connect(book)
        await until(lambda: len(book.reports) == 6)
        again = way.message(3)  # it was deferred, and the earlier try had been taken after all
        again.attempt = 1
        again.recipient = "again@example.com"
        book.waiting.append(again)
        channel.wake()
        await until(lambda: len(book.reports) == 7)
        await channel.close()
    assert {outcome.result for outcome in book.reports.values()} == {Result.ACCEPTED}
    assert set(fake.to.values()) == {1}
    assert all(len(outcome.reference) == 36 for outcome in book.reports.values())


async def test_a_batch_is_asked_for_one_by_one_and_answered_one_by_one() -> None:
    way = WAYS["postmark"]
    refused = way.address(3)
    side = bed.OtherSide(refuses=frozenset({refused}))
    with bed.serving(way.fake(side)) as fake:
        channel = way.channel(fake.address, batch=10)
        book = Book([way.message(no) for no in range(10)], leave=lambda message: message.contact_pk != 5)
        await channel.connect(book)
        await until(lambda: len(book.reports) == 9)
        await channel.close()
    assert len(fake.hits) == 1
    assert book.back == [way.address(5)]
    assert book.reports[refused].hard
    assert sum(outcome.result is Result.ACCEPTED for outcome in book.reports.values()) == 8
    assert {outcome.provider for outcome in book.reports.values() if outcome.reference} == {"postmark"}


async def test_an_app_of_entra_id_gets_a_token_once() -> None:
    way = WAYS["acs_email"]
    with bed.serving(way.fake(bed.OtherSide())) as fake:
        entra = {**ways.ENTRA, "access_key": "", "login_url": fake.address}
        channel, book = way.channel(fake.address, **entra), Book([way.message(no) for no in range(6)])
        await channel.connect(book)
        await until(lambda: len(book.reports) == 6)
        await channel.close()
        assert {outcome.result for outcome in book.reports.values()} == {Result.ACCEPTED}
        assert 1 <= sum(hit.path.endswith("/token") for hit in fake.hits) <= ways.LANES
        wrong, book = way.channel(fake.address, **{**entra, "client_secret": "wrong"}), Book([way.message(1)])
        await wrong.connect(book)
        await until(lambda: bool(book.downs))
        await wrong.close()
    assert "AADSTS7000215" in book.downs[0]
    assert book.back == [way.address(1)]


async def test_who_keeps_the_accounts_limit_is_told_when_the_service_asks_for_quiet() -> None:
    way, asked = WAYS["acs_email"], list[float]()
    with bed.serving(way.fake(bed.OtherSide())) as fake:
        fake.script = [bed.Reply(429, headers={"Retry-After": "600"})]
        channel, book = way.channel(fake.address, lanes=1), Book([way.message(no) for no in range(3)])
        channel.on_busy = asked.append
        await channel.connect(book)
        await until(lambda: len(book.reports) == 1)
        await asyncio.sleep(0.1)
        await channel.close()
    assert (asked, len(fake.hits), len(book.taken)) == ([600.0], 1, 1)


@pytest.mark.parametrize(("method", "signature"), [
    ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
])  # fmt: skip
def test_amazons_own_examples_of_a_signature(method: str, signature: str) -> None:
    """`get-vanilla` and `post-vanilla` of the published test suite for Signature Version 4."""
    keys = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    sent = sign(keys, "us-east-1", "service", method, "https://example.amazonaws.com/", {}, b"", "20150830T123600Z")
    assert sent["Authorization"].endswith(f"Signature={signature}")


def test_the_example_of_rfc_8291() -> None:
    """Appendix A, byte for byte."""
    sender = private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    receiver = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    sealed = encrypted(
        b"When I grow up, I want to be a watermelon", receiver, "BTBZMqHH6r4Tts7J_aSIgg", sender=sender,
        salt=bed._raw("DGv6ra1nlYgDCS1FRnbzlw"),
    )  # fmt: skip
    assert bed._b64(sealed) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru"
        "3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


class FakePigeon(bed.Fake):
    """The other side of the example in docs/channels.md."""

    def judge(self, hit: bed.Hit) -> bed.Reply:
        if hit.headers.get("authorization") != f"Bearer {bed.SECRET}":
            return bed.Reply(401, {"error": "who are you?"})
        to = hit.json()["to"]
        if to in self.side.refuses:
            return bed.Reply(400, {"code": "no_such_loft", "error": "nobody here"})
        return self.take(to, hit.json()["text"].encode(), bed.Reply(202, {"id": f"pigeon-{to}"}))


async def test_the_example_of_the_page_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "channels.md").read_text("utf-8")
    module = ModuleType("pigeon_of_the_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(page.partition("```python\n")[2].partition("```")[0], module.__dict__)  # our own page
    monkeypatch.setitem(registry.PROVIDERS, "pigeon", module.__name__)
    way = ways.ProviderWay("pigeon", FakePigeon, {"api_key": bed.SECRET})
    side = bed.OtherSide(refuses=frozenset({way.address(2)}), loses_every=4)
    with way.open(side) as channel:
        book = Book([way.message(no) for no in range(9)])
        await channel.connect(book)
        await until(lambda: book.settled)
        await channel.close()
    results = [outcome.result for outcome in book.reports.values()]
    assert (results.count(Result.ACCEPTED), results.count(Result.UNCERTAIN), results.count(Result.FAILED)) == (6, 2, 1)
    assert book.reports[way.address(2)].hard


def test_a_push_account_makes_its_key_once_and_shows_the_public_half() -> None:
    kind = registry.provider("webpush")
    made: Any = kind.form.model_validate({"subject": "mailto:a@x.example"})
    again: Any = kind.form.model_validate({"subject": "mailto:a@x.example", "private_key": made.private_key})
    assert made.public_key == again.public_key
    assert len(bed._raw(made.public_key)) == 65
    with pytest.raises(ValidationError, match="VAPID"):
        kind.form.model_validate({"subject": "mailto:a@x.example", "private_key": "short"})


@pytest.mark.parametrize(("text", "segments", "alphabet"), [
    ("", 1, "GSM-7"), ("a" * 160, 1, "GSM-7"), ("a" * 161, 2, "GSM-7"), ("€" * 80, 1, "GSM-7"), ("€" * 81, 2, "GSM-7"),
    ("a" * 306, 2, "GSM-7"), ("a" * 307, 3, "GSM-7"), ("a" * 152 + "€" + "a" * 153, 3, "GSM-7"),
    ("„" * 70, 1, "UCS-2"), ("„" * 71, 2, "UCS-2"), ("😀" * 35, 1, "UCS-2"), ("😀" * 36, 2, "UCS-2"),
    ("😀" * 67, 3, "UCS-2"),
])  # fmt: skip
def test_segments_are_counted_as_networks_cut_them(text: str, segments: int, alphabet: str) -> None:
    length = length_of(text)
    assert (length.segments, length.alphabet) == (segments, alphabet)
    assert bool(length.because) == (alphabet == "UCS-2")


@pytest.mark.parametrize(("written", "number"), [
    ("+43 660 123 45 67", "+436601234567"), ("0043 (660) 123-4567", "+436601234567"),
    ("+1.800.555.0100", "+18005550100"),
    ("0660 1234567", None), ("+0 123456789", None), ("+43", None), ("+4366012345678901234", None), ("ada", None),
])  # fmt: skip
def test_a_number_is_one_with_its_country(written: str, number: str | None) -> None:
    assert normalise_phone(written) == number


def test_what_a_provider_quotes_of_people_is_cut_before_it_is_logged() -> None:
    words = without_people("550 <ada.lind@example.com>: no; to=+43 660 1234567, x@y.z")
    assert words == "550 <…@example.com>: no; to=+…, …@y.z"


def test_words_by_which_people_leave() -> None:
    assert all(map(is_stop, ("STOP", " stop. ", "Abmelden", "ARRÊT", "unsubscribe")))
    assert not any(map(is_stop, ("stop it, I like it", "", "yes")))
    assert says_how_to_stop("Bread! Reply STOP to opt out")
    assert says_how_to_stop("Bread! {{ unsubscribe_url }}")
    assert not says_how_to_stop("Nonstop bread!")
    assert mask_phone("+436601234567") == "+43…67"
