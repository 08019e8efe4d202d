"""The page code makes of a model's plan: greeting, button, sign-off and footer around what the model wrote."""

from __future__ import annotations

from collections.abc import Sequence

from tidings.content.composer.body import Frame, Page, reason_line
from tidings.content.composer.choice import Chooser
from tidings.content.composer.material import holds
from tidings.content.composer.stock import common_stock
from tidings.content.sentences import folded, sentences
from tidings.content.writers.base import Assignment
from tidings.content.writers.plan import MessagePlan, facts_of
from tidings.domain.blocks import Button, Divider, Footer, Heading, Text
from tidings.domain.draft import Trace


def trace_of(text: str, assignment: Assignment, numbers: Sequence[int] = ()) -> Trace:
    """Word for word from the brief, or the model's own with the claims it leans on."""
    facts = facts_of(assignment)
    for sentence, claim_id in facts:
        if folded(sentence) == folded(text):
            ids = [claim_id] if claim_id else []
            return Trace(sentence=text, source="claim" if claim_id else "brief", claim_ids=tuple(ids))
    ids = [facts[number - 1][1] for number in numbers if 0 < number <= len(facts)]
    return Trace(sentence=text, source="model", claim_ids=tuple(dict.fromkeys(each for each in ids if each)))


def page_of(plan: MessagePlan, assignment: Assignment, *, button_first: bool = False) -> Page:
    """The blocks and traces. The merge field of the greeting is code's alone."""
    brand = assignment.brand
    page, chooser, common = Page(), Chooser(assignment), common_stock(assignment.voice, assignment.tongue)
    if plan.heading:
        page.add(Heading(text=plan.heading), trace_of(plan.heading, assignment))
    greeting = chooser.pick(common.greetings)
    page.paragraph([greeting])
    _said(page, plan.opening, assignment)
    if button_first:
        _button(page, assignment)
    for paragraph in plan.paragraphs:
        text = " ".join(sentence.text for sentence in paragraph)
        if text:
            traced = [trace_of(part, assignment, s.facts) for s in paragraph for part in sentences(s.text)]
            page.add(Text(text=text), *traced)
    if not button_first:
        _button(page, assignment)
    _said(page, plan.closing, assignment)
    signoff = chooser.pick(common.signoffs)
    if signoff is not None:
        name = Trace(sentence=brand.sender.name, source="brand")
        page.add(Text(text=f"{signoff.sentence}\n{brand.sender.name}"), signoff, name)
    page.add(Divider())
    _footer(page, assignment)
    parts = (Trace(sentence=text, source="model") if text else None for text in (plan.heading, plan.opening))
    heading, opening = parts
    close = Trace(sentence=plan.closing, source="model") if plan.closing else None
    page.frame = Frame(heading, greeting, opening, close, close_before_button=False, signoff=signoff)
    return page


def _said(page: Page, text: str, assignment: Assignment) -> None:
    if text:
        page.add(Text(text=text), *(trace_of(each, assignment) for each in sentences(text)))


def _button(page: Page, assignment: Assignment) -> None:
    brief = assignment.brief
    page.add(Button(label=brief.call_to_action, url=brief.link), Trace(sentence=brief.call_to_action, source="brief"))


def _footer(page: Page, assignment: Assignment) -> None:
    brand, said = assignment.brand, " ".join(trace.sentence for trace in page.traces)
    missing = [word for word in brand.required_words if not holds(said, (word,))]
    reason = Trace(sentence=reason_line(brand.name, assignment.tongue), source="brand")
    extra = [Trace(sentence=word, source="brand") for word in missing]
    page.add(Footer(text="\n".join([reason.sentence, *missing])), reason, *extra)
