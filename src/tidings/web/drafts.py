"""How a draft of any channel is called and shown on the pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tidings.campaigns.records import Provenance
from tidings.content.diff import DraftDiff
from tidings.content.rendering.short import shown
from tidings.domain.blocks import Image
from tidings.domain.channel import Channel
from tidings.domain.draft import Draft, Finding
from tidings.domain.short import RULES, rule_of
from tidings.domain.version import in_words


@dataclass(frozen=True, slots=True)
class ShortView:
    """A short draft as its network would show it, and how much of the room it takes."""

    channel_title: str
    title: str
    text: str
    image_alt: str
    length: int
    most: int
    unit: str


def channel_title(channel: str) -> str:
    """The channel as people call it."""
    return "E-mail" if channel == Channel.EMAIL.value else rule_of(channel).title


def draft_key(draft: Draft | DraftDiff) -> str:
    """What names a draft within a page."""
    return draft.variant if draft.channel == Channel.EMAIL.value else f"{draft.channel}-{draft.variant}"


def draft_name(draft: Draft | DraftDiff | Provenance) -> str:
    """The heading of a draft: its letter, or its channel; both where a channel has several."""
    if draft.channel == Channel.EMAIL.value:
        return variant_name(draft.variant)
    title = channel_title(draft.channel)
    return title if draft.variant == "A" else f"{title} {draft.variant}"


def variant_name(variant: str) -> str:
    """A variant as a heading has it: `Variant A`, and with its version or step `german · variant A`."""
    version, _, letter = variant.rpartition("-")
    return f"{in_words(version)} · variant {letter}" if version else f"Variant {letter}"


def variant_letter(variant: str) -> str:
    """A variant under a heading that says so: `A`, and with its version or step `german · A`."""
    version, _, letter = variant.rpartition("-")
    return f"{in_words(version)} · {letter}" if version else letter


def version_name(version: str) -> str:
    """A version as a heading has it."""
    return f"Version {version}" if version else "Base version"


def as_short(draft: Draft) -> ShortView:
    """The draft for its preview."""
    rule, text = RULES[Channel(draft.channel)], shown(draft)
    image = next((block.alt for block in draft.blocks if isinstance(block, Image)), "")
    return ShortView(rule.title, draft.subject, text, image, rule.measure(text), rule.most, rule.unit)


def of_brief(drafts: Iterable[Draft]) -> list[Finding]:
    """What was found in the brief itself, each once, however many drafts rest on it."""
    found = {each.message: each for draft in drafts for each in draft.findings if each.place == "brief"}
    return list(found.values())


def lower_first(text: str) -> str:
    """The text as it stands within a sentence; names keep their capital."""
    return text[0].lower() + text[1:] if text.startswith("Variant ") else text
