"""A campaign's messages as pre-flight reads them: rendered for a real person of the plan by the code that sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row

from tidings.campaigns import repository
from tidings.campaigns.drafts import mails
from tidings.campaigns.preview import NOBODY, merge_fields_of
from tidings.content.rendering.email import render_email
from tidings.content.service import load_brand
from tidings.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from tidings.distribution.lint import Specimen
    from tidings.distribution.preflight import Preflight
    from tidings.distribution.service import DistributionService
    from tidings.domain.brand import Brand
    from tidings.domain.revision import Revision


def specimens(
    conn: Connection, distribution: DistributionService, preflight: Preflight, row: Row[Any], revised: Revision
) -> tuple[Brand, list[Specimen]]:
    """The brand, and each variant as it would leave. Raises InvalidInputError for one that cannot be made."""
    brand, _ = load_brand(conn, row.brand_id)
    person = repository.first_person(conn, row.pk, None)
    fields = NOBODY if person is None else merge_fields_of(person)
    sites = (brand.website, str(revised.brief.link))
    hosts = [urlsplit(site).hostname or "" for site in sites]
    return brand, [
        distribution.specimen(
            render_email(draft, brand), fields, postal_address=brand.postal_address, hosts=hosts,
            stays_here=preflight.stays_here,
        )
        for draft in mails(revised.drafts)
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
