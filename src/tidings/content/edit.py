"""A person's edit of a draft."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tidings.content.sentences import folded, sentences
from tidings.domain.blocks import (
    Block,
    Button,
    Columns,
    Divider,
    Footer,
    Heading,
    Image,
    Product,
    Quote,
    Text,
    texts_of,
)
from tidings.domain.draft import Draft, Trace
from tidings.domain.errors import InvalidInputError


def apply_edit(
    draft: Draft, *, subject: str | None = None, preheader: str | None = None, texts: Mapping[int, str] | None = None
) -> Draft:
    """The draft with new texts, without findings: it must be verified again.

    `texts` are by the block's index, counted from 0: the text of a heading, paragraph, quote or footer, a button's
    label, an image's alternative text. New sentences get the source `person`; untouched ones keep theirs.
    Raises InvalidInputError for a block that is not there or has no text.
    """
    blocks = list(draft.blocks)
    for index, text in (texts or {}).items():
        if not 0 <= index < len(blocks):
            raise InvalidInputError(
                f"There is no block {index}.", remedy=f"Give 0 to {len(blocks) - 1}.", field="texts"
            )
        blocks[index] = _with_text(blocks[index], text.strip(), index)
    return rewritten(draft, subject=subject, preheader=preheader, blocks=blocks)


def rewritten(
    draft: Draft, *, subject: str | None = None, preheader: str | None = None, blocks: Sequence[Block] | None = None,
    known: Iterable[Trace] = (),
) -> Draft:  # fmt: skip
    """The draft with another subject, preheader or list of blocks, without findings: it must be verified again.

    Sentences that stood in it keep their source; `known` are traces of sentences that come from elsewhere, such as an
    accepted suggestion; all others get the source `person`.
    """
    new_blocks = list(draft.blocks if blocks is None else blocks)
    new_subject = draft.subject if subject is None else " ".join(subject.split())
    new_preheader = draft.preheader if preheader is None else " ".join(preheader.split())
    changed = [text for text, old in ((new_subject, draft.subject), (new_preheader, draft.preheader)) if text != old]
    changed += [text for block in new_blocks if block not in draft.blocks for text in texts_of(block)]
    before = draft.model_copy(update={"traces": (*draft.traces, *known)})
    added = _traces(before, changed)
    return draft.model_copy(
        update={
            "subject": new_subject,
            "preheader": new_preheader,
            "blocks": tuple(new_blocks),
            "traces": _kept(before, new_blocks, new_subject, new_preheader) + added,
            "findings": (),
            **({"angle": "", "ranked": ""} if new_subject != draft.subject else {}),
        }
    )


def _with_text(block: Block, text: str, index: int) -> Block:
    match block:
        case Heading() | Text() | Quote() | Footer() | Product():
            return block.model_copy(update={"text": text})
        case Button():
            return block.model_copy(update={"label": text})
        case Image():
            return block.model_copy(update={"alt": text})
        case Divider() | Columns():
            raise InvalidInputError(f"Block {index} ({block.kind}) has no text of its own.", field="texts")


def _traces(draft: Draft, changed: list[str]) -> tuple[Trace, ...]:
    """A trace for each sentence that no known trace covers."""
    known = {folded(trace.sentence) for trace in draft.traces}
    fresh = dict.fromkeys(sentence for text in changed for sentence in sentences(text) if folded(sentence) not in known)
    return tuple(Trace(sentence=sentence, source="person") for sentence in fresh)


def _kept(draft: Draft, blocks: list[Block], subject: str, preheader: str) -> tuple[Trace, ...]:
    """The traces whose sentences still stand somewhere; a quotation's trace stays while its halves do."""
    said = folded(
        " ".join([subject, preheader, *(text for block in blocks for text in texts_of(block))]).replace("• ", "")
    )
    quotes = [folded(block.text) for block in blocks if isinstance(block, Quote)]
    return tuple(
        trace
        for trace in draft.traces
        if folded(trace.sentence) in said or any(quote in folded(trace.sentence) for quote in quotes)
    )
