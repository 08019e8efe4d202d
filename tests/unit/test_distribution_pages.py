"""The pages a reader meets: in the mail's language, without script, and nothing in them can be forged."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tidings.distribution import pages
from tidings.distribution.page_texts import WORDS, language_of

BRAND = "Bread & <b>Co</b>"


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_each_language_is_complete_and_names_the_sender_safely(language: str) -> None:
    shown = [
        pages.ask(language, BRAND, opens=True), pages.done(language, BRAND, again=True),
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
    plain = pages.ask("en", "us", opens=False)
    assert plain.count(b"<form") == 1
    assert b"<input" not in plain
    assert pages.ask("en", "us", opens=True).count(b'name="what" value="opens"') == 1
    assert pages.done("en", "us", again=False).count(b"<form") == 0


@pytest.mark.parametrize(
    ("tag", "language"), [("de-AT", "de"), ("FR", "fr"), ("es_MX", "es"), ("it", "en"), ("", "en"), ("en-GB", "en")]
)
def test_the_nearest_language_is_taken(tag: str, language: str) -> None:
    assert language_of(tag) == language
