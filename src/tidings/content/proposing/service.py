"""Use cases of proposing claims: a source becomes suggestions, and a person makes claims of those they confirm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tidings.access.permissions import Permission, require
from tidings.content.proposing.passage import Passage
from tidings.content.proposing.sentences import Suggestion, pick
from tidings.content.proposing.source import passages_of_file, passages_of_text, shortened
from tidings.domain.claim import Claim, ClaimKind
from tidings.domain.errors import ConflictError, InvalidInputError, TidingsError

if TYPE_CHECKING:
    from tidings.content.service import BrandService
    from tidings.domain.actor import Actor
    from tidings.domain.instant import Instant
    from tidings.net.client import Guard

MOST_TEXT = 400_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a source offers. Nothing of it is kept until a person confirms a sentence."""

    source: str
    url: str
    suggestions: tuple[Suggestion, ...]
    left_out: dict[str, int] = field(default_factory=dict[str, int])
    cut: bool = False
    """Whether the source was longer than is read."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """One sentence a person says yes to, as they want it said."""

    sentence: str
    evidence: str = ""
    evidence_url: str = ""
    kind: ClaimKind | None = None
    valid_until: Instant | None = None
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became claims, and what did not with the reason."""

    claims: tuple[Claim, ...]
    refused: tuple[tuple[str, str], ...]


class ProposalService:
    """Suggestions of claims from texts, files and web pages."""

    def __init__(self, brands: BrandService, guard: Callable[[], Guard]) -> None:
        """`guard` makes what a fetch of a page passes; called when the first is fetched."""
        self._brands, self._guard = brands, guard

    def from_text(self, actor: Actor, brand_id: str, text: str) -> Proposal:
        """Of a pasted text or Markdown. Raises InvalidInputError for an empty or far too long one."""
        if not text.strip():
            raise InvalidInputError("There is no text.", remedy="Paste the product sheet's text.", field="text")
        if len(text) > MOST_TEXT:
            raise InvalidInputError(
                f"The text is longer than {MOST_TEXT:,} characters.",
                remedy="Paste the parts that matter.",
                field="text",
            )
        return self._proposed(actor, brand_id, lambda: passages_of_text(text), "pasted text")

    def from_file(self, actor: Actor, brand_id: str, name: str, content: bytes) -> Proposal:
        """Of a text, Markdown, HTML or PDF file. Raises InvalidInputError for others."""
        label = " ".join(name.split())[:120] or "file"
        return self._proposed(actor, brand_id, lambda: passages_of_file(name, content), label)

    def from_page(self, actor: Actor, brand_id: str, url: str) -> Proposal:
        """Of a public web page; what it says is read, nothing on it is run. Raises what `net.page.read_page` does."""
        from tidings.net.page import read_page

        def read() -> list[Passage]:
            page = read_page(self._guard(), url.strip())
            name = "page.html" if "html" in page.media_type else "page"
            return passages_of_file(name, page.body)

        return self._proposed(actor, brand_id, read, url.strip(), url.strip())

    def _proposed(
        self, actor: Actor, brand_id: str, read: Callable[[], list[Passage]], source: str, url: str = ""
    ) -> Proposal:
        brand = self._brands.brand(actor, brand_id)
        require(actor, Permission.BRANDS_WRITE, brand.id)
        passages, cut = shortened(read())
        known = [claim.sentence for claim in self._brands.claims(actor, brand.id)]
        picked = pick(passages, known=known, language=brand.locale)
        return Proposal(source, url, picked.suggestions, picked.left_out, cut)

    def confirm(self, actor: Actor, brand_id: str, chosen: Sequence[Confirmed]) -> Taken:
        """Makes claims of the chosen sentences in the person's name; one that cannot be used hinders no other.

        Raises ConflictError for agents: what a source says becomes a claim by a person's word alone.
        """
        brand = self._brands.brand(actor, brand_id)
        require(actor, Permission.BRANDS_WRITE, brand.id)
        if not actor.is_person:
            raise ConflictError("An agent cannot confirm a claim.", remedy="Have a person confirm it.")
        claims: list[Claim] = []
        refused: list[tuple[str, str]] = []
        for each in chosen:
            try:
                claims.append(
                    self._brands.add_claim(
                        actor, brand.id, each.sentence, each.kind, each.evidence, evidence_url=each.evidence_url,
                        valid_until=each.valid_until, locale=brand.locale, channels=each.channels,
                    )
                )  # fmt: skip
            except TidingsError as error:
                refused.append((each.sentence, f"{error.message} {error.remedy}".strip()))
        return Taken(tuple(claims), tuple(refused))
