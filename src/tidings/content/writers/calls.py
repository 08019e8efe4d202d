"""Variants whose button says something else: only wordings the brief gives, whoever wrote the rest."""

from __future__ import annotations

from collections.abc import Sequence

from tidings.content.writers.base import variant_letter
from tidings.domain.blocks import Block, Button
from tidings.domain.brief import Brief
from tidings.domain.draft import Draft, Trace


def with_other_calls(drafts: Sequence[Draft], brief: Brief) -> tuple[Draft, ...]:
    """The drafts, and after them A once more with each other wording of the call to action."""
    if not drafts:
        return ()
    first, others = drafts[0], brief.calls[1:]
    more = [_with_call(first, brief, call, variant_letter(len(drafts) + no)) for no, call in enumerate(others)]
    return (*drafts, *more)


def calls_tested(drafts: Sequence[Draft]) -> str:
    """What is said of them in the reason."""
    told = [f"{draft.variant} “{draft.differs.partition('“')[2]}" for draft in drafts if draft.differs[:6] == "button"]
    return f" The button, under A's subject and body: {'; '.join(told)}." if told else ""


def _with_call(draft: Draft, brief: Brief, call: str, variant: str) -> Draft:
    blocks = tuple(_relabelled(block, call) for block in draft.blocks)
    own = Trace(sentence=brief.call_to_action, source="brief")
    traces = tuple(Trace(sentence=call, source="brief") if each == own else each for each in draft.traces)
    differs = f"button: “{call}” instead of “{brief.call_to_action}”"
    return draft.model_copy(
        update={"variant": variant, "blocks": blocks, "traces": traces, "differs": differs, "ranked": ""}
    )


def _relabelled(block: Block, call: str) -> Block:
    return block.model_copy(update={"label": call}) if isinstance(block, Button) else block
