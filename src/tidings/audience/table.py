"""Reads a CSV file as people's programs write it: any usual delimiter, with or without a byte order mark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from tidings.audience.incoming import COLUMNS, column_name
from tidings.domain.errors import InvalidInputError

_DELIMITERS = (",", ";", "\t", "|")
_EXAMPLE = "email,first_name,country,time_zone,consent,consent_source"


def read_text(source: Path | str | bytes) -> str:
    """The text of a file, of bytes, or the text itself. Raises InvalidInputError when it is not Unicode text."""
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        content = source.read_bytes() if isinstance(source, Path) else source
    except OSError as error:
        raise InvalidInputError(
            f"{source} cannot be read: {error.strerror or error}.", remedy="Give the path of a CSV file.", field="file"
        ) from error
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            "The file is not UTF-8 text.",
            remedy="Save it again as `CSV UTF-8`; guessing another encoding would spoil names.",
            field="file",
        ) from error


def read_table(source: Path | str | bytes) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Rows by our column names, each with its number as a spreadsheet shows it (the header is row 1).

    None stands for a row with more cells than the header. Empty rows are skipped. Raises InvalidInputError for a
    file without a column of addresses, or one that is not CSV at all.
    """
    text = read_text(source)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    number = 0
    names: list[str] = []
    try:
        for number, cells in enumerate(reader, 1):
            if number == 1:
                names = _names(cells)
            elif any(cell.strip() for cell in cells):
                yield number, _row(names, cells)
    except csv.Error as error:
        raise InvalidInputError(
            f"Row {number + 1} cannot be read: {error}.", remedy="Save the file again as CSV UTF-8.", field="file"
        ) from error
    if not names:
        raise InvalidInputError("The file is empty.", remedy=f"Its first row must name the columns: {_EXAMPLE}")


def _row(names: list[str], cells: list[str]) -> dict[str, str] | None:
    if any(cell.strip() for cell in cells[len(names) :]):
        return None
    return dict(zip(names, cells, strict=False))


def _names(header: list[str]) -> list[str]:
    names = [column_name(cell) for cell in header]
    if "email" not in names:
        shown = ", ".join(repr(cell[:40]) for cell in header[:8]) or "nothing"
        raise InvalidInputError(
            f"No column holds e-mail addresses; the first row names {shown}.",
            remedy=f"The first row must name the columns, for example: {_EXAMPLE}",
            field="file",
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InvalidInputError(
            f"Two columns mean the same: {', '.join(twice)}.", remedy="Rename or remove one of them.", field="file"
        )
    return names


def _delimiter(text: str) -> str:
    """The delimiter under which the first row names most columns we know; then the one that makes most columns."""
    empty: list[str] = []

    def score(delimiter: str) -> tuple[int, int]:
        try:
            rows = csv.reader(io.StringIO(text[:65_536], newline=""), delimiter=delimiter)
            header = next(iter(rows), empty)
        except csv.Error:
            return 0, 0
        return sum(column_name(cell) in COLUMNS for cell in header), len(header)

    return max(_DELIMITERS, key=score)
