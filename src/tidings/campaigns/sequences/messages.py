"""The messages of a sequence in the ledger: fixed when approved, one number for each step and round of a person."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.campaigns.messages import messages
from tidings.campaigns.sequences import repository
from tidings.content.service import load_brand
from tidings.distribution.steps import check_step, copy_messages, messages_of
from tidings.domain.channel import Channel
from tidings.domain.message import EmailTemplate
from tidings.domain.version import step_and_version, version_of

if TYPE_CHECKING:
    from tidings.distribution.service import DistributionService
    from tidings.domain.revision import Revision

CHANNEL = Channel.EMAIL
Variants = dict[str, list[str]]
"""The ledger's variants of each send step."""


def fix_messages(conn: Connection, distribution: DistributionService, row: Row[Any], revised: Revision) -> Variants:
    """Writes what the approved revision sends, and says which variants are in force.

    What was written before is immutable: a changed message becomes a variant of its own, for those to come.
    """
    brand, _ = load_brand(conn, row.brand_id)
    definition = revised.sequence
    found: Variants = {}
    for step in definition.sends if definition is not None else ():
        of_step = revised.model_copy(update={"drafts": revised.drafts_of(step.id)})
        templates = messages(of_step, brand, row.id)
        found[step.id] = _fix_step(conn, distribution, row.pk, step.id, templates, revised.number)
    return found


def _fix_step(
    conn: Connection, distribution: DistributionService, campaign_pk: int, name: str,
    templates: Sequence[EmailTemplate], number: int,
) -> list[str]:  # fmt: skip
    step = number_for(conn, campaign_pk, name, 0)
    before = messages_of(conn, campaign_pk, step, CHANNEL)
    variants: list[str] = []
    new: list[EmailTemplate] = []
    for template in templates:
        variant = _same(before, template) or (
            template.variant if template.variant not in before else f"{template.variant}.{number}"
        )
        variants.append(variant)
        if variant not in before:
            new.append(template.model_copy(update={"variant": variant}))
    if new:
        distribution.add_messages(conn, campaign_pk, step, new)
        for (other, round_no), to in repository.ledger_steps(conn, campaign_pk).items():
            if other == name and round_no:
                copy_messages(conn, campaign_pk, step, to)
    return variants


def _same(before: Mapping[str, Any], template: EmailTemplate) -> str | None:
    """The variant of the same version that says exactly this already."""
    body = template.model_dump(mode="json", exclude={"variant"})
    for variant, known in before.items():
        same_version = version_of(variant) == version_of(template.variant)
        if same_version and {key: value for key, value in known.items() if key != "variant"} == body:
            return variant
    return None


def number_for(conn: Connection, campaign_pk: int, name: str, round_no: int) -> int:
    """The ledger's number of a send step in a round, given when it is first asked for.

    Raises ConflictError when there are no more numbers.
    """
    known = repository.ledger_steps(conn, campaign_pk)
    step = known.get((name, round_no))
    if step is None:
        step = max(known.values(), default=-1) + 1
        check_step(step)
        repository.add_ledger_step(conn, campaign_pk, name, round_no, step)
        if round_no:
            copy_messages(conn, campaign_pk, known[name, 0], step)
    return step


def variant_for(variants: Sequence[str], name: str, contact_pk: int, version: str = "") -> str:
    """Which of a step's variants a person gets: always the same of a version, and evenly spread."""
    own = [variant for variant in variants if step_and_version(variant)[1] == version]
    if len(own) == 1:
        return own[0]
    return own[zlib.crc32(f"{name}:{contact_pk}".encode()) % len(own)]
