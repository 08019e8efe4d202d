"""The page of preferences: complete in each language, operable without script, and nothing in it can be forged."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import Any

import pytest
from tests.unit.mail_bed import chromium

from tidings.audience.preferences import PAUSES, Preferences, Standing
from tidings.distribution.page_texts import WORDS
from tidings.distribution.pages import Opens
from tidings.distribution.preference_page import preference_page
from tidings.distribution.preference_texts import CHOICES, LANGUAGES
from tidings.domain.channel import Channel

BRAND = "Bread & <b>Co</b>"
GETS, PAUSED, STOPPED = (
    Standing(True, None, False),
    Standing(False, 1_798_070_400_000, False),
    Standing(False, None, True),
)
PERSONAL = (Channel.EMAIL, Channel.SMS, Channel.PUSH)


def shown(language: str, own: Standing, *others: Standing, channel: Channel = Channel.EMAIL, **more: Any) -> str:
    rest = [each for each in PERSONAL if each is not channel]
    known = {channel.value: own} | {each.value: how for each, how in zip(rest, others, strict=False)}
    given = {"opens": Opens.SEEN, "locale": "de-AT"} | more
    locale = given.pop("locale")
    return preference_page(language, BRAND, Preferences(known, locale), channel=channel, **given).decode()


@pytest.mark.parametrize("language", list(WORDS))
def test_each_language_is_complete(language: str) -> None:
    words, english = asdict(CHOICES[language]), asdict(CHOICES["en"])
    assert set(CHOICES) == set(WORDS) == set(LANGUAGES)
    alike = {"names", "kinds", "day"}
    assert language == "en" or all(words[name] != english[name] for name in words if name not in alike)
    assert all(set(words[name]) == set(PERSONAL) for name in ("names", "kinds"))
    for own, channel in itertools.product((GETS, PAUSED, STOPPED), PERSONAL):
        page = shown(language, own, PAUSED, STOPPED, channel=channel, saved=True)
        assert f'<html lang="{language}">' in page
        assert "<script" not in page
        assert "<b>Co" not in page
        assert "{" not in page.partition("</style>")[2]
        assert CHOICES[language].saved in page


def test_what_stands_is_what_can_be_changed() -> None:
    page = shown("en", GETS, GETS, STOPPED, opens=Opens.UNSAID)
    assert page.count('name="days"') == len(PAUSES)
    assert 'aria-label="Text messages: Unsubscribe"' in page
    assert page.count('name="channel" value="sms"') == page.count('name="channel" value="push"') == 1
    assert "Yes, show me these notifications again" in page
    assert "What else you get" not in shown("en", GETS)
    paused = shown("en", PAUSED)
    assert "<h1>Paused until 24 December 2026</h1>" in paused
    assert 'name="days"' not in paused
    assert 'value="resume"' in paused
    assert ">Unsubscribe<" in paused, "leaving is offered in a pause, too"
    stopped = shown("en", STOPPED)
    assert 'value="again"' in stopped
    assert 'value="opens"' not in stopped
    assert "<h1>Pause bis 24.12.2026</h1>" in shown("de", PAUSED)


def test_a_language_we_do_not_offer_stays_until_another_is_chosen() -> None:
    assert '<option value="it" lang="it" selected>it_IT</option>' in shown("en", GETS, locale="it_IT")
    assert '<option value="de" lang="de" selected>Deutsch</option>' in shown("en", GETS, locale="de-AT")
    assert "<select" not in shown("en", GETS, locale="")
    assert "<b>" not in shown("en", GETS, locale='"><b>').partition("</style>")[2]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with chromium() as browser:
        page = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 700})
        for language, own in itertools.product(WORDS, (GETS, PAUSED, STOPPED)):
            page.set_content(shown(language, own, PAUSED, STOPPED, saved=True))
            found = Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
