"""A revision's messages as they leave: rendered from the drafts, with the brand's way of measuring and marking links.

Approval, preview, pre-flight and launch all take their messages from here, so what was looked at is what leaves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from tidings.campaigns.drafts import mails
from tidings.content.rendering.disclosure import line_of
from tidings.content.rendering.email import render_email
from tidings.content.rendering.short import render_short
from tidings.distribution.utm import is_own, utm_parameters, with_utm
from tidings.domain.blocks import Footer
from tidings.domain.brand import Brand
from tidings.domain.channel import Channel
from tidings.domain.draft import Draft
from tidings.domain.message import TRAP, EmailTemplate, Link, ShortTemplate
from tidings.domain.provenance import META, ai_part, disclosure_header, source_type
from tidings.domain.revision import Revision

_PLACE = re.compile(r"(\{\{-?\s*links\[)(\d+)(\]\s*-?\}\})")
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_TRAP = f'<a href="{{{{ links[{TRAP}] }}}}" style="display:none" aria-hidden="true" tabindex="-1"></a>'


def messages(revised: Revision, brand: Brand, campaign_id: str = "") -> list[EmailTemplate]:
    """The e-mail's variants. Those that lead to different addresses get numbers of their own in the link table."""
    return _apart([message(revised, brand, draft, campaign_id) for draft in mails(revised.drafts)])


def every(revised: Revision, brand: Brand, campaign_id: str = "") -> list[EmailTemplate | ShortTemplate]:
    """The messages of every channel: e-mails, then short texts in the order of the drafts."""
    shorts = [render_short(draft, brand) for draft in revised.drafts if draft.channel != Channel.EMAIL.value]
    return [*messages(revised, brand, campaign_id), *shorts]


def message(revised: Revision, brand: Brand, draft: Draft, campaign_id: str = "") -> EmailTemplate:
    """One variant, with what goes with every mail. Raises InvalidInputError when it is too large."""
    template, tracking = render_email(_disclosed(draft, brand), brand), brand.tracking
    hosts = own_hosts(revised, brand)
    places = {
        "brand": brand.name, "campaign": revised.brief.name, "campaign_id": campaign_id, "variant": draft.variant,
        "channel": "email", "language": template.language,
    }  # fmt: skip
    marked = [_marked(link, hosts, utm_parameters(tracking.utm, places), tracking.click_ids) for link in template.links]
    changes: dict[str, object] = {
        "links": tuple(marked), "track_clicks": tracking.clicks, "track_opens": tracking.opens,
        "tracking_url": tracking.url, "attachments": revised.attachments, "invitation": revised.invitation,
    }  # fmt: skip
    changes["ai_disclosure"] = disclosure_header(draft)
    if source_type(draft):
        mark = f'<meta name="{META}" content="{source_type(draft)}">'
        template = template.model_copy(update={"html": template.html.replace("</head>", f"{mark}</head>", 1)})
        changes["html"] = template.html
    body = _BODY.search(template.html)
    if tracking.trap and tracking.clicks and body is not None:
        changes["html"] = template.html[: body.end()] + _TRAP + template.html[body.end() :]
        changes["links"] = (*marked, Link(no=TRAP, url=brand.website, label="(for programs)"))
    return template.model_copy(update=changes)


def _disclosed(draft: Draft, brand: Brand) -> Draft:
    """With the brand's line under it, where a model wrote and the brand has one."""
    line = line_of(brand.speaking(draft.language))
    if not line or not ai_part(draft):
        return draft
    return draft.model_copy(update={"blocks": (*draft.blocks, Footer(text=line))})


def own_hosts(revised: Revision, brand: Brand) -> list[str]:
    """The hosts of the brand's site and of what its briefs are about."""
    briefs = (revised.brief, *(revised.brief_of(draft) for draft in revised.drafts))
    sites = dict.fromkeys((brand.website, *(brief.link for brief in briefs)))
    return [host.lower().removeprefix("www.") for site in sites if (host := urlsplit(site).hostname)]


def _marked(link: Link, hosts: Sequence[str], utm: Mapping[str, str], click_ids: bool) -> Link:
    if not is_own(link.url, hosts):
        return link
    return link.model_copy(update={"url": with_utm(link.url, utm), "click_id": click_ids})


def _apart(templates: list[EmailTemplate]) -> list[EmailTemplate]:
    """The same templates with links renumbered where two variants lead to different addresses under one number."""
    urls: dict[int, set[str]] = {}
    for template in templates:
        for link in template.links:
            urls.setdefault(link.no, set()).add(link.url)
    if all(len(found) == 1 for found in urls.values()):
        return templates
    numbers: dict[tuple[int, str], int] = {}
    following = 1 + max(no for no in urls if no != TRAP)
    for no, found in sorted(urls.items()):
        numbers[no, next(link.url for each in templates for link in each.links if link.no == no)] = no
        for url in sorted(found):
            if (no, url) not in numbers:
                numbers[no, url], following = following, following + 1
    return [_renumbered(template, numbers) for template in templates]


def _renumbered(template: EmailTemplate, numbers: Mapping[tuple[int, str], int]) -> EmailTemplate:
    new = {link.no: numbers[link.no, link.url] for link in template.links}
    if all(old == now for old, now in new.items()):
        return template

    def placed(text: str) -> str:
        return _PLACE.sub(lambda found: f"{found[1]}{new.get(int(found[2]), int(found[2]))}{found[3]}", text)

    return template.model_copy(
        update={
            "html": placed(template.html), "text": placed(template.text),
            "links": tuple(link.model_copy(update={"no": new[link.no]}) for link in template.links),
        }
    )  # fmt: skip
