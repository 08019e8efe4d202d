"""Blocks for some readers: every reader still gets a whole mail. Their texts are checked like all others."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.content.composer.material import holds
from tidings.content.verifier.examined import Examined, error, warning
from tidings.domain.blocks import Button, Columns, Footer, Product, Quote, Text, texts_of
from tidings.domain.draft import Finding

_SAYS = (Text, Columns, Product, Quote)


def check(examined: Examined) -> Iterator[Finding]:
    """Errors where some readers would lack the button, the footer or every text; nothing where all is for everybody."""
    some = [(f"block {no}", block) for no, block in enumerate(examined.draft.blocks, 1) if block.only is not None]
    if not some:
        return
    if examined.draft.channel != "email":
        remedy = "Show it to everybody, or take it out."
        yield error("readers", some[0][0], "Only blocks of an e-mail can be for some readers.", remedy=remedy)
        return
    for place, block in some:
        if isinstance(block, Footer):
            yield error("readers", place, "The footer is for everybody.", remedy="Show it to everyone.")
    everybodys = [block for block in examined.draft.blocks if block.only is None]
    if any(isinstance(block, Button) for _, block in some) and not any(isinstance(each, Button) for each in everybodys):
        yield error(
            "readers", "body", "Some readers would get no button.", remedy="Keep one button that everyone gets."
        )
    if not any(isinstance(block, _SAYS) for block in everybodys):
        yield error("readers", "body", "Some readers would get an empty mail.", remedy="Keep a text for everyone.")
    yield from _said_to_some(examined, "\n".join(text for block in everybodys for text in texts_of(block)))


def _said_to_some(examined: Examined, said: str) -> Iterator[Finding]:
    """Words that must be said and stand only where some readers do not see them."""
    said = f"{examined.draft.subject}\n{examined.draft.preheader}\n{said}"
    for phrase in (*examined.brief.must_say, *examined.brand.required_words):
        if phrase.strip() and holds(examined.everything, (phrase,)) and not holds(said, (phrase,)):
            yield warning(
                "readers", "body", f"“{phrase}” must be said, and only some readers get it.", quote=phrase,
                remedy="Say it in a block that everyone gets.",
            )  # fmt: skip
