"""What a source is read into: runs of text with their places."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of text that belongs together, and where it stands: `line 12`, `page 3`, `under “Delivery”`."""

    text: str
    place: str
    hidden: bool = False
    """Not to be seen by a reader of the source: a way to smuggle words in."""
