"""The pixel and plain links: who gets which bytes."""

from __future__ import annotations

import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))
import distribution_bed as bed

from tidings.distribution.compile import Addressee, CompiledEmail
from tidings.distribution.pixel import GIF
from tidings.distribution.tokens import Token, TokenPurpose

FIELDS = {"email": "ann@example.com", "first_name": "Ann"}


def compiled(base_url: str = bed.BASE_URL, **changes: object) -> CompiledEmail:
    template = bed.template().model_copy(update={"html": f"<html><body>{bed.template().html}</body></html>", **changes})
    return CompiledEmail(template, campaign_pk=3, campaign_id="cmp_1", base_url=base_url, signer=bed.SIGNER)


def html_of(raw: bytes) -> str:
    message = message_from_bytes(raw, policy=policy.compat32)
    part = next(each for each in message.walk() if each.get_content_type() == "text/html")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_the_picture_is_43_bytes() -> None:
    assert len(GIF) == 43


@pytest.mark.parametrize("base", [bed.BASE_URL, "https://" + "very-long-label." * 5 + "example.com"])
def test_the_pixel_stands_at_the_end_for_those_who_allow_it_and_is_signed(base: str) -> None:
    email = compiled(base, track_opens=True)
    _, with_it = email.render(Addressee(7, 0, FIELDS, opens=True), 0)
    _, without = email.render(Addressee(7, 0, FIELDS), 0)
    html = html_of(with_it)
    token = bed.SIGNER.make(Token(TokenPurpose.OPEN, 3, 7))
    assert f'<img src="{base}/o/{token}.gif" width="1" height="1" alt="" style="display:block"></body>' in html
    assert html.count("<img") == 1
    assert b"/o/" not in without
    assert html.replace(f'<img src="{base}/o/{token}.gif" width="1" height="1" alt="" style="display:block">', "") == (
        html_of(without)
    )
    assert all(len(line) <= 76 for line in with_it.partition(b"\r\n\r\n")[2].split(b"\r\n"))


def test_off_means_nobody_gets_one() -> None:
    _, raw = compiled().render(Addressee(7, 0, FIELDS, opens=True), 0)
    assert b"/o/" not in raw
    assert b"<img" not in raw


def test_without_click_tracking_links_stand_as_they_are_and_the_way_out_stays_signed() -> None:
    _, raw = compiled(track_clicks=False).render(Addressee(7, 0, FIELDS), 0)
    html = html_of(raw)
    assert 'href="https://northwind.example/workshop?a=1&amp;b=2"' in html
    assert "/t/" not in html
    token = bed.SIGNER.make(Token(TokenPurpose.UNSUBSCRIBE, 3, 7))
    assert f"{bed.BASE_URL}/u/{token}" in html


def test_a_brands_own_tracking_address_stands_in_links_and_header() -> None:
    _, raw = compiled(tracking_url="https://news.northwind.example", track_opens=True).render(
        Addressee(7, 0, FIELDS, opens=True), 0
    )
    html = html_of(raw)
    assert "https://news.northwind.example/t/" in html
    assert "https://news.northwind.example/o/" in html
    assert b"List-Unsubscribe: <https://news.northwind.example/u/" in raw
    assert bed.BASE_URL.encode() not in raw
