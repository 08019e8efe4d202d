"""Short copy for the channels a brief asks for: its facts word for word, as many as the channel takes.

Nothing is shortened or rephrased. What does not fit is left out whole; hashtags are the names of brand and product.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tidings.content.composer.body import LONGEST_PARAGRAPH
from tidings.content.composer.choice import Chooser
from tidings.content.composer.material import DETAILS, Unit, holds, in_order, units
from tidings.content.composer.stock import common_stock, type_stock
from tidings.content.composer.subjects import Candidate, candidates
from tidings.content.rendering.short import shown
from tidings.content.sentences import capitalised
from tidings.content.writers.base import Assignment, variant_letter
from tidings.domain.blocks import Block, Button, Heading, Image, Text
from tidings.domain.channel import PERSONAL, Channel
from tidings.domain.draft import Draft, Trace
from tidings.domain.short import RULES, ShortRule, hashtag_of, rule_of

NAME = "Composer"
_MAIL = re.compile(r"mail|newsletter|inbox|subject|courrier|correo|boletín|\bPost\b|\{\{", re.IGNORECASE)
_POSTS = frozenset(
    {Channel.LINKEDIN, Channel.X, Channel.FACEBOOK, Channel.INSTAGRAM, Channel.MASTODON, Channel.BLUESKY}
)
# What reads well where far more would fit: the copy ends here, in the channel's own unit.
_ENOUGH = {
    Channel.SMS: 2, Channel.LINKEDIN: 900, Channel.FACEBOOK: 700, Channel.INSTAGRAM: 700, Channel.TEAMS: 900,
    Channel.SLACK: 900,
}  # fmt: skip


def compose_shorts(assignment: Assignment, channels: Sequence[str]) -> tuple[Draft, ...]:
    """One draft for each short channel asked for; a personal one gets as many variants as the brief has subjects."""
    drafts: list[Draft] = []
    for name in channels:
        channel = Channel(name)
        if channel in RULES:
            count = assignment.brief.subjects if channel in PERSONAL else 1
            drafts += [_compose(assignment, channel, index) for index in range(count)]
    return tuple(drafts)


@dataclass(slots=True)
class _Page:
    """The draft as it grows, and whether it still fits."""

    assignment: Assignment
    rule: ShortRule
    variant: str
    title: Trace | None
    head: list[tuple[Block, tuple[Trace, ...]]]
    said: list[Unit]
    tail: list[tuple[Block, tuple[Trace, ...]]]

    def draft(self) -> Draft:
        body = [(Text(text=" ".join(unit.text for unit in group)), _traces(group)) for group in _paragraphs(self)]
        parts = [*self.head, *body, *self.tail]
        titles = (self.title,) if self.title else ()
        return Draft(
            variant=self.variant, channel=self.rule.channel.value, subject=self.title.sentence if self.title else "",
            preheader="", blocks=tuple(block for block, _ in parts), writer=NAME, seed=self.assignment.seed,
            traces=tuple(dict.fromkeys((*titles, *(trace for _, traces in parts for trace in traces)))),
        )  # fmt: skip

    def fits(self, unit: Unit) -> bool:
        trial = _Page(self.assignment, self.rule, self.variant, self.title, self.head, [*self.said, unit], self.tail)
        most = min(self.rule.most, _ENOUGH.get(self.rule.channel, self.rule.most))
        return self.rule.measure(shown(trial.draft())) <= most


def _paragraphs(page: _Page) -> list[list[Unit]]:
    """One for a text message; else the first sentence by itself, for it is what is read before “more”."""
    if page.rule.channel in PERSONAL or not page.said:
        return [page.said] if page.said else []
    groups: list[list[Unit]] = [page.said[:1], []]
    for unit in page.said[1:]:
        if sum(len(each.traces) for each in groups[-1]) + len(unit.traces) > LONGEST_PARAGRAPH and groups[-1]:
            groups.append([])
        groups[-1].append(unit)
    return [group for group in groups if group]


def _compose(assignment: Assignment, channel: Channel, index: int) -> Draft:
    rule, brief = rule_of(channel), assignment.brief
    found = units(brief)
    chooser = Chooser(assignment)
    title = _title(found, chooser) if rule.titled else None
    page = _Page(assignment, rule, variant_letter(index), title, _head(assignment, channel, found, chooser, title), [],
                 _tail(assignment, rule))  # fmt: skip
    for unit in _wanted(found, brief.must_say, index):
        repeats = title is not None and len(found) > 1 and unit.text.rstrip(".") == title.sentence
        if not repeats and page.fits(unit):
            page.said = [*page.said, unit]
    if assignment.tongue != "en":
        page.said = sorted(page.said, key=found.index)
    elif index == 0:
        page.said = in_order(page.said)
    return page.draft()


def _wanted(found: Sequence[Unit], must_say: Sequence[str], index: int) -> list[Unit]:
    """What must be said, then the author's first fact (of a later variant: another), date and place, then the rest."""
    lead = found[index % len(found)] if found else None
    return sorted(
        found,
        key=lambda unit: (
            not holds(unit.text, must_say), unit is not lead, unit.kind not in DETAILS, found.index(unit),
        ),
    )  # fmt: skip


def _title(found: Sequence[Unit], chooser: Chooser) -> Trace:
    """The best line that names the thing: the product, else what the composer would write as a subject."""
    brief = chooser.assignment.brief
    if brief.product.strip():
        return Trace(sentence=capitalised(brief.product.strip()), source="brief")
    stock = type_stock(brief.type, chooser.assignment.tongue).of(chooser.assignment.voice)
    fitting: list[Candidate] = [each for each in candidates(found, stock, chooser) if not _MAIL.search(each.text)]
    if fitting:
        return Trace(sentence=fitting[0].text, source=fitting[0].source)
    return Trace(sentence=chooser.assignment.brand.name, source="brand")


def _head(
    assignment: Assignment, channel: Channel, found: Sequence[Unit], chooser: Chooser, title: Trace | None
) -> list[tuple[Block, tuple[Trace, ...]]]:
    """A picture where there is one; who writes, in a text message; what it is about, where “It …” needs a name."""
    brief, brand = assignment.brief, assignment.brand
    head: list[tuple[Block, tuple[Trace, ...]]] = []
    if brief.picture and channel is not Channel.SMS:
        alt = brief.picture_alt or brief.product or brand.name
        head.append((Image(url=brief.picture, alt=alt), (Trace(sentence=alt, source="brief"),)))
    if channel is Channel.SMS:  # a text message must say whose it is
        name = Trace(sentence=brand.name, source="brand")
        head.append((Heading(text=f"{brand.name}:"), (name,)))
    lead = None if title is not None else _lead(brief.product, found, chooser)
    if lead is not None and channel is not Channel.SMS:
        head.append((Heading(text=lead.sentence), (lead,)))
    return head


def _lead(product: str, found: Sequence[Unit], chooser: Chooser) -> Trace | None:
    """A first line: the product's name, else an opening of the stock where the first fact says “It”."""
    if product.strip():
        return Trace(sentence=capitalised(product.strip()), source="brief")
    if not (found and found[0].starts_with_it):
        return None
    brief = chooser.assignment.brief
    voice, tongue = chooser.assignment.voice, chooser.assignment.tongue
    usable = [pattern for pattern in type_stock(brief.type, tongue).of(voice).openings if not _MAIL.search(pattern)]
    usable += [pattern for pattern in common_stock(voice, tongue).what if "{product}" not in pattern]
    return chooser.pick(usable)


def _tail(assignment: Assignment, rule: ShortRule) -> list[tuple[Block, tuple[Trace, ...]]]:
    """The call to action, and hashtags where readers look for them."""
    brief = assignment.brief
    label = brief.call_to_action
    button = Button(label=label, url=brief.link)
    tail: list[tuple[Block, tuple[Trace, ...]]] = [(button, (Trace(sentence=label, source="brief"),))]
    if rule.channel in _POSTS:
        names = [(brief.product, "brief"), (assignment.brand.name, "brand")]
        tags = {hashtag_of(name): source for name, source in names if hashtag_of(name)}
        picked = list(tags.items())[: min(2, rule.hashtags)]
        if picked:
            traces = tuple(Trace(sentence=tag, source=source) for tag, source in picked)
            tail.append((Text(text=" ".join(tag for tag, _ in picked)), traces))
    return tail


def _traces(found: Sequence[Unit]) -> tuple[Trace, ...]:
    return tuple(trace for unit in found for trace in unit.traces)
