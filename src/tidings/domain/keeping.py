"""How long what was told in detail is kept: the facts stay, their wording and their traces go."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tidings.domain.errors import InvalidInputError

EXAMPLE = "reports=180 words=365 hits=365 prompts=365"
_TITLES = {
    "reports": "providers' reports", "words": "servers' words", "hits": "traces of opens and clicks",
    "prompts": "what models were asked",
}  # fmt: skip
MOST = 3650


@dataclass(frozen=True, slots=True)
class Keep:
    """Days; 0: for ever."""

    reports: int = 180
    """What providers reported, word for word. That something happened, when and to whom, stays."""
    words: int = 365
    """What servers answered to each attempt; outcome and reply code stay."""
    hits: int = 365
    """Program and network of each open and click; that there was one, when and on which link stays."""
    prompts: int = 365
    """What language models were asked; that they were, and at what cost, stays."""

    def in_words(self) -> str:
        """`providers' reports 180 days, …`."""
        days = {
            name: f"{number} day{'s' * (number != 1)}" if number else "for ever"
            for name, number in asdict(self).items()
        }
        return ", ".join(f"{_TITLES[name]} {text}" for name, text in days.items())


def parse_keep(text: str) -> Keep:
    """`reports=90 hits=0`; what is not named stays at its default. Raises InvalidInputError."""
    given: dict[str, int] = {}
    for word in text.replace(",", " ").split():
        name, _, days = word.partition("=")
        if name not in _TITLES:
            known = ", ".join(_TITLES)
            raise InvalidInputError(
                f"TIDINGS_KEEP: nothing that is kept is called {name[:40]!r}.",
                remedy=f"Known are {known}: {EXAMPLE}", field="TIDINGS_KEEP",
            )  # fmt: skip
        if not days.isdigit() or int(days) > MOST:
            raise InvalidInputError(
                f"TIDINGS_KEEP: {word[:40]!r} names no number of days.",
                remedy=f"Write days from 1 to {MOST}, or 0 for ever: {EXAMPLE}", field="TIDINGS_KEEP",
            )  # fmt: skip
        given[name] = int(days)
    return Keep(**given)
