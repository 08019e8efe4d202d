"""A brief's versions as the campaign's page tells them: who gets each, and what it says of its own. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tidings.content.tongue import name_of
from tidings.domain.brief import Brief
from tidings.domain.version import Version
from tidings.web.formats import plural


class VersionWords(NamedTuple):
    """One version in words."""

    name: str
    readers: str
    says: str


def in_words(brief: Brief, segments: Mapping[str, str]) -> list[VersionWords]:
    """The versions in the order in which they are tried. `segments`: names by id, as far as the reader may see them."""
    return [VersionWords(each.name, _readers(each, segments), _says(each)) for each in brief.versions]


def language_name(tag: str) -> str:
    """`German` of `de`, `Portuguese (BR)` of `pt-BR`."""
    language, _, rest = tag.partition("-")
    return f"{name_of(language)} ({rest})" if rest else name_of(language)


def _readers(version: Version, segments: Mapping[str, str]) -> str:
    segment = f"the segment {segments.get(version.segment, version.segment)}" if version.segment else ""
    reads = f"who read {language_name(version.language)}" if version.language else ""
    return f"contacts {reads}" if not segment else f"{segment}, {reads}" if reads else segment


def _says(version: Version) -> str:
    if version.facts:
        return f"{plural(len(version.facts), 'fact')} of its own, instead of the brief’s"
    if version.more_facts:
        return f"{plural(len(version.more_facts), 'fact')} of its own, besides the brief’s"
    return "no facts of its own: the brief’s"
