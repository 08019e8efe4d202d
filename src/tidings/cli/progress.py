"""Watching something until it is over: redrawn on a terminal, one line per change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
EVERY_S = 0.5


def watch(
    fetch: Callable[[], T],
    draw: Callable[[T], str],
    *,
    over: Callable[[T], bool],
    on_stdout: bool = True,
    seconds: float | None = None,
) -> T:
    """Fetches and draws until it is over or the time is up, and returns the last that was fetched.

    Ctrl-C ends the watching, not what is watched.
    """
    stream = sys.stdout if on_stdout else sys.stderr
    until = time.monotonic() + seconds if seconds is not None else None
    shown = _Redrawn(stream) if stream.isatty() else _Lines(stream)
    value = fetch()
    try:
        with shown:
            shown.update(draw(value))
            while not over(value) and (until is None or time.monotonic() < until):
                time.sleep(EVERY_S)
                value = fetch()
                shown.update(draw(value))
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped watching; it goes on.\n")
    return value


@contextmanager
def counted() -> Generator[Callable[[str, int, int], None]]:
    """What is called with the name of what is in hand, how much is done and how much there is, while it goes on."""
    shown = _Redrawn(sys.stderr) if sys.stderr.isatty() else _Lines(sys.stderr)
    told = [""]

    def update(name: str, part: int, whole: int) -> None:
        if sys.stderr.isatty() or name != told[0]:
            told[0] = name
            shown.update(f"{bar(part, whole)}  {part:,} of {whole:,}  {name}")

    with shown:
        yield update


class _Lines:
    """Each change as new lines."""

    def __init__(self, stream: object) -> None:
        self.stream = stream
        self.last = ""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, text: str) -> None:
        """Writes the lines that changed."""
        before = set(self.last.splitlines())
        for line in text.splitlines():
            if line not in before:
                print(line, file=self.stream, flush=True)  # type: ignore[arg-type]
        self.last = text


class _Redrawn:
    """The present state in place of the one before."""

    def __init__(self, stream: object) -> None:
        from rich.console import Console
        from rich.live import Live

        self.live = Live(console=Console(file=stream, highlight=False), refresh_per_second=8)  # type: ignore[arg-type]

    def __enter__(self) -> None:
        self.live.__enter__()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.live.__exit__(kind, error, trace)  # type: ignore[arg-type]

    def update(self, text: str) -> None:
        """Draws it."""
        from rich.text import Text

        self.live.update(Text(text))


def bar(part: int, whole: int, width: int = 30) -> str:
    """`██████░░░░ 60 %`."""
    share = part / whole if whole else 0.0
    full = round(share * width)
    return f"{'█' * full}{'░' * (width - full)} {share:4.0%}"
