"""What a request may carry: never the address of somebody we know. The last check, should every other have failed."""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Callable, Collection
from urllib.parse import unquote

from tidings.domain.contact import suppression_form
from tidings.domain.errors import ForbiddenError

Known = Callable[[Collection[str]], bool]
"""Says whether any of these addresses (in the form suppression compares) belongs to a contact; asks by keyed hash."""

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\uffff-]{1,64}@[A-Za-z0-9.\u0080-\uffff-]{3,253}")
_SIGNS = frozenset("!#$%&'*+/=?^_`{|}~")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


class EgressScan:
    """Looks into outgoing bodies. `canaries` are texts planted among private data that must never be seen outside."""

    def __init__(self, known: Known, canaries: Collection[str] = ()) -> None:
        self._known = known
        self._canaries = tuple(canary.casefold() for canary in canaries)

    def check(self, body: bytes) -> None:
        """Raises ForbiddenError when the body holds a contact's address or a canary. Says that, not which."""
        if not body:
            return
        found: set[str] = set()
        for text in _readings(body.decode("utf-8", errors="replace")):
            folded = text.casefold()
            if any(canary in folded for canary in self._canaries):
                raise _refusal()
            found.update(candidate for match in _ADDRESS.findall(text) for candidate in _candidates(match))
        if found and self._known(found):
            raise _refusal()


def hashes_known(hash_of: Callable[[str], str], any_of: Callable[[Collection[str]], bool]) -> Known:
    """The check by keyed hash: what is asked of the store are hashes, never addresses."""
    return lambda addresses: any_of([hash_of(address) for address in addresses])


def _readings(text: str) -> set[str]:
    """The text as it stands and as a receiver could unfold it: JSON and percent escapes, HTML entities."""
    unescaped = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    readings = {text, unescaped, unquote(unescaped), html.unescape(unescaped)}
    with contextlib.suppress(ValueError):  # not JSON: the readings above stand
        readings.add(json.dumps(json.loads(text), ensure_ascii=False))
    return readings


def _candidates(found: str) -> set[str]:
    """The address, and what it is when the text before it ended in a sign that an address could hold (`to=ada@…`)."""
    local, _, domain = found.rpartition("@")
    domain = domain.strip(".-")
    starts = [0, *(place + 1 for place, letter in enumerate(local) if letter in _SIGNS)]
    return {suppression_form(f"{local[start:].strip('.')}@{domain}") for start in starts}


def _refusal() -> ForbiddenError:
    return ForbiddenError(
        "A request was stopped because it carried contact data.", remedy="Report this: it must not happen."
    )
