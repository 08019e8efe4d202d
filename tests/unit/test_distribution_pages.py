"""The pages a reader meets: in the mail's language, without script, and nothing in them can be forged."""

from __future__ import annotations

import html
import itertools
import re
from dataclasses import asdict

import pytest
from tests.unit.mail_bed import chromium

from tidings.distribution import confirm_pages, pages
from tidings.distribution.page_texts import TROUBLE, WORDS, language_asked, language_of
from tidings.distribution.page_texts_confirm import MAIL as ASKING
from tidings.distribution.page_texts_confirm import PAGE
from tidings.distribution.page_texts_short import words_for
from tidings.distribution.pages import Opens
from tidings.domain.channel import Channel

BRAND = "Bread & <b>Co</b>"
CONFIRM_PAGES = (
    confirm_pages.ask, confirm_pages.done, confirm_pages.already, confirm_pages.expired, confirm_pages.closed,
)  # fmt: skip


OTHER = {
    Channel.SMS: {"en": "text message", "de": "SMS", "fr": "SMS", "es": "SMS"},
    Channel.PUSH: {"en": "notification", "de": "Mitteilung", "fr": "notification", "es": "notificaci"},
}
MAIL = {"en": "e-mail", "de": "E-Mail", "fr": "e-mail", "es": "correo"}


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
@pytest.mark.parametrize("channel", OTHER)
def test_the_pages_name_the_channel_that_led_there(language: str, channel: Channel) -> None:
    asking = pages.ask(language, BRAND, opens=Opens.UNSAID, channel=channel)
    shown = [
        asking, pages.done(language, BRAND, again=True, channel=channel),
        pages.subscribed(language, BRAND, channel=channel), pages.too_late(language, BRAND, channel=channel),
    ]  # fmt: skip
    for page in (each.decode() for each in shown):
        assert OTHER[channel][language] in page
        assert MAIL[language].lower() not in page.lower()
        assert "{brand}" not in page
    assert MAIL[language] in pages.ask(language, BRAND, opens=Opens.UNSAID).decode()
    words = asdict(words_for(language, channel))
    assert len(set(words.values())) == len(words)
    assert language == "en" or all(words[name] != asdict(words_for("en", channel))[name] for name in words)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_trouble_is_told_in_each_language(language: str) -> None:
    shown = [pages.not_valid(language), pages.later(language), pages.not_allowed(language)]
    assert all(f'<html lang="{language}">'.encode() in page and b"<h1>" in page for page in shown)
    assert len(set(shown)) == 3
    assert language == "en" or not set(asdict(TROUBLE[language]).values()) & set(asdict(TROUBLE["en"]).values())


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"), ("it,fr;q=0.5,en;q=0.4", "fr"), ("en;q=0.2, es", "es"), ("", "en"),
        ("*", "en"), ("de;q=0,fr;q=0.1", "fr"), ("de;q=x", "en"), (",,;;q=", "en"), ("ja", "en"),
        ("de;q=nan,es;q=0.1", "es"),
    ],
)  # fmt: skip
def test_a_browser_says_its_language(accepted: str, language: str) -> None:
    assert language_asked(accepted) == language


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_each_language_is_complete_and_names_the_sender_safely(language: str) -> None:
    shown = [
        pages.ask(language, BRAND, opens=Opens.SEEN), pages.ask(language, BRAND, opens=Opens.ASKED),
        pages.opens_allowed(language, BRAND), pages.done(language, BRAND, again=True),
        pages.subscribed(language, BRAND), pages.opens_stopped(language, BRAND), pages.too_late(language, BRAND),
    ]  # fmt: skip
    for page in shown:
        assert f'<html lang="{language}">'.encode() in page
        assert b"<script" not in page
        assert b"<b>Co" not in page
        assert b"{brand}" not in page
    assert b"Bread &amp; &lt;b&gt;Co&lt;/b&gt;" in shown[0]
    words = asdict(WORDS[language])
    assert all(words.values())
    assert language == "en" or all(words[name] != asdict(WORDS["en"])[name] for name in words)


def test_one_button_acts_and_others_are_told_apart() -> None:
    plain = pages.ask("en", "us", opens=Opens.UNSAID)
    assert plain.count(b"<form") == 1
    assert b"<input" not in plain
    assert pages.ask("en", "us", opens=Opens.SEEN).count(b'name="what" value="opens"') == 1
    asked = pages.ask("en", "us", opens=Opens.ASKED)
    assert asked.count(b'name="what" value="see"') == 1
    assert b'value="opens"' not in asked
    assert pages.done("en", "us", again=False).count(b"<form") == 0


@pytest.mark.parametrize(
    ("tag", "language"), [("de-AT", "de"), ("FR", "fr"), ("es_MX", "es"), ("it", "en"), ("", "en"), ("en-GB", "en")]
)
def test_the_nearest_language_is_taken(tag: str, language: str) -> None:
    assert language_of(tag) == language


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with chromium() as browser:
        shown = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 700})
        for language, channel in itertools.product(WORDS, (Channel.EMAIL, *OTHER)):
            for page in (
                pages.ask(language, BRAND, opens=Opens.SEEN, channel=channel), pages.not_valid(language),
                pages.ask(language, BRAND, opens=Opens.ASKED, channel=channel),
                pages.done(language, BRAND, again=True, channel=channel),
                *(made(language, BRAND) for made in CONFIRM_PAGES),
            ):  # fmt: skip
                shown.set_content(page.decode())
                found = Axe().run(shown).response["violations"]
                assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
                assert shown.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_the_pages_of_a_confirmation_in_each_language(language: str) -> None:
    shown = [made(language, BRAND).decode() for made in CONFIRM_PAGES]
    assert len(set(shown)) == len(shown)
    for page in shown:
        assert f'<html lang="{language}">' in page
        assert "{" not in page.partition("</style>")[2]
        assert "<b>Co" not in page
        assert "<script" not in page
    assert [page.count("<form") for page in shown] == [1, 0, 0, 0, 0], "one button, on the page that asks"
    for words in (PAGE, ASKING):
        own, english = asdict(words[language]), asdict(words["en"])
        assert language == "en" or all(own[name] != english[name] for name in own)
        assert len(set(own.values())) == len(own)


def test_the_proof_of_a_confirmation_is_what_the_page_shows() -> None:
    said = confirm_pages.agreed_to("de", BRAND)
    shown = html.unescape(re.sub(r"<[^>]+>", " ", confirm_pages.ask("de", BRAND).decode()))
    assert " ".join(said.split()) in " ".join(shown.split())
