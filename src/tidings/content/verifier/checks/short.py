"""What a short channel takes: its length in its own way of counting, its hashtags, its picture."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.content.rendering.short import shown
from tidings.content.verifier.examined import Examined, error, info, warning
from tidings.domain.blocks import Image
from tidings.domain.channel import PERSONAL, Channel
from tidings.domain.draft import Finding
from tidings.domain.short import ShortRule, hashtags, is_gsm, rule_of, sms_segments

_TITLE = 120
_FEW_PARTS = 2


def check(examined: Examined) -> Iterator[Finding]:
    """Errors for what the channel would refuse, warnings for what reads badly there."""
    draft, rule = examined.draft, rule_of(examined.draft.channel)
    text = shown(draft)
    yield from _length(rule, text)
    if rule.titled and not draft.subject.strip():
        yield error("length", "subject", "The title is empty.", remedy="Write one.")
    if len(draft.subject) > _TITLE:
        yield error("length", "subject", f"The title has {len(draft.subject)} characters.", remedy="Keep it to 60.")
    if not any(place.text.strip() for place in examined.body):
        yield error("length", "body", "There is no text.", remedy="Write one.")
    tags = hashtags(text)
    if len(tags) > rule.hashtags:
        words = f"{len(tags)} hashtags; {rule.title} readers expect at most {rule.hashtags}."
        yield warning("hashtags", "body", words, quote=" ".join(tags), remedy="Keep the best.")
    if rule.needs_image and not any(isinstance(block, Image) for block in draft.blocks):
        remedy = "Add `picture`, a JPEG's https address, to the brief, or begin anew without this channel."
        yield error("picture", "body", f"{rule.title} needs a picture.", remedy=remedy)
    if Channel(draft.channel) not in PERSONAL:
        for place in examined.places:
            if "{{" in place.text:
                words = "A posting is for everybody: no merge field can stand here."
                yield error("merge_fields", place, words, quote=place.text, remedy="Take the field out.")


def _length(rule: ShortRule, text: str) -> Iterator[Finding]:
    length = rule.measure(text)
    if length > rule.most:
        words = f"This has {length:,} {rule.unit}; {rule.title} takes {rule.most:,}."
        yield error("length", "body", words, remedy="Shorten it.")
    if rule.channel is Channel.SMS:
        parts = sms_segments(text)
        kind = "plain" if is_gsm(text) else "a character beyond the basic alphabet makes each part shorter"
        words = f"The text message has {parts} part{'s' if parts > 1 else ''} ({kind})."
        yield (warning if parts > _FEW_PARTS else info)("length", "body", words)
    elif rule.hook and len(text.split("\n\n", maxsplit=1)[0]) > rule.hook:
        words = f"Readers see {rule.hook} characters before “more”; the first paragraph is longer."
        yield warning("length", "block 1", words, remedy="Let the first sentence say it.")
