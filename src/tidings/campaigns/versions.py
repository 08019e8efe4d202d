"""Versions of a brief: who gets which, and the drafts of each. The first version that fits a person is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row, select

from tidings.audience.segments import find_segment, matching
from tidings.campaigns.tools.plain import FEW_PEOPLE
from tidings.domain.brief import Brief
from tidings.domain.channel import PERSONAL
from tidings.domain.draft import Draft
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import Instant
from tidings.domain.version import Version, fits_language, version_of
from tidings.scheduling.planning import Division
from tidings.store.among import among, keys
from tidings.store.tables import contact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tidings.audience.selection import Person
    from tidings.content.agent import ContentAgent, DecisionFields
    from tidings.domain.revision import Revision


@dataclass(frozen=True, slots=True)
class Written:
    """The drafts of every version, the base first, with the decisions behind them."""

    drafts: tuple[Draft, ...]
    decisions: tuple[DecisionFields, ...]
    outage: tuple[str, ...] = ()
    """The writers that would have been asked and could not be reached."""


def check_segments(conn: Connection, brief: Brief) -> None:
    """Raises InvalidInputError that names the version whose segment does not exist, and the segments there are."""
    for version in brief.versions:
        _segment_of(conn, version)


def few_readers(conn: Connection, brief: Brief, now: Instant) -> frozenset[str]:
    """The versions whose segment has too few people to be described to a model: the composer writes them."""
    return frozenset(
        version.name for version in brief.versions if version.segment and len(_members(conn, version, now)) < FEW_PEOPLE
    )


def write(agent: ContentAgent, brief: Brief, *given: Any, few: frozenset[str] = frozenset(), **how: Any) -> Written:
    """Writes the base version and then each other; `given` and `how` are what `ContentAgent.draft` takes besides.

    Postings are the same for everybody, so only the base version has them.
    """
    results = [("", agent.draft(brief, *given, **how))]
    channels = tuple(channel for channel in brief.channels if channel in PERSONAL)
    for version in brief.versions if channels else ():
        own = brief.for_version(version.name).model_copy(update={"channels": channels})
        results.append((version.name, agent.draft(own, *given, **how, models=version.name not in few)))
    drafts = tuple(_named(draft, name) for name, result in results for draft in result.drafts)
    outage = tuple(dict.fromkeys(writer for _, result in results for writer in result.outage))
    decisions = tuple(_told(result.decision, name, few) for name, result in results)
    if outage:
        for each in decisions:  # the last of them is asked whether anything waits
            each.evidence["outage"] = list(outage)
    return Written(drafts, decisions, outage)


def _named(draft: Draft, version: str) -> Draft:
    return draft.model_copy(update={"variant": f"{version}-{draft.variant}"}) if version else draft


def _told(decision: DecisionFields, version: str, few: frozenset[str]) -> DecisionFields:
    if not version:
        return decision
    alone = f" Its segment has fewer than {FEW_PEOPLE} people, so no model was asked." if version in few else ""
    return replace(
        decision, summary=f"Version {version}: {decision.summary}", reason=f"{decision.reason}{alone}",
        inputs={**decision.inputs, "version": version},
    )  # fmt: skip


def assigned(conn: Connection, brief: Brief, people: Sequence[Person], now: Instant) -> npt.NDArray[np.int16]:
    """The number of each person's version, in the order of the people; 0 is the base version.

    Raises InvalidInputError for a segment that is gone.
    """
    found = np.zeros(len(people), dtype=np.int16)
    pks = np.fromiter((person.pk for person in people), dtype=np.int64, count=len(people))
    for number, version in reversed(list(enumerate(brief.versions, 1))):  # the first that fits is written last
        fits = np.ones(len(people), dtype=np.bool_)
        if version.language:
            fits &= _speaking(people, version.language)
        if version.segment:
            fits &= np.isin(pks, _members(conn, version, now))
        found[fits] = number
    return found


def fitting(conn: Connection, brief: Brief, contact_pks: Sequence[int], now: Instant) -> dict[int, str]:
    """The name of the version that each of these contacts gets now; who gets the base version is not in it.

    For a few people at a time. Raises InvalidInputError for a segment that is gone.
    """
    found: dict[int, str] = {}
    locales: dict[int, str] = {}
    if brief.versions:
        query = select(contact.c.pk, contact.c.locale).where(among(conn.dialect.name, contact.c.pk, "people"))
        locales = {row.pk: row.locale for row in conn.execute(query, {"people": keys(conn, contact_pks)})}
    for version in reversed(brief.versions):  # the first that fits is written last
        fits = [pk for pk, locale in locales.items() if not version.language or fits_language(locale, version.language)]
        segment_id = _segment_of(conn, version)
        if segment_id is not None:
            query = select(contact.c.pk).where(
                among(conn.dialect.name, contact.c.pk, "people"), matching(conn, segment_id, now)
            )
            fits = list(conn.execute(query, {"people": keys(conn, fits)}).scalars())
        found.update(dict.fromkeys(fits, version.name))
    return found


def divided(
    conn: Connection, brief: Brief, drafts: Iterable[Draft], people: Sequence[Person], now: Instant
) -> Division:
    """The people by version, with the variants each version has.

    Raises InvalidInputError for a version without a draft, or whose segment is gone.
    """
    variants = sorted({draft.variant for draft in drafts})
    names = ["", *(version.name for version in brief.versions)]
    rows = tuple(tuple(variant for variant in variants if version_of(variant) == name) for name in names)
    lacking = [name for name, row in zip(names, rows, strict=True) if not row]
    if lacking:
        raise InvalidInputError(
            f"There is no draft for version {lacking[0] or 'base'}.", remedy="Let the Content agent write again: retry."
        )
    return Division(assigned(conn, brief, people, now), rows)


def beside(revised: Revision, variant: str) -> list[str]:
    """The variants of a variant's version, itself among them; none where the brief has one version only."""
    if not variant or not revised.brief.versions:
        return []
    return [draft.variant for draft in revised.drafts if version_of(draft.variant) == version_of(variant)]


def variant_of(conn: Connection, revised: Revision, person: Row[Any] | None, planned: str | None, now: Instant) -> str:
    """The variant a contact gets by the plan; without a plan the first of the version they would get."""
    first, brief = revised.drafts[0].variant, revised.brief
    if planned is not None and any(draft.variant == planned for draft in revised.drafts):
        return planned
    if person is None or not brief.versions:
        return first
    name = fitting(conn, brief, [person.pk], now).get(person.pk, "")
    return next((draft.variant for draft in revised.drafts if version_of(draft.variant) == name), first)


def _speaking(people: Sequence[Person], language: str) -> npt.NDArray[np.bool_]:
    locales = {person.locale: fits_language(person.locale, language) for person in people}
    return np.fromiter((locales[person.locale] for person in people), dtype=np.bool_, count=len(people))


def _members(conn: Connection, version: Version, now: Instant) -> npt.NDArray[np.int64]:
    segment_id = _segment_of(conn, version)
    if segment_id is None:
        return np.fromiter(conn.execute(select(contact.c.pk)).scalars(), dtype=np.int64)
    query = select(contact.c.pk).where(matching(conn, segment_id, now))
    return np.fromiter(conn.execute(query).scalars(), dtype=np.int64)


def _segment_of(conn: Connection, version: Version) -> str | None:
    """The version's segment's id; None where it names none."""
    if not version.segment:
        return None
    try:
        return find_segment(conn, version.segment)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"Version {version.name}: {error.message}", remedy=error.remedy.replace("`everyone` or ", ""),
            field="versions",
        ) from None  # fmt: skip
