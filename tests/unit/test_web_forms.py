"""The pure parts of the pages: wording, sentences of a brief, forms from schemas, charts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData, Headers
from tests.fake_services import overview_numbers

from tidings.agents.config import CONFIGS, check_config, config_schema
from tidings.content.rendering.disclosure import usual_line
from tidings.domain.actor import AgentName
from tidings.domain.brand import Brand
from tidings.domain.brief import parse_brief
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import DAY, HOUR
from tidings.web import brand_form, brief_form, charts, formats
from tidings.web.brief_form import FactLine, sentence
from tidings.web.drafts import variant_letter, variant_name
from tidings.web.mail_links import links_of
from tidings.web.middleware import from_own_site
from tidings.web.report import tiles_of
from tidings.web.routes.sign_in import local_path
from tidings.web.sandbox import mail_response
from tidings.web.schema_form import config_of, fields_of

MONDAY = 1_772_445_600_000  # 2 March 2026, 10:00 UTC


@pytest.mark.parametrize(
    ("stem", "text", "whole"),
    [
        ("it", "is a bread workshop", "It is a bread workshop."),
        ("it", "It is a bread workshop.", "It is a bread workshop."),
        ("you_get", "a starter!", "You get a starter!"),
        ("there_is", "  room   for twelve ", "There is room for twelve."),
        ("whole", "bring an apron", "Bring an apron."),
        ("it", "", ""),
        ("made up", "", ""),
    ],
)
def test_a_stem_and_its_rest_make_a_whole_sentence(stem: str, text: str, whole: str) -> None:
    assert sentence(FactLine(stem, text)) == whole


@given(st.sampled_from([name for name, _ in brief_form.STEMS[:4]]), st.text(min_size=3, max_size=80))
def test_a_sentence_of_the_form_is_one_the_brief_takes(stem: str, text: str) -> None:
    whole = sentence(FactLine(stem, text))
    assert whole == "" or (whole[0].isupper() and whole[-1] in ".!?" and whole == " ".join(whole.split()))


def test_versions_come_out_of_the_form_as_they_went_in() -> None:
    raw = {
        **brief_form.brief_of(filled()), "language": "en",
        "versions": [
            {"name": "german", "language": "de", "facts": ["Der Kurs ist neu.", "Er kostet 45 €."],
             "call_to_action": "Platz sichern", "must_not_say": ["billig", "Rabatt"]},
            {"name": "members", "segment": "Members", "more_facts": ["You may bring a friend."], "tone": "bold"},
        ],
    }  # fmt: skip
    again = brief_form.brief_of(brief_form.form_of(raw))
    assert parse_brief(again) == parse_brief(raw)
    assert [version.name for version in parse_brief(again).versions] == ["german", "members"]


def test_a_versions_name_may_be_written_as_a_name_is() -> None:
    fields = FormData([("version_name", "Long time members"), ("version_segment", "Members")])
    assert [version["name"] for version in brief_form.brief_of(fields)["versions"]] == ["long-time-members"]


def test_a_group_in_which_nothing_is_written_is_no_version_and_one_half_written_is_shown_again() -> None:
    empty = [(f"version_{name}", "") for name in ("name", "language", "facts")]
    half = [("version_instead", "yes"), ("version_name", "german"), ("version_facts", "ein Kurs")]
    fields = FormData([*filled().multi_items(), *empty, *half])
    assert brief_form.brief_of(fields)["versions"] == [
        {"name": "german", "must_say": [], "must_not_say": [], "facts": ["Ein Kurs."]}
    ]
    with pytest.raises(InvalidInputError, match="neither a segment nor a language"):
        parse_brief(brief_form.brief_of(fields))
    (shown,) = brief_form.values_of(fields)["versions"]
    assert (shown["name"], shown["facts"]) == ("german", "ein Kurs")


@pytest.mark.parametrize(
    ("variant", "name", "letter"),
    [
        ("A", "Variant A", "A"), ("german-A", "german · variant A", "german · A"),
        ("de-new-B", "de-new · variant B", "de-new · B"),
    ],
)  # fmt: skip
def test_a_variant_is_named_with_its_version(variant: str, name: str, letter: str) -> None:
    assert (variant_name(variant), variant_letter(variant)) == (name, letter)


def filled(**more: str) -> FormData:
    plain = {
        "name": "Autumn workshop", "goal": "Fill it", "brand": "Northwind", "call_to_action": "Reserve a place",
        "link": "https://example.com/w", "must_say": "sourdough, rye", "subjects": "3", **more,
    }  # fmt: skip
    return FormData([*plain.items(), ("fact_stem", "it"), ("fact_text", "is a workshop"), ("fact_stem", "you_can"),
                     ("fact_text", "")])  # fmt: skip


def test_a_filled_form_is_a_valid_brief() -> None:
    brief = parse_brief(brief_form.brief_of(filled()))
    assert [fact.sentence for fact in brief.facts] == ["It is a workshop."]
    assert (brief.must_say, brief.subjects, brief.tone) == (("sourdough", "rye"), 3, None)


def test_what_becomes_of_late_mail_is_part_of_the_brief_and_said_in_words() -> None:
    brief = parse_brief(brief_form.brief_of(filled(late="drop", late_after_hours="6")))
    assert (brief.late, brief.late_after_hours) == ("drop", 6)
    assert brief.late_in_words == "dropped, from 6 hours on"
    assert parse_brief(brief_form.brief_of(filled())).late_in_words == ""
    with pytest.raises(InvalidInputError, match="late"):
        parse_brief(brief_form.brief_of(filled(late="burn")))


def test_what_is_wrong_in_the_form_is_said_by_field() -> None:
    with pytest.raises(InvalidInputError, match="subjects"):
        parse_brief(brief_form.brief_of(filled(subjects="many")))
    assert brief_form.missing(brief_form.brief_of(FormData())) == ["name", "goal", "a fact", "call to action", "link"]


def test_an_empty_form_offers_lines_for_facts() -> None:
    assert [line.stem for line in brief_form.values_of(FormData())["facts"]] == ["it", "you_can", "you_get", "there_is"]


@pytest.mark.parametrize("name", list(AgentName))
def test_each_agents_form_gives_back_the_configuration_it_was_made_of(name: AgentName) -> None:
    config = check_config(name, {})
    fields = fields_of(config_schema(name), config)
    sent = {f"config_{field.name}": _typed(field.value) for field in fields if field.value is not False}
    assert CONFIGS[name].model_validate(config_of(fields, sent)).model_dump() == config


def _typed(value: object) -> str:
    return "true" if value is True else str(value)


def test_a_word_in_a_number_field_is_refused_by_name() -> None:
    fields = fields_of(config_schema(AgentName.SCHEDULING), {})
    with pytest.raises(InvalidInputError, match="Quiet hours from is not a number: 'late'"):
        config_of(fields, {"config_quiet_start": "late"})


def test_lists_choices_and_absent_values_of_a_schema() -> None:
    schema = {
        "$defs": {"Tone": {"enum": ["calm", "loud"], "type": "string"}},
        "properties": {
            "tone": {"$ref": "#/$defs/Tone", "default": "calm"},
            "limit": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
            "words": {"type": "array", "items": {"type": "string"}, "default": []},
        },
    }
    fields = fields_of(schema, {"words": ["rye", "oat"]})
    assert [(field.kind, field.value) for field in fields] == [
        ("choice", "calm"),
        ("integer", None),
        ("list", "rye\noat"),
    ]
    sent = {"config_tone": "loud", "config_limit": "", "config_words": "rye\n\n oat "}
    assert config_of(fields, sent) == {"tone": "loud", "limit": None, "words": ["rye", "oat"]}


def test_values_are_worded_for_people() -> None:
    assert formats.number(48_457) == "48,457"
    assert formats.percent(0.0736) == "7.4 %"
    assert formats.percent(None) == "–"
    assert formats.when(MONDAY, "Europe/Berlin") == "Mon 2 Mar 11:00"
    assert formats.when(MONDAY, "UTC") == "Mon 2 Mar 10:00 UTC"
    assert [formats.ago(MONDAY - passed, MONDAY) for passed in (10, 61_000, 3 * HOUR, 2 * DAY)] == [
        "just now", "1 min ago", "3 h ago", "2 days ago",
    ]  # fmt: skip
    assert formats.plural(1, "contact") == "1 contact"
    assert formats.shown({"people": 1872, "better": True, "q": 0.01234}) == "people: 1,872; better: yes; q: 0.01234"


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "", "Europe", "\0", "a" * 4000])
def test_a_zone_nobody_knows_is_utc(name: str) -> None:
    assert formats.zone_or_utc(name) == "UTC"


def test_a_local_time_survives_the_form() -> None:
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        assert formats.from_local_input(formats.local_input(MONDAY, zone), zone) == MONDAY


def test_the_histogram_shows_every_hour_of_a_short_plan_and_folds_a_long_one() -> None:
    short = charts.histogram({MONDAY: 10, MONDAY + 5 * HOUR: 40}, "UTC")
    assert short.count("<rect") == 24
    assert "Mon 15:00: 40" in short
    assert charts.folded_days({MONDAY: 10, MONDAY + 5 * HOUR: 40}, "UTC") == 0
    days = charts.histogram({MONDAY: 10, MONDAY + 58 * HOUR: 5}, "UTC")
    assert days.count("<rect") == 59
    assert all(name in days for name in ("Mon 2 Mar", "Tue 3 Mar", "Wed 4 Mar", "Mon 10:00: 10", "Wed 20:00: 5"))
    long = charts.histogram({MONDAY: 10, MONDAY + 9 * DAY: 5}, "UTC")
    assert long.count("<rect") == 24
    assert "10: 15" in long
    assert charts.folded_days({MONDAY: 10, MONDAY + 9 * DAY: 5}, "UTC") == 10
    assert charts.histogram({}, "UTC") == ""
    assert charts.folded_days({}, "UTC") == 0


def test_what_the_sender_has_taken_up_is_one_part_that_keeps_its_states() -> None:
    (part,) = charts.parts({"attempting": 2, "claimed": 38, "failed": 0})
    assert (part.label, part.count, part.tone) == ("on_its_way", 40, "work")
    assert part.states == (("claimed", 38), ("attempting", 2))
    assert "40 on its way" in charts.parts_bar({"attempting": 2, "claimed": 38})


@given(
    st.dictionaries(
        st.sampled_from(["accepted", "planned", "claimed", "attempting", "failed", "new_state"]), st.integers(0, 10**6)
    )
)
def test_the_parts_of_the_bar_add_up(counts: dict[str, int]) -> None:
    found = charts.parts(counts)
    assert sum(part.count for part in found) == sum(counts.values())
    assert sum(count for part in found for _, count in part.states) == sum(counts.values())


def test_a_rate_is_not_compared_while_fresh_sends_can_still_answer() -> None:
    numbers = overview_numbers()
    fresh = sum(numbers.chart.sent[-2:])
    quiet = replace(numbers, chart=replace(numbers.chart, sent=(*numbers.chart.sent[:-2], 0, 0)))
    few = replace(numbers, delivered=replace(numbers.delivered, count=fresh * 100))
    assert [tile.change for tile in tiles_of(quiet)][2:] == ["−0.3 pt", "−0.02 pt"]
    assert [tile.change for tile in tiles_of(few)][2:] == ["−0.3 pt", "−0.02 pt"]
    many = [tile.change for tile in tiles_of(replace(numbers, delivered=replace(numbers.delivered, count=fresh)))]
    assert many[0].startswith("+6.2 %")  # a count is compared as ever
    assert many[2:] == [f"7 days so far; {fresh:,} sent since yesterday can still answer"] * 2


def test_an_interval_stays_on_its_scale() -> None:
    drawn = charts.interval(0.01, 0.02, 0.9, 0.05)
    assert 'x2="198.0"' in drawn
    assert "between 1.0 and 90.0 %" in drawn


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "https://tidings.example", "host": "tidings.example"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "https://tidings.example:8443", "host": "tidings.example:8443"}, True),
        ({"origin": "http://tidings.example", "host": "tidings.example"}, False),
        ({"origin": "https://tidings.example.evil", "host": "tidings.example"}, False),
        ({"origin": "null", "host": "tidings.example"}, False),
        ({"host": "tidings.example"}, False),
    ],
)
def test_a_changing_request_must_come_from_our_own_pages(headers: dict[str, str], ours: bool) -> None:
    assert from_own_site(Headers(headers), "https") is ours


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1", "/a\nb", ""]
)
def test_no_open_redirect_after_signing_in(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_mail_is_shown_under_a_policy_that_allows_nothing() -> None:
    response = mail_response("<html><head></head><body>Hi<script>1</script></body></html>", dark=True)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert b'<base target="_blank">' in response.body


def test_a_messages_own_dark_styles_are_shown_when_asked_for_and_only_then() -> None:
    html = "<html><head><style>@media (prefers-color-scheme: dark) {p{color:#fff}}</style></head><p>Hi</p></html>"
    assert b"@media all {p" in mail_response(html, dark=True).body
    assert b"invert" not in mail_response(html, dark=True).body
    assert b"@media not all {p" in mail_response(html).body
    assert b"invert" in mail_response("<p>Hi</p>", dark=True).body


def test_a_link_is_named_by_its_words_or_by_what_it_does() -> None:
    html = """<a href="https://h.example/t/a?x=1&amp;y=2"> Reserve <b>your</b>
      place </a><a href="https://h.example/t/a?x=1&amp;y=2">again</a><a href="https://h.example/t/p">
      <img alt="Bread"></a><a href="https://shop.example/x"></a><a href="https://h.example/u/t">Unsubscribe"""
    urls = ["https://h.example/t/a?x=1&y=2", "https://h.example/t/p", "https://shop.example/x", "https://h.example/u/t",
            "https://h.example/u/z", "https://h.example/t/z", "https://h.example/", "http://[::1"]  # fmt: skip
    found = links_of(html, urls, "https://h.example")
    assert [link.label for link in found] == [
        "Reserve your place", "Bread", "shop.example", "Unsubscribe", "Unsubscribe", "Link of the campaign",
        "h.example", "Broken address",
    ]  # fmt: skip
    assert [link.url for link in found] == urls
    assert found[2].leads == "leads to shop.example"


@given(st.text(), st.lists(st.text()))
def test_no_mail_is_too_broken_for_its_links(html: str, urls: list[str]) -> None:
    assert [link.url for link in links_of(html, urls, "https://h.example")] == urls


BRAND_FORM = {
    "name": "Northwind", "website": "https://northwind.example.com", "sender_name": "N", "locale": "de-AT",
    "sender_address": "n@northwind.example.com", "postal_address": "Mill Lane 4", "voice": "bold", "colour": "#4353d0",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "words", "stored"), [("none", "x", ""), ("usual", "", "usual"), ("own", " With  AI. ", "With AI.")]
)
def test_what_readers_are_told_of_ai_goes_through_the_form(kind: str, words: str, stored: str) -> None:
    sent = FormData({**BRAND_FORM, "disclosure": kind, "disclosure_words": words})
    raw = brand_form.fields_of(sent)
    assert raw["ai_disclosure"] == stored
    shown = brand_form.values_of_brand(Brand.model_validate({**raw, "id": "brd_1"}))
    assert (shown["disclosure"], shown["disclosure_words"]) == (kind, "With AI." if kind == "own" else "")
    assert shown["usual_line"] == "Mit Hilfe künstlicher Intelligenz geschrieben."


def test_own_words_that_are_none_are_refused_and_an_older_form_changes_nothing() -> None:
    with pytest.raises(InvalidInputError, match="has no words"):
        brand_form.fields_of(FormData({**BRAND_FORM, "disclosure": "own", "disclosure_words": "  "}))
    assert "ai_disclosure" not in brand_form.fields_of(FormData(BRAND_FORM))


def test_what_a_brand_says_in_other_languages_goes_through_the_form() -> None:
    typed = {
        "required_in": "en: Craft, Bread\npt_br: Pão",
        "disclaimer_in": "en:  Inc. VAT: 20 %.",
        "disclosure_in": "",
    }
    raw = brand_form.fields_of(FormData({**BRAND_FORM, **typed}))
    ours = Brand.model_validate({**raw, "id": "brd_1"})
    assert ours.speaking("en").required_words == ("Craft", "Bread")
    assert ours.speaking("en").disclaimer("email") == "Inc. VAT: 20 %."
    assert ours.speaking("pt-BR").required_words == ("Pão",)
    shown = brand_form.values_of_brand(ours)
    assert shown["required_in"] == "en: Craft, Bread\npt-BR: Pão"
    assert shown["disclaimer_in"] == "en: Inc. VAT: 20 %."
    with pytest.raises(InvalidInputError, match="“Inc VAT” does not begin with a language") as found:
        brand_form.fields_of(FormData({**BRAND_FORM, "disclaimer_in": "Inc VAT"}))
    assert found.value.field == "disclaimer_in"


@pytest.mark.parametrize(
    ("locale", "line"),
    [("en-GB", "Written with"), ("fr", "Rédigé avec"), ("xx", "Written with"), ("PT-br", "Escrito com a ajuda")],
)
def test_the_usual_line_is_in_the_brands_language(locale: str, line: str) -> None:
    assert usual_line(locale).startswith(line)
