"""The plain text of a mail, from the blocks and not from the HTML."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from tidings.content.rendering.identity import postal_line
from tidings.content.rendering.links import place
from tidings.content.rendering.texts import FIELD, closed, default_of, safe
from tidings.content.rendering.words import unsubscribe_words
from tidings.domain.blocks import Block, Button, Columns, Divider, Footer, Heading, Image, Product, Quote, Text
from tidings.domain.brand import Brand
from tidings.domain.draft import Draft
from tidings.domain.message import Link

WIDTH = 72


def text_of(draft: Draft, brand: Brand, links: Sequence[Link], language: str = "en") -> str:
    """The text with open places for fields, links and the way out; lines of prose are at most 72 characters."""
    parts = "".join(_for_some(block, part) for block, part in zip(draft.blocks, _parts(draft), strict=True) if part)
    tail = [_wrapped(safe(block.text)) for block in draft.blocks if isinstance(block, Footer)]
    if disclaimer := brand.disclaimer("email"):
        tail.append(_wrapped(closed(disclaimer)))
    identity = f"{_wrapped(closed(f'{brand.name}, {postal_line(brand)}'))}\n{place(len(links) - 1)}"
    end = "\n\n".join(["-- ", *tail, identity, f"{unsubscribe_words(language)}: {{{{ unsubscribe_url }}}}"]).replace(
        "-- \n\n", "-- \n", 1
    )
    return f"{parts}{end}\n"


def _for_some(block: Block, part: str) -> str:
    """The part with the blank line after it, inside the condition where the block has one."""
    if block.only is None:
        return f"{part}\n\n"
    return f"{{% if {block.only.liquid} %}}{part}\n\n{{% endif %}}"


def _parts(draft: Draft) -> Iterator[str]:
    number = 0
    for block in draft.blocks:
        match block:
            case Button():
                yield f"{closed(block.label)}:\n{place(number)}"
                number += 1
            case Product():
                yield f"{_wrapped(closed(block.name))}\n{_wrapped(safe(block.text))}\n{place(number)}"
                number += 1
            case Heading():
                yield _underlined(_wrapped(safe(block.text)))
            case Text():
                yield _wrapped(safe(block.text))
            case Columns():
                yield "\n\n".join(_wrapped(safe(text)) for text in block.texts)
            case Quote():
                yield f"{_wrapped(f'“{safe(block.text)}”', '  ')}\n{_wrapped(f'– {safe(block.source)}', '  ')}"
            case Image():
                yield _wrapped(f"[{closed(block.alt)}]")
            case Divider() | Footer():
                yield ""


def _underlined(heading: str) -> str:
    longest = max((len(FIELD.sub(default_of, line)) for line in heading.splitlines()), default=0)
    return f"{heading}\n{'=' * min(WIDTH, longest)}"


def _wrapped(text: str, indent: str = "") -> str:
    """Each line wrapped on its own, as long as it is with the defaults of its fields."""
    return "\n".join(_line(line, indent) for line in text.splitlines())


def _line(line: str, indent: str) -> str:
    """Open places are never broken, though they hold blanks: letters that no text holds stand for them meanwhile."""
    fields = FIELD.findall(line)
    marks = iter("\0\1" * len(fields))
    standing = FIELD.sub(lambda field: next(marks) * max(1, len(default_of(field))), line)
    prefix = "  " if line.startswith("• ") else ""
    filled = textwrap.fill(
        standing,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + prefix,
        break_long_words=False,
        break_on_hyphens=False,
    )
    back = iter(fields)
    return re.sub("\0+|\1+", lambda _: next(back), filled)
