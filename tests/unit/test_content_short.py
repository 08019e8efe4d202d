"""Short copy for every channel: it fits, it says nothing the brief does not, and a person's edit is checked alike."""

from __future__ import annotations

import re

import pytest
from tests.unit.content_material import brand, brief, briefs

from tidings.content.agent import ContentAgent
from tidings.content.rendering.short import render_short, shown
from tidings.distribution.postings.links import marked, post_of, with_marks
from tidings.domain.blocks import Image
from tidings.domain.brief import Brief
from tidings.domain.channel import PERSONAL, POSTED, Channel
from tidings.domain.draft import Draft, Severity
from tidings.domain.short import rule_of

AT = 1_772_445_600_000
EVERYWHERE = tuple(Channel)
AGENT = ContentAgent()
PICTURE = {"picture": "https://example.com/bread.jpg", "picture_alt": "A loaf on a table"}


def shorts(given: Brief, *channels: Channel, seed: int = 1) -> tuple[Draft, ...]:
    asked = given.model_copy(update={"channels": channels or EVERYWHERE})
    found = AGENT.draft(asked, brand(given.brand), [], seed=seed, at=AT).drafts
    return tuple(draft for draft in found if draft.channel != "email")


@pytest.mark.parametrize("given", briefs()[::3], ids=lambda each: each.name)
def test_every_channel_gets_copy_that_fits_and_passes(given: Brief) -> None:
    found = shorts(given)
    assert {draft.channel for draft in found} == {channel.value for channel in Channel if channel is not Channel.EMAIL}
    for draft in found:
        rule = rule_of(draft.channel)
        errors = [finding for finding in draft.findings if finding.severity is Severity.ERROR]
        missing = [each for each in errors if each.check in {"picture", "must_say"}]  # no picture, or no room for it
        assert errors == missing, (draft.channel, errors)
        assert rule.measure(shown(draft)) <= rule.most


@pytest.mark.parametrize("given", briefs()[::5], ids=lambda each: each.name)
def test_every_sentence_is_the_briefs_or_of_the_stock(given: Brief) -> None:
    facts = {fact.sentence for fact in given.facts}
    for draft in shorts(given):
        said = {trace.sentence for trace in draft.traces if trace.source == "brief"}
        assert said & facts, f"{draft.channel} states no fact at all"
        assert all(trace.source in {"brief", "brand", "stock"} for trace in draft.traces)


def test_the_same_seed_writes_the_same() -> None:
    given = briefs()[0]
    assert shorts(given, seed=3) == shorts(given, seed=3)


def test_personal_channels_have_as_many_variants_as_the_mail() -> None:
    found = shorts(briefs()[0], Channel.EMAIL, Channel.SMS, Channel.X)
    assert [(draft.channel, draft.variant) for draft in found] == [("sms", "A"), ("sms", "B"), ("x", "A")]


def test_a_picture_reaches_the_channels_that_show_it() -> None:
    given = briefs()[0].model_copy(update=PICTURE)
    for draft in shorts(given):
        template = render_short(draft, brand(given.brand))
        assert (template.image_url != "") is (draft.channel != "sms")
        assert not [finding for finding in draft.findings if finding.check == "picture"]


def test_instagram_without_a_picture_is_refused() -> None:
    (draft,) = shorts(briefs()[0], Channel.INSTAGRAM)
    assert not draft.sendable
    assert "picture" in {finding.check for finding in draft.findings}


def test_no_posting_has_an_open_place_but_its_links() -> None:
    for draft in shorts(briefs()[0]):
        if Channel(draft.channel) in POSTED:
            template = render_short(draft, brand(briefs()[0].brand))
            assert set(re.findall(r"\{\{.*?\}\}", template.text)) <= {"{{ links[0] }}"}
            post = post_of("key", with_marks(template, "Autumn & more"))
            assert "{{" not in post.text
            assert f"utm_source={draft.channel}&utm_medium=social&utm_campaign=autumn-more" in post.text


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("Hello {{ contact.first_name | default: \"you\" }}.", "merge_fields"), ("It costs €99.", "prices"),
        ("It is a bread workshop. " * 40, "length"), ("See https://elsewhere.example/now", "links"),
    ],
)  # fmt: skip
def test_a_persons_edit_is_checked_alike(text: str, check: str) -> None:
    given = briefs()[0]
    (draft,) = shorts(given, Channel.X)
    index = next(no for no, block in enumerate(draft.blocks) if block.kind == "text")
    changed = AGENT.edited(draft, given, brand(given.brand), [], at=AT, texts={index: text})
    errors = {finding.check for finding in changed.findings if finding.severity is Severity.ERROR}
    assert check in errors, changed.findings


def test_too_many_hashtags_and_a_long_hook_are_told() -> None:
    given = briefs()[0]
    (draft,) = shorts(given, Channel.LINKEDIN)
    index = next(no for no, block in enumerate(draft.blocks) if block.kind in {"text", "heading"})
    words = " ".join(["Bread"] * 60) + ". " + " ".join(f"#tag{letter}" for letter in "abcdefg")
    changed = AGENT.edited(draft, given, brand(given.brand), [], at=AT, texts={index: words})
    told = {finding.check for finding in changed.findings if finding.severity is Severity.WARNING}
    assert {"hashtags", "length"} <= told


def test_marks_keep_what_a_link_says_already() -> None:
    url = marked("https://a.example/x?utm_source=mine&a=1#part", "linkedin", "Autumn workshop")
    assert url == "https://a.example/x?utm_source=mine&a=1&utm_medium=social&utm_campaign=autumn-workshop#part"


def test_a_brief_names_channels_there_are_and_each_once() -> None:
    given = brief(briefs()[0].name).model_dump(mode="json")
    assert Brief.model_validate({**given, "channels": ["x", "x", "email"]}).channels == (Channel.X, Channel.EMAIL)
    for wrong in ([], ["telegram"]):
        with pytest.raises(ValueError, match="channels"):
            Brief.model_validate({**given, "channels": wrong})


def test_a_text_message_keeps_to_the_plain_alphabet() -> None:
    given = briefs()[0]
    drafts = shorts(given, Channel.SMS)
    assert all(draft.channel in {each.value for each in PERSONAL} for draft in drafts)
    text = render_short(drafts[0].model_copy(update={"blocks": (*drafts[0].blocks,)}), brand(given.brand)).text
    assert "’" not in text
    assert not any(isinstance(block, Image) for block in drafts[0].blocks)
