"""A revision's drafts by where they go: e-mail, other channels that write to a person, and those that post once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tidings.content.rendering.email import render_email
from tidings.content.rendering.short import render_short
from tidings.domain.brand import Brand
from tidings.domain.channel import PERSONAL, POSTED, Channel
from tidings.domain.draft import Draft
from tidings.domain.errors import InvalidInputError
from tidings.domain.message import EmailTemplate, ShortTemplate


def mails(drafts: Iterable[Draft]) -> list[Draft]:
    """The variants of the e-mail."""
    return [draft for draft in drafts if draft.channel == Channel.EMAIL.value]


def personal(drafts: Iterable[Draft]) -> list[Draft]:
    """What is written to a person, by e-mail or otherwise."""
    return [draft for draft in drafts if Channel(draft.channel) in PERSONAL]


def posted(drafts: Iterable[Draft]) -> list[Draft]:
    """What is posted once for everybody."""
    return [draft for draft in drafts if Channel(draft.channel) in POSTED]


def variants(drafts: Iterable[Draft]) -> list[str]:
    """The letters people are divided among."""
    return sorted({draft.variant for draft in personal(drafts)})


def render(draft: Draft, brand: Brand) -> EmailTemplate | ShortTemplate:
    """The draft's template, as it leaves."""
    return render_email(draft, brand) if draft.channel == Channel.EMAIL.value else render_short(draft, brand)


def one(drafts: Sequence[Draft], variant: str, channel: str = "") -> Draft:
    """The draft of that letter and channel; without a channel, of the first that is there.

    Raises InvalidInputError that names those there are.
    """
    wanted = channel or (drafts[0].channel if drafts else "")
    for draft in drafts:
        if draft.variant == variant and draft.channel == wanted:
            return draft
    known = ", ".join(name_of(draft) for draft in drafts)
    said = variant if not channel or channel == Channel.EMAIL.value else f"{channel} {variant}"
    raise InvalidInputError(f"There is no variant {said!r}.", remedy=f"Variants: {known}.", field="variant")


def name_of(draft: Draft) -> str:
    """What people call a draft: its letter, before it the channel where that is not e-mail."""
    return draft.variant if draft.channel == Channel.EMAIL.value else f"{draft.channel} {draft.variant}"
