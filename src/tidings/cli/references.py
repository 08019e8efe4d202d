"""Lets people say a name, the beginning of an id, or `latest` where an id is needed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from tidings.cli.failures import NOT_FOUND, USAGE, CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tidings_client import Tidings

ID_LENGTH = 30
_LOOKED_AT = 1_000


def campaign_id(tidings: Tidings, reference: str) -> str:
    """The id of the campaign that is meant. Raises CommandError when it is none, or more than one."""
    if reference.startswith("cmp_") and len(reference) == ID_LENGTH:
        return reference
    rows = islice(tidings.campaigns.all(), 1 if reference == "latest" else _LOOKED_AT)
    named = [(row.id, row.name) for row in rows]
    if reference == "latest" and named:
        return named[0][0]
    return choose("campaign", reference, named, listing="tidings campaign list")


def brand_id(tidings: Tidings, reference: str) -> str:
    """The id of the brand that is meant. Raises CommandError when it is none, or more than one."""
    named = [(brand.id, brand.name) for brand in tidings.brands.list().items]
    return choose("brand", reference, named, listing="tidings status")


def contact_id(tidings: Tidings, reference: str) -> str:
    """The id of the contact with that id, address or telephone number. Raises CommandError when it is nobody's."""
    if reference.startswith("con_"):
        return reference
    found = list(islice(tidings.contacts.all(query=reference), _LOOKED_AT))
    wanted = reference.casefold()
    exact = [each for each in found if wanted in {each.email.casefold(), each.phone.casefold()}]
    named = [(each.id, f"{each.first_name} {each.last_name} {each.email}".strip()) for each in exact or found]
    if len(named) == 1:
        return named[0][0]
    return choose("contact", reference, named, listing="tidings audience list")


def choose(noun: str, reference: str, named: Iterable[tuple[str, str]], *, listing: str) -> str:
    """The one of (id, name) that the reference means: a whole id or name first, then the beginning of either."""
    known = list(named)
    wanted = reference.casefold()
    for matches in (
        [pair for pair in known if wanted in (pair[0], pair[1].casefold())],
        [pair for pair in known if pair[0].startswith(wanted) or pair[1].casefold().startswith(wanted)],
        [pair for pair in known if wanted in pair[1].casefold()],
    ):
        if len(matches) == 1:
            return matches[0][0]
        if matches:
            listed = "\n".join(f"  {pair[0]}  {pair[1]}" for pair in matches[:10])
            raise CommandError(f"{reference!r} could be {len(matches)} {noun}s:", f"{listed}\nGive the id.", USAGE)
    raise CommandError(f"There is no {noun} {reference!r}.", f"See {listing}.", NOT_FOUND)
