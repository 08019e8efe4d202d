"""A posting's final words: its links, marked with where they were followed from, put into their places."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tidings.distribution.channels.posting import Post
from tidings.domain.message import ShortTemplate

_PLACE = re.compile(r"\{\{\s*links\[(\d+)\]\s*\}\}")
_JOINER = "\u2060"  # parts the braces of what is no open place; see content/rendering/texts.py


def marked(url: str, channel: str, campaign: str) -> str:
    """The address with utm_source, utm_medium and utm_campaign; marks that stand in it already are kept."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    there = {name for name, _ in query}
    words = re.sub(r"[^\w.-]+", "-", campaign.strip().lower()).strip("-")
    wanted = {"utm_source": channel, "utm_medium": "social", "utm_campaign": words}
    query += [(name, value) for name, value in wanted.items() if name not in there and value]
    return urlunsplit(parts._replace(query=urlencode(query)))


def with_marks(template: ShortTemplate, campaign: str) -> ShortTemplate:
    """The template whose links say where they were followed from."""
    links = tuple(
        link.model_copy(update={"url": marked(link.url, template.channel, campaign)}) for link in template.links
    )
    return template.model_copy(update={"links": links})


def post_of(key: str, template: ShortTemplate) -> Post:
    """The final post of a template whose links are final."""
    urls = {link.no: link.url for link in template.links}
    text = _PLACE.sub(lambda match: urls.get(int(match[1]), ""), template.text).replace(_JOINER, "")
    return Post(
        key=key, text=text.strip(), title=template.title.replace(_JOINER, ""), link=next(iter(urls.values()), ""),
        image_url=template.image_url, image_alt=template.image_alt, language=template.language,
    )  # fmt: skip
