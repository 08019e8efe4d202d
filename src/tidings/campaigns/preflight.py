"""A campaign's messages as pre-flight reads them: rendered for a real person of the plan by the code that sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.campaigns import repository, versions
from tidings.campaigns.messages import messages, own_hosts
from tidings.campaigns.preview import NOBODY, merge_fields_of
from tidings.content.service import load_brand
from tidings.distribution.attachments import contents
from tidings.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tidings.distribution.lint import Specimen
    from tidings.distribution.preflight import Preflight
    from tidings.distribution.service import DistributionService
    from tidings.domain.brand import Brand
    from tidings.domain.revision import Revision


def specimens(
    conn: Connection, distribution: DistributionService, preflight: Preflight, row: Row[Any], revised: Revision
) -> tuple[Brand, list[Specimen]]:
    """The brand, and each variant as it would leave. Raises InvalidInputError for one that cannot be made."""
    brand, _ = load_brand(conn, row.brand_id, row.brief)
    hosts, files = own_hosts(revised, brand), contents(conn, revised.attachments)

    def fields(variant: str) -> Mapping[str, str]:
        person = repository.first_person(conn, row.pk, None, versions.beside(revised, variant))
        return NOBODY if person is None else merge_fields_of(person)

    return brand, [
        distribution.specimen(
            template, fields(template.variant), postal_address=brand.postal_address, hosts=hosts,
            stays_here=preflight.stays_here, contents=files,
        )
        for template in messages(revised, brand, row.id)
    ]  # fmt: skip


def check_messages(
    conn: Connection, distribution: DistributionService, preflight: Preflight, row: Row[Any], revised: Revision
) -> None:
    """Raises InvalidInputError with the first finding that forbids sending; asks nobody outside."""
    _, made = specimens(conn, distribution, preflight, row, revised)
    for finding in preflight.lint(made):
        if finding.blocks:
            raise InvalidInputError(
                f"Pre-flight, {finding.place}: {finding.message}.", remedy=finding.remedy or "Edit the draft."
            )
