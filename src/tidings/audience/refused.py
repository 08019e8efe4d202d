"""Takes in a list of addresses that another system does not write to any more, with its reasons."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, select

from tidings.audience.intake import Refusal
from tidings.audience.repository import EVERY_CHANNEL
from tidings.audience.suppression import suppress_hashes
from tidings.audience.table import read_text
from tidings.domain.consent import SuppressionReason
from tidings.domain.contact import normalise_address
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import Instant
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.tables import suppression

_R = SuppressionReason
_ADDRESS = frozenset({"email", "e-mail", "address", "email address", "emailaddress", "recipient", "email_address"})
_REASON = ("reason", "type", "suppressionreason", "suppression reason", "status", "error", "list")
# What other systems' exports say, and what it means; the first that fits.
_MEANS: tuple[tuple[SuppressionReason, tuple[str, ...]], ...] = (
    (_R.COMPLAINED, ("complain", "spam", "abuse", "fbl")),
    (_R.UNSUBSCRIBED, ("unsub", "opt", "abmeld", "manualsuppression", "desinscr", "désinscr")),
    (_R.BOUNCED, ("bounce", "invalid", "unknown", "5.1.", "does not exist", "clean", "undeliverable")),
)
_CODE = re.compile(r"(?:smtp;? ?)?[45](?:\d\d\b|\.\d)")
_AT_ONCE = 500


@dataclass(slots=True)
class RefusedResult:
    """What became of the rows: `known` stood on the list before and keep their first reason."""

    added: int = 0
    known: int = 0
    refused: list[Refusal] = field(default_factory=list[Refusal])


def meaning(text: str, otherwise: SuppressionReason) -> SuppressionReason:
    """The reason another system's word stands for."""
    told = text.strip().lower()
    if _CODE.match(told):  # what a server said, and be it about spam, is no word of the person
        return _R.BOUNCED
    return next((reason for reason, words in _MEANS if any(word in told for word in words)), otherwise)


def read_refused(
    source: Path | str | bytes, otherwise: SuppressionReason
) -> Iterator[tuple[int, str | None, SuppressionReason, str]]:
    """Number, address (None: it is none), reason and the other system's words of each row.

    A table whose first row names a column of addresses, or one address a line. Raises InvalidInputError.
    """
    text = read_text(source)
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t|", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names: list[str] | None = None
    try:
        for number, cells in enumerate(rows, 1):
            if names is None and number == 1:
                names = [cell.strip().lower() for cell in cells]
                if _ADDRESS & set(names):
                    continue
                if not any(normalise_address(cell.strip()) for cell in cells):
                    raise _no_addresses()
                names = ["email"]
            if any(cell.strip() for cell in cells):
                yield (number, *_row(dict(zip(names or [], cells, strict=False)), otherwise))
    except csv.Error as error:
        raise InvalidInputError(
            f"The list cannot be read: {error}.", remedy="Save the file again as CSV UTF-8.", field="file"
        ) from error
    if names is None:
        raise _no_addresses()


def _row(cells: dict[str, str], otherwise: SuppressionReason) -> tuple[str | None, SuppressionReason, str]:
    address = next((cells[name].strip() for name in cells if name in _ADDRESS), "")
    words = next((cells[name].strip() for name in _REASON if cells.get(name, "").strip()), "")
    return normalise_address(address), meaning(words, otherwise), words


def _no_addresses() -> InvalidInputError:
    return InvalidInputError(
        "The list holds no addresses.", remedy="Give a CSV file with a column `email`, or one address a line.",
        field="file",
    )  # fmt: skip


def take_refused(
    conn: Connection, secrets: Secrets, rows: Iterator[tuple[int, str | None, SuppressionReason, str]], told: str,
    at: Instant, result: RefusedResult,
) -> None:  # fmt: skip
    """Puts the rows on the list, for e-mail. `told` says where the list comes from. Repeating it changes nothing."""
    batch: dict[str, tuple[SuppressionReason, str]] = {}
    for number, address, reason, words in rows:
        if address is None:
            result.refused.append(
                Refusal(number, "there is no e-mail address", "Correct the address, or drop the row.")
            )
            continue
        digest = address_hash(secrets, address)
        if digest in batch:
            result.known += 1
            continue
        batch[digest] = (reason, f"{told}: {words}"[:200] if words else told)
        if len(batch) >= _AT_ONCE:
            _write(conn, batch, at, result)
            batch = {}
    _write(conn, batch, at, result)


def _write(
    conn: Connection, batch: dict[str, tuple[SuppressionReason, str]], at: Instant, result: RefusedResult
) -> None:
    if not batch:
        return
    listed = select(suppression.c.address_hash).where(
        suppression.c.address_hash.in_(list(batch)), suppression.c.channel.in_(("email", EVERY_CHANNEL))
    )
    known = set(conn.execute(listed).scalars())
    for digest, (reason, source) in batch.items():
        if digest not in known:
            suppress_hashes(conn, [digest], reason=reason, source=source, at=at, channel="email")
    result.known += len(known)
    result.added += len(batch) - len(known)
