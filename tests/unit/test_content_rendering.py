"""The rendered mail: readable, small, safe, and open in the agreed places only."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid import Environment
from tests.unit.content_material import AT, brand, brief, briefs, claims

from tidings.content.agent import ContentAgent
from tidings.content.edit import apply_edit
from tidings.content.rendering.email import LARGEST, render_email
from tidings.content.rendering.palette import contrast, palette_of
from tidings.domain.blocks import Columns, Image, Product, Text
from tidings.domain.brief import Brief
from tidings.domain.draft import Draft
from tidings.domain.errors import InvalidInputError
from tidings.domain.message import EmailTemplate

OPEN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
AGREED = re.compile(r"\{\{ contact\.\w+ \| default: \"[^\"]+\" \}\}|\{\{ links\[\d+\] \}\}|\{\{ unsubscribe_url \}\}")


def draft_of(given_brief: Brief) -> Draft:
    return (
        ContentAgent().draft(given_brief, brand(given_brief.brand), claims(given_brief.brand), seed=2, at=AT).drafts[0]
    )


def template_of(given_brief: Brief) -> EmailTemplate:
    return render_email(draft_of(given_brief), brand(given_brief.brand))


class Reader(HTMLParser):
    """Collects tags, and the text a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.hidden = 0
        self.in_word = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.hidden += tag in {"style", "title"}
        self.in_word = tag == "wbr"

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in {"style", "title"}

    def handle_data(self, data: str) -> None:
        if not self.hidden and self.in_word:
            self.words[-1] += data  # <wbr> parts no words
        elif not self.hidden:
            self.words.append(data)
        self.in_word = False

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.mark.parametrize("given_brief", briefs(), ids=lambda item: item.name)
def test_every_mail_is_whole(given_brief: Brief) -> None:
    template = template_of(given_brief)
    assert len(template.html.encode()) < LARGEST
    assert all(AGREED.fullmatch(place) for place in OPEN.findall(template.html + template.text))
    assert set(re.findall(r"links\[(\d+)\]", template.html)) == {str(link.no) for link in template.links}
    assert set(re.findall(r"links\[(\d+)\]", template.text)) == {str(link.no) for link in template.links}
    for part in (template.html, template.text):
        assert part.count("{{ unsubscribe_url }}") == 1
        assert "Mill Street 1, 12345 Millbrook" in " ".join(part.split())
    seen = Reader(template.html).text
    for fact in given_brief.facts:
        if not any(word in fact.sentence for word in given_brief.must_not_say) and "“" not in fact.sentence:
            assert fact.sentence in seen
            assert fact.sentence in " ".join(template.text.split())
    assert "https://" not in template.html.replace(
        "https://www.w3.org", ""
    )  # every link is a place, no asset is fetched
    assert "http://" not in re.sub(r"http://(?:www\.w3\.org|schemas)", "", template.html)
    assert all(len(line) <= 78 for line in template.text.splitlines() if "{{" not in line)


def test_it_can_be_read_by_everybody() -> None:
    html = template_of(brief("Many facts")).html
    reader = Reader(html)
    tags = dict(reader.tags)
    assert tags["html"]["lang"] == "en"
    assert all(attrs.get("role") == "presentation" for tag, attrs in reader.tags if tag == "table")
    assert sum(tag == "h1" for tag, _ in reader.tags) == 1
    assert sum(tag == "li" for tag, _ in reader.tags) == 5
    assert sum(attrs.get("role") == "main" for _, attrs in reader.tags) == 1
    assert "prefers-color-scheme: dark" in html
    assert 'name="color-scheme"' in html
    assert "color:#ffffff;line-height:1px" not in html  # no white on white preheader


def test_language_is_given_on() -> None:
    template = render_email(draft_of(brief("Single fact")), brand("Napf"), language="de")
    assert template.language == "de"
    assert 'lang="de"' in template.html


def test_identity_stands_in_the_envelope() -> None:
    template = template_of(brief("Insurance check"))
    assert (template.from_name, template.from_address) == ("Sicher & Co", "hello@sicherco.example.com")
    assert template.list_id == "sicher-co.sicherco.example.com"
    assert "Sicher &amp; Co" in template.html
    assert "Sicher & Co" in template.text


def test_it_renders_as_liquid_with_and_without_a_name() -> None:
    template = template_of(brief("Autumn workshop"))
    engine = Environment()
    values = {"links": [f"https://t/{n}" for n in range(9)], "unsubscribe_url": "https://t/u"}
    for part in (template.html, template.text):
        assert "Anna," in engine.from_string(part).render(contact={"first_name": "Anna"}, **values)
        assert re.search(r"(?:Hi|Hello) there,", engine.from_string(part).render(contact={"first_name": ""}, **values))


def test_nothing_in_a_text_becomes_markup_or_liquid() -> None:
    markup = '</td><script>alert(1)</script><mj-include path="/etc/passwd" />'
    hostile = f'{markup} {{{{ settings.key }}}} {{% include "x" %}} & "quoted"'
    draft = apply_edit(
        draft_of(brief("Single fact")), subject=hostile, preheader=hostile, texts={0: hostile, 1: hostile, 3: hostile}
    )
    template = render_email(draft, brand('Na"pf <b>'))
    reader = Reader(template.html)
    assert not {"script", "mj-include", "b"} & {tag for tag, _ in reader.tags}
    assert markup in reader.text
    for part in (template.html, template.text, template.subject, template.preheader):
        assert all(AGREED.fullmatch(place) for place in OPEN.findall(part))
        Environment().from_string(part)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120))
def test_any_text_survives(text: str) -> None:
    draft = draft_of(brief("Single fact"))
    changed = draft.model_copy(update={"blocks": (Text(text=f"a{text}b"), *draft.blocks[1:])})
    template = render_email(changed, brand("Napf"))
    assert all(AGREED.fullmatch(place) for place in OPEN.findall(template.html + template.text))
    Environment().from_string(template.html)


def test_other_blocks_are_rendered_too() -> None:
    draft = draft_of(brief("Single fact"))
    more = (
        Image(url="https://napf.example.com/a.png", alt="A bowl"),
        Product(name="Bowl", text="It is round.", url="https://napf.example.com/bowl"),
        Columns(texts=("Left side.", "Right side.")),
    )
    template = render_email(draft.model_copy(update={"blocks": (*more, *draft.blocks)}), brand("Napf"))
    assert [link.label for link in template.links] == ["Bowl", "Plan your visit", "Napf"]
    assert 'alt="A bowl"' in template.html
    assert "[A bowl]" in template.text
    assert "Left side." in template.html


def test_a_mail_that_would_be_cut_is_refused() -> None:
    draft = draft_of(brief("Single fact"))
    huge = draft.model_copy(update={"blocks": (Text(text="word " * 30_000), *draft.blocks)})
    with pytest.raises(InvalidInputError, match="102 kB"):
        render_email(huge, brand("Napf"))


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_brand_colour_can_be_read(channels: tuple[int, int, int]) -> None:
    colour = "#{:02x}{:02x}{:02x}".format(*channels)
    assert all(contrast(text, ground) >= 4.5 for text, ground in palette_of(colour).pairs().values())


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(scheme: str, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    template = template_of(brief("Many facts"))
    html = re.sub(r"\{\{ contact.*?\}\}", "Maria", template.html)
    page_file = tmp_path / "mail.html"
    page_file.write_text(OPEN.sub("https://example.com/", html), encoding="utf-8")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 900})  # type: ignore[arg-type]
        page.goto(page_file.as_uri())
        found = Axe().run(page).response["violations"]
        wide = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert [violation["id"] for violation in found] == []
    assert wide <= 390
