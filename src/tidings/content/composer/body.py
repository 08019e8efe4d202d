"""The message plan and its blocks: heading, greeting, opening, facts in order, button, close, sign-off, footer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tidings.content.composer.choice import Chooser
from tidings.content.composer.material import DETAILS, KEEPS_AUTHORS_ORDER, Unit, holds, in_order
from tidings.content.composer.stock import CommonVoice, TypeStock, VoiceStock
from tidings.content.sentences import capitalised
from tidings.domain.blocks import Block, Button, Divider, Footer, Heading, Quote, Text
from tidings.domain.brief import Brief
from tidings.domain.claim import ClaimKind
from tidings.domain.draft import Trace

GAINS = frozenset({ClaimKind.ABILITY, ClaimKind.BENEFIT})
"""What the reader can do and gets."""
LONGEST_PARAGRAPH = 3
_TO_THE_READER = ("You", "Get ", "Save ", "Enjoy ")
# Openings that point at something a following "It …" can mean.
_POINTS = re.compile(r"\b(?:something|event|offer|deal)\b", re.IGNORECASE)
_QUOTE = re.compile(r"[\"“](?P<words>[^\"“”]+?)[,.]?[\"”],? (?:says|said) (?P<who>[^.]+)\.")


@dataclass(frozen=True, slots=True)
class Shape:
    """In what a body differs from the full one; `words` say it to a person."""

    name: str
    words: str
    ahead: ClaimKind | None = None
    """What stands at the top: proof, or (BENEFIT) what the reader can do and gets."""
    button_first: bool = False

    def takes(self, unit: Unit) -> bool:
        """Whether this shape draws the unit to the top."""
        if self.ahead is None:
            return False
        return unit.kind is ClaimKind.PROOF if self.ahead is ClaimKind.PROOF else unit.kind in GAINS


FULL = Shape("full", "full: every fact, in the usual order")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the facts, so that another version of a body can begin and end alike."""

    heading: Trace | None
    greeting: Trace | None
    opening: Trace | None
    close: Trace | None = None
    close_before_button: bool = False
    signoff: Trace | None = None


@dataclass(slots=True)
class Page:
    """Blocks and the trace of every sentence in them, grown together."""

    blocks: list[Block] = field(default_factory=list[Block])
    traces: list[Trace] = field(default_factory=list[Trace])
    frame: Frame | None = None

    def add(self, block: Block, *traces: Trace | None) -> None:
        """One block and where its sentences come from."""
        self.blocks.append(block)
        self.traces.extend(trace for trace in traces if trace is not None)

    def paragraph(self, traces: Sequence[Trace | None]) -> None:
        """The sentences as one paragraph; nothing when there are none."""
        found = [trace for trace in traces if trace is not None]
        if found:
            self.add(Text(text=" ".join(trace.sentence for trace in found)), *found)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What goes where: the facts by their part in the message."""

    what: list[Unit]
    gains: list[Unit]
    proof: list[Unit]
    details: list[Unit]


def arrange(units: Sequence[Unit], *, offer_first: bool) -> Arrangement:
    """The units in the message plan's order: what → what the reader can do and gets → proof → offer, date, place.

    What the author put first stays first. An offer made to the reader is a gain; where the offer is the message,
    it comes before all else.
    """
    lead = [unit for unit in units[:1] if _leads(unit, units)]
    ordered = in_order([unit for unit in units if unit not in lead])
    what = [unit for unit in ordered if unit.kind is ClaimKind.WHAT]
    proof = [unit for unit in ordered if unit.kind is ClaimKind.PROOF]
    offers = [unit for unit in ordered if unit.kind is ClaimKind.OFFER and unit.text.startswith(_TO_THE_READER)]
    gains = [unit for unit in ordered if unit.kind in GAINS]
    details = [unit for unit in ordered if unit.kind in DETAILS and unit not in offers]
    if lead:
        what = [*lead, *what]
    if offer_first and not any(unit.starts_with_it for unit in what):
        what = [*offers, *what]
    else:
        gains = [*offers, *gains]
    return Arrangement(what, gains, proof, details)


def _leads(first: Unit, units: Sequence[Unit]) -> bool:
    """Whether the author's first fact opens the mail although its kind stands later."""
    if first.starts_with_it or first.kind is ClaimKind.WHAT:
        return False
    gains = [unit for unit in units if unit.kind in GAINS]
    named_later = any(unit.starts_with_it and unit.kind is ClaimKind.WHAT for unit in units)
    return first.kind not in GAINS or (len(gains) <= 2 and not named_later)


def compose_body(
    units: Sequence[Unit], claims: Sequence[Unit], stock: TypeStock, common: CommonVoice, chooser: Chooser, *,
    shape: Shape = FULL, frame: Frame | None = None,
) -> Page:  # fmt: skip
    """The blocks of the e-mail. The close stands before or after the button, as the seed or the frame has it."""
    brief = chooser.assignment.brief
    voice = stock.of(chooser.assignment.voice)
    begun = frame or _begun(units, stock.introduces, voice, common, chooser)
    page = Page()
    if begun.heading is not None:
        page.add(Heading(text=begun.heading.sentence), begun.heading)
    page.paragraph([begun.greeting])
    _facts(page, begun.opening, units, shape, common, chooser)
    _must_say(page, brief)
    _about(page, claims, common, chooser)
    page.frame = frame or replace(
        begun,
        close=chooser.pick(voice.closes),
        close_before_button=chooser.generator.random() < 0.5,
        signoff=chooser.pick(common.signoffs),
    )
    _end(page, page.frame, chooser, button=not shape.button_first)
    return page


def _begun(
    units: Sequence[Unit], introduces: bool, voice: VoiceStock, common: CommonVoice, chooser: Chooser
) -> Frame:  # fmt: skip
    heading = _heading(units, introduces, voice, chooser)
    greeting = chooser.pick(common.greetings)
    return Frame(heading, greeting, chooser.pick(voice.openings))


def _heading(units: Sequence[Unit], introduces: bool, voice: VoiceStock, chooser: Chooser) -> Trace | None:
    """The product where something must be named, for the heading is what the first "It" points at."""
    product = chooser.assignment.brief.product.strip()
    if product and (chooser.assignment.tongue != "en" or introduces or any(unit.starts_with_it for unit in units)):
        return Trace(sentence=capitalised(product), source="brief")
    return chooser.pick(voice.headings)


def _facts(
    page: Page, opening: Trace | None, units: Sequence[Unit], shape: Shape, common: CommonVoice, chooser: Chooser
) -> None:
    """The opening and the facts, after what the shape puts before them."""
    brief = chooser.assignment.brief
    ahead = [unit for unit in units if shape.takes(unit)]
    if ahead or shape.button_first:
        page.paragraph([opening])
        opening = None
    if shape.button_first:
        _button(page, brief)
    if shape.ahead is ClaimKind.PROOF:
        _proof(page, ahead)
    else:
        _paragraphs(page, None, ahead)
    rest = [unit for unit in units if unit not in ahead]
    english = chooser.assignment.tongue == "en"
    if brief.type in KEEPS_AUTHORS_ORDER or not english:  # what a fact speaks of is told from English words
        _authors_order(page, opening, rest, items=brief.type == "newsletter" and english)
    else:
        _by_plan(page, opening, arrange(rest, offer_first=brief.type in {"offer", "win_back"}), common, chooser)


def _by_plan(page: Page, opening: Trace | None, plan: Arrangement, common: CommonVoice, chooser: Chooser) -> None:
    lead = None
    if plan.what and plan.what[0].starts_with_it and not (opening and _POINTS.search(opening.sentence)):
        named = bool(chooser.assignment.brief.product.strip())
        lead = chooser.pick([pattern for pattern in common.what if ("{product}" in pattern) is named])
    most = LONGEST_PARAGRAPH if lead else LONGEST_PARAGRAPH - 1
    first, rest, gains = plan.what[:most], plan.what[most:], plan.gains
    if len(gains) == 1:  # a paragraph of a single short sentence looks lost
        if not rest and len(first) < most:
            first.extend(gains)
        elif re.search(r"\bit\b", gains[0].text):  # near what it means, before another thing is named
            rest.insert(0, gains[0])
        else:
            rest.extend(gains)
        gains = []
    if lead:
        page.paragraph([opening])
        page.paragraph([lead, *_traces(first)])
    else:
        page.paragraph([opening, *_traces(first)])
    _paragraphs(page, None, rest)
    _gains(page, gains, common, chooser)
    _proof(page, plan.proof)
    _paragraphs(page, chooser.pick(_details_leads(plan, common, chooser)) if _needs_lead(plan) else None, plan.details)


def _details_leads(plan: Arrangement, common: CommonVoice, chooser: Chooser) -> list[str]:
    """Leads that name the product where the first detail says "It", which else might mean what stood before."""
    named = plan.details[0].starts_with_it and bool(chooser.assignment.brief.product.strip())
    return [pattern for pattern in common.details if ("{product}" in pattern) is named]


def _needs_lead(plan: Arrangement) -> bool:
    return len(plan.details) > 1 and bool(plan.what or plan.gains or plan.proof)


def _authors_order(page: Page, opening: Trace | None, units: Sequence[Unit], *, items: bool) -> None:
    """The facts as the author has them. As news items, each is its own paragraph with what goes on about it."""
    page.paragraph([opening])
    if not items:
        _paragraphs(page, None, units)
        return
    paragraph: list[Trace] = []
    for unit in units:
        joins = re.match(r"(?:It|You|Your|There|We|Our)\b", unit.traces[0].sentence) is not None
        if paragraph and not (joins and len(paragraph) < LONGEST_PARAGRAPH):
            page.paragraph(paragraph)
            paragraph = []
        paragraph.extend(unit.traces)
    page.paragraph(paragraph)


def _gains(page: Page, gains: Sequence[Unit], common: CommonVoice, chooser: Chooser) -> None:
    """Three or more become a list, for "You can … You can … You can …" is no paragraph."""
    if len(gains) >= 3:
        lead = chooser.pick(common.list)
        lines = [lead.sentence] if lead else []
        lines.extend(f"• {unit.text}" for unit in gains)
        page.add(Text(text="\n".join(lines)), lead, *_traces(gains))
        return
    leads = common.abilities if gains[:1] and gains[0].kind is ClaimKind.ABILITY else common.benefits
    lead = chooser.pick(leads) if len(gains) == 2 else None
    _paragraphs(page, lead, gains)


def _proof(page: Page, proof: Sequence[Unit]) -> None:
    plain: list[Unit] = []
    for unit in proof:
        match = _QUOTE.fullmatch(unit.text)
        if match is None or len(unit.traces) > 1:
            plain.append(unit)
        else:
            said = match["words"] if match["words"][-1] in "!?" else f"{match['words']}."
            page.add(Quote(text=said, source=match["who"]), *unit.traces)
    _paragraphs(page, None, plain)


def _about(page: Page, claims: Sequence[Unit], common: CommonVoice, chooser: Chooser) -> None:
    if claims:
        _paragraphs(page, chooser.pick(common.about), claims)


def _paragraphs(page: Page, lead: Trace | None, units: Sequence[Unit]) -> None:
    """The units in paragraphs of at most three sentences; the lead begins the first."""
    paragraph: list[Trace] = [lead] if lead else []
    count = 0
    for unit in units:
        if count and count + len(unit.traces) > LONGEST_PARAGRAPH:
            page.paragraph(paragraph)
            paragraph, count = [], 0
        paragraph.extend(unit.traces)
        count += len(unit.traces)
    page.paragraph(paragraph)


def _traces(units: Sequence[Unit]) -> list[Trace]:
    return [trace for unit in units for trace in unit.traces]


def _button(page: Page, brief: Brief) -> None:
    label = brief.call_to_action
    page.add(Button(label=label, url=brief.link), Trace(sentence=label, source="brief"))


def _end(page: Page, frame: Frame, chooser: Chooser, *, button: bool) -> None:
    if frame.close_before_button or not button:
        page.paragraph([frame.close])
    if button:
        _button(page, chooser.assignment.brief)
    if button and not frame.close_before_button:
        page.paragraph([frame.close])
    if frame.signoff is not None:
        sender = chooser.assignment.brand.sender.name
        name = Trace(sentence=sender, source="brand")
        page.add(Text(text=f"{frame.signoff.sentence}\n{sender}"), frame.signoff, name)
    page.add(Divider())
    _footer(page, chooser)


def _must_say(page: Page, brief: Brief) -> None:
    """Whole sentences that must be said and are not yet; a lone word cannot be placed without guessing grammar."""
    said = " ".join(trace.sentence for trace in page.traces)
    for phrase in brief.must_say:
        if not holds(said, (phrase,)) and phrase[:1].isupper() and phrase.rstrip()[-1:] in ".!?":
            page.paragraph([Trace(sentence=phrase.strip(), source="brief")])


def _footer(page: Page, chooser: Chooser) -> None:
    """Why the reader gets this, and the brand's required words that nothing has said yet."""
    brand = chooser.assignment.brand
    said = " ".join(trace.sentence for trace in page.traces)
    reason = Trace(sentence=reason_line(brand.name, chooser.assignment.tongue), source="brand")
    missing = [word for word in brand.required_words if not holds(said, (word,))]
    extra = [Trace(sentence=word, source="brand") for word in missing]
    page.add(Footer(text="\n".join([reason.sentence, *missing])), reason, *extra)


_REASONS = {
    "en": "You receive this e-mail because you agreed to hear from {brand}.",
    "de": "Diese E-Mail erhält nur, wer Nachrichten von {brand} zugestimmt hat.",
    "fr": "{brand} n’envoie cet e-mail qu’aux personnes qui ont accepté de recevoir ses messages.",
    "es": "{brand} envía este correo a quienes han aceptado recibirlo.",
}


def reason_line(brand_name: str, language: str = "en") -> str:
    """Why somebody gets the mail: nobody is written to without consent. It addresses nobody and suits every voice."""
    return _REASONS[language].format(brand=brand_name)
