"""UTM parameters of links: added at launch, so that the link table holds the address people really get to.

Nothing that stands in an address already is changed: parameters of the same name win, and order, spelling and fragment
stay as they are. Only links to the brand's own sites are marked; other people's addresses are left alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from urllib.parse import quote, unquote_plus, urlsplit

from tidings.domain.tracking import Utm

_NOT_A_WORD = re.compile(r"[^\w.]+")


def with_utm(url: str, parameters: Mapping[str, str]) -> str:
    """The address with the parameters it does not have yet; empty values and what is no web address add nothing."""
    if urlsplit(url).scheme.lower() not in {"http", "https"}:
        return url
    rest, hash_mark, fragment = url.partition("#")
    path, mark, query = rest.partition("?")
    there = {unquote_plus(part.partition("=")[0]).lower() for part in query.split("&")}
    more = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}"
        for name, value in parameters.items()
        if value and name.lower() not in there
    )
    if not more:
        return url
    between = "" if not query or query.endswith("&") else "&"
    if not mark and not urlsplit(path).path:
        path += "/"
    return f"{path}?{query}{between}{more}{hash_mark}{fragment}"


def utm_parameters(settings: Utm, places: Mapping[str, str]) -> dict[str, str]:
    """The parameters of one message; `places` are the names a template may hold. Empty where UTM is off."""
    if not settings.on:
        return {}
    made = {f"utm_{name}": _filled(getattr(settings, name), places) for name in _NAMES}
    return {name: value for name, value in made.items() if value}


_NAMES = ("source", "medium", "campaign", "content", "term")


def _filled(template: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        template = template.replace(f"{{{name}}}", slug(value))
    return template


def slug(text: str) -> str:
    """`Winter workshop 2026` → `winter-workshop-2026`: one spelling, so that reports do not fall apart."""
    return _NOT_A_WORD.sub("-", unicodedata.normalize("NFC", text).lower()).strip("-")


def is_own(url: str, hosts: Collection[str]) -> bool:
    """Whether the address leads to one of the hosts or a name under it."""
    try:
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    return any(host == own or host.endswith(f".{own}") for own in hosts if own)
