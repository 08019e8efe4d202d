"""Renders a draft as a short text: a text message, a notification, a posting. The same blocks, in the channel's way."""

from __future__ import annotations

from collections.abc import Callable

from tidings.content.rendering.links import place
from tidings.content.rendering.texts import closed, safe
from tidings.domain.blocks import Button, Columns, Divider, Footer, Heading, Image, Product, Quote, Text
from tidings.domain.brand import Brand
from tidings.domain.channel import PERSONAL, Channel
from tidings.domain.draft import Draft
from tidings.domain.message import Link, ShortTemplate

# A single character beyond the basic alphabet halves what fits into a text message.
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "•": "-"}
)  # fmt: skip


def render_short(draft: Draft, brand: Brand) -> ShortTemplate:
    """The template of one draft. Its open places are `{{ links[N] }}`, and merge fields where it writes to a person."""
    links = tuple(
        Link(no=no, url=block.url, label=block.label if isinstance(block, Button) else block.name)
        for no, block in enumerate(_linking(draft))
    )
    image = next((block for block in draft.blocks if isinstance(block, Image)), None)
    words = safe if Channel(draft.channel) in PERSONAL else closed
    return ShortTemplate(
        variant=draft.variant, channel=draft.channel, text=_text(draft, words, place),
        title=words(" ".join(draft.subject.split())), language=draft.language or brand.locale, links=links,
        image_url=image.url if image else "", image_alt=image.alt if image else "",
    )  # fmt: skip


def shown(draft: Draft) -> str:
    """The text as a reader sees it, with the links as they stand in the draft: for previews and for counting."""
    urls = [block.url for block in _linking(draft)]
    return _text(draft, str, lambda no: urls[no])


def _linking(draft: Draft) -> list[Button | Product]:
    return [block for block in draft.blocks if isinstance(block, Button | Product)]


def _text(draft: Draft, words: Callable[[str], str], link: Callable[[int], str]) -> str:
    parts: list[str] = []
    number = 0
    for block in draft.blocks:
        match block:
            case Button() if draft.channel == Channel.PUSH.value:
                number += 1  # the notification itself is what is touched
            case Button():
                parts.append(f"{closed(block.label)}: {link(number)}")
                number += 1
            case Product():
                parts.append(f"{closed(block.name)}\n{words(block.text)}\n{link(number)}")
                number += 1
            case Heading() | Text() | Footer():
                parts.append(words(block.text))
            case Columns():
                parts += [words(text) for text in block.texts]
            case Quote():
                parts.append(f"“{words(block.text)}” – {words(block.source)}")
            case Image() | Divider():
                pass
    sms = draft.channel == Channel.SMS.value
    text = ("\n" if sms else "\n\n").join(part.strip() for part in parts if part.strip())
    return text.translate(_PLAIN) if sms else text
