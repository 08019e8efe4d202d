"""The mail that asks to confirm: its brand's, of no list, with one address that lets confirm and nothing else."""

from __future__ import annotations

import re

import pytest

from tidings.distribution.compile import Addressee, CompiledEmail, RenderedMessage, render_one
from tidings.distribution.confirm_mail import confirmation_mail
from tidings.distribution.page_texts_confirm import MAIL
from tidings.distribution.tokens import NARROW, Token, TokenPurpose, TokenSigner
from tidings.domain.brand import Brand, Sender
from tidings.domain.message import EmailTemplate
from tidings.domain.tracking import Tracking

SIGNER = TokenSigner(b"s" * 32)
HOST = "https://mail.example"
AWKWARD = Brand(
    id="brd_1", name="Bread {{ links[0] }} & <b>{%Co%}</b>",
    sender=Sender(name="Bread & Co", address="hello@bread.example", reply_to="ask@bread.example"),
    postal_address="Mill Lane 1\n12345 {{Berlin", website="https://bread.example",
    disclaimers={"all": "Registered <here>."}, tracking=Tracking(url="https://news.bread.example"),
)  # fmt: skip


def compiled(template: EmailTemplate) -> CompiledEmail:
    return CompiledEmail(template, campaign_pk=7, campaign_id="cmp_1", base_url=HOST, signer=SIGNER)


def rendered(language: str, pk: int = 42, *, reminder: bool = False) -> RenderedMessage:
    """As a person whose address needs escaping gets it."""
    template = confirmation_mail(AWKWARD, language, reminder=reminder)
    return render_one(compiled(template), Addressee(pk, 1, {"email": "a&b@example.com"}, opens=True), 0)


@pytest.mark.parametrize("language", ["en", "de-CH", "fr", "es-MX", "ja"])
@pytest.mark.parametrize("pk", [42, NARROW + 42])
def test_one_link_that_only_confirms(language: str, pk: int) -> None:
    mail = rendered(language, pk)
    for part in (mail.text, mail.html):
        [url] = re.findall(r"https?://[^\s\"<]+", part)
        host, path, token = url.rpartition("/y/")
        assert (host, path) == ("https://news.bread.example", "/y/"), "the brand's own address, as in its other mail"
        assert SIGNER.read(token, TokenPurpose.CONFIRM) == Token(TokenPurpose.CONFIRM, 7, pk, 1)
        for purpose in set(TokenPurpose) - {TokenPurpose.CONFIRM}:
            assert SIGNER.read(token, purpose) is None
    assert "<img" not in mail.html, "nobody sees whether it was opened"
    assert "a&b@example.com" in mail.text
    assert "a&amp;b@example.com" in mail.html
    assert "<b>" not in mail.html
    assert "Registered &lt;here&gt;." in mail.html
    assert "12345 " in mail.text
    assert mail.headers["From"] == "Bread & Co <hello@bread.example>"
    assert mail.headers["Reply-To"] == "ask@bread.example"
    assert mail.headers["Auto-Submitted"] == "auto-generated"
    assert not [name for name in mail.headers if name.lower().startswith("list-")]


def test_a_provider_that_makes_the_mime_itself_gets_the_same() -> None:
    template = confirmation_mail(AWKWARD, "de", reminder=False)
    parts = compiled(template).parts(Addressee(42, 0, {"email": "ann@example.com"}))
    token = SIGNER.make(Token(TokenPurpose.CONFIRM, 7, 42))
    assert f"https://news.bread.example/y/{token}" in parts.text
    assert parts.html is not None
    assert f"https://news.bread.example/y/{token}" in parts.html
    assert parts.headers["Auto-Submitted"] == "auto-generated"
    assert not [name for name in parts.headers if name.startswith("List-")]


def test_a_reminder_says_that_it_is_the_only_one() -> None:
    first, second = rendered("de"), rendered("de", reminder=True)
    assert first.subject != second.subject
    assert MAIL["de"].once in first.text
    assert MAIL["de"].last in second.text
    assert MAIL["de"].last not in first.text
