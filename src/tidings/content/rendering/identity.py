"""Who sends and where they are, as it stands at the end of every mail."""

from __future__ import annotations

from tidings.domain.brand import Brand


def postal_line(brand: Brand) -> str:
    """The postal address in one line, without the brand's name: that stands before it already."""
    lines = [part for line in brand.postal_address.splitlines() if (part := line.strip(" ,"))]
    joined = ", ".join(lines)
    rest = joined[len(brand.name) :].lstrip(" ,") if joined.casefold().startswith(brand.name.casefold()) else joined
    return rest or joined
