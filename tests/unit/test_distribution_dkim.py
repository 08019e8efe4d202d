"""DKIM signatures made here, checked by another program's verifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.distribution.compile import Addressee, CompiledEmail
from tidings.distribution.dkim import DkimKey, DkimSigner, parse_dkim
from tidings.distribution.tokens import TokenSigner
from tidings.domain.errors import InvalidInputError
from tidings.domain.message import EmailTemplate, Link

RSA = DkimKey("r1", rsa.generate_private_key(65537, 2048))
ED = DkimKey("e1", ed25519.Ed25519PrivateKey.generate())
BOTH = DkimSigner([RSA, ED])
RECORDS = {f"{key.selector}._domainkey.northwind.example.".encode(): key.record.encode() for key in (RSA, ED)}


def find(name: bytes, timeout: int = 5) -> bytes:
    return RECORDS.get(name, b"")


def verified(message: bytes) -> list[bool]:
    def verify(index: int) -> bool:
        try:
            return dkim.DKIM(message).verify(idx=index, dnsfunc=find)
        except dkim.ValidationError:  # its way of saying that the body differs
            return False

    return [verify(index) for index in range(message.count(b"DKIM-Signature: "))]


def pem(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def message(subject: str = "Bread", text: str = "Hello\n") -> bytes:
    template = EmailTemplate(
        variant="A", subject=subject, preheader="", html="<p>Bread</p>" * 40, text=text, from_name="Bäckerei",
        from_address="hello@northwind.example", reply_to="shop@northwind.example",
        links=(Link(no=0, url="https://northwind.example", label="x"),),
    )  # fmt: skip
    compiled = CompiledEmail(
        template, campaign_pk=1, campaign_id="cmp_1", base_url="https://t.example", signer=TokenSigner(b"s" * 32)
    )
    return compiled.render(Addressee(1, 0, {"email": "ann@example.com"}), 1_790_000_000_000)[1]


def test_both_kinds_of_signature_verify_and_cover_what_matters() -> None:
    signed = BOTH.sign(message(), "northwind.example")
    assert verified(signed) == [True, True]
    assert signed.endswith(message())
    head = signed.partition(b"\r\n\r\n")[0].lower()
    for name in (b"from:from", b"list-unsubscribe", b"list-unsubscribe-post", b"subject", b"message-id"):
        assert name in head.partition(b"bh=")[0].replace(b"\r\n ", b"").replace(b" ", b"")
    assert max(len(line) for line in signed.split(b"\r\n")) < 200


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: Bread", b"Subject: Money"),
        (b"Hello", b"Adieu"),
        (b"From: ", b"From: <evil@example.net>\r\nFrom: "),
        (b"One-Click", b"Two-Click"),
    ],
)
def test_any_change_of_what_is_signed_is_noticed(before: bytes, after: bytes) -> None:
    signed = BOTH.sign(message(), "northwind.example")
    assert before in signed
    head, _, rest = signed.partition(b"\r\nFrom: ")
    assert verified(head + (b"\r\nFrom: " + rest).replace(before, after, 1)) == [False, False]


@given(
    subject=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=80),
    text=st.text(st.sampled_from("ab .\t\n\r=ä"), max_size=200),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_text_the_other_verifier_agrees(subject: str, text: str) -> None:
    made = message(subject.replace("{", "(") or "x", text)
    assert verified(DkimSigner([ED]).sign(made, "northwind.example")) == [True]


@pytest.mark.parametrize("body", [b"", b"\r\n", b"a \t b\r\n\r\n\r\n", b" \r\n", b"no end", b"x\t\r\ny \r\n"])
def test_bodies_at_the_edge_of_the_canonical_form(body: bytes) -> None:
    made = b"From: a@northwind.example\r\nSubject:  two   spaces \r\n\tfolded\r\n\r\n" + body
    assert verified(BOTH.sign(made, "northwind.example")) == [True, True]


def test_the_setting_is_read_and_a_second_key_goes_with_it(tmp_path: Path) -> None:
    (tmp_path / "r.pem").write_bytes(pem(RSA.private))
    (tmp_path / "e.pem").write_bytes(pem(ED.private))
    signer = parse_dkim(f"r1:{tmp_path}/r.pem, e1:{tmp_path}/e.pem")
    assert [(key.selector, key.algorithm) for key in signer.keys] == [("r1", "rsa-sha256"), ("e1", "ed25519-sha256")]
    assert verified(signer.sign(message(), "northwind.example")) == [True, True]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("r1", "not a selector"),
        ("bad selector:/x", "not a selector"),
        ("r1:{there}/none.pem", "cannot be read"),
        ("r1:{there}/junk.pem", "no private key"),
        ("r1:{there}/ec.pem", "neither an RSA key"),
        ("r1:{there}/e.pem,r1:{there}/e.pem", "selector of its own"),
        (",", "selector of its own"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    (tmp_path / "e.pem").write_bytes(pem(ED.private))
    (tmp_path / "ec.pem").write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(InvalidInputError, match=word) as error:
        parse_dkim(text.format(there=tmp_path))
    assert "TIDINGS_DKIM=" in error.value.remedy
