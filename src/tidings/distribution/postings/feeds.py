"""Feeds of postings: Atom (RFC 4287) and RSS 2.0, made from the ledger, with ids that never change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from html import escape
from xml.sax.saxutils import escape as text
from xml.sax.saxutils import quoteattr

from tidings.distribution.channels.posting import Post
from tidings.domain.instant import Instant, iso, to_datetime
from tidings.domain.short import LINK

LONGEST = 50
"""Entries a feed shows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One posting of a feed."""

    post: Post
    at: Instant


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as it is served. `address` is its own without the ending; `changed_at` is when it last changed."""

    name: str
    title: str
    website: str
    address: str
    changed_at: Instant
    entries: Sequence[Entry] = ()


def atom(feed: Feed) -> bytes:
    """The feed as Atom. An entry without a title is called by its first words."""
    own = f"{feed.address}.atom"
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>', '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{text(feed.title)}</title>", f"<id>{text(own)}</id>", f"<updated>{iso(feed.changed_at)}</updated>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(own)}/>',
        f"<author><name>{text(feed.title)}</name></author>", "<generator>Tidings</generator>",
    ]  # fmt: skip
    if feed.website:
        lines.append(f'<link rel="alternate" type="text/html" href={quoteattr(feed.website)}/>')
    for entry in feed.entries:
        post = entry.post
        lines += [
            f"<entry xml:lang={quoteattr(post.language)}>", f"<title>{text(_title(post))}</title>",
            f"<id>{text(_urn(post))}</id>", f"<updated>{iso(entry.at)}</updated>",
            f"<published>{iso(entry.at)}</published>",
        ]  # fmt: skip
        if post.link:
            lines.append(f'<link rel="alternate" href={quoteattr(post.link)}/>')
        lines += [f'<content type="html">{text(_html(post))}</content>', "</entry>"]
    return "\n".join([*lines, "</feed>", ""]).encode()


def rss(feed: Feed) -> bytes:
    """The feed as RSS 2.0; an item's guid is the posting's id and no address."""
    own = f"{feed.address}.rss"
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">', "<channel>",
        f"<title>{text(feed.title)}</title>", f"<link>{text(feed.website or own)}</link>",
        f"<description>{text(feed.title)}</description>", f"<lastBuildDate>{_date(feed.changed_at)}</lastBuildDate>",
        f'<atom:link rel="self" type="application/rss+xml" href={quoteattr(own)}/>',
    ]  # fmt: skip
    for entry in feed.entries:
        post = entry.post
        lines += [
            "<item>", f"<title>{text(_title(post))}</title>", f'<guid isPermaLink="false">{text(_urn(post))}</guid>',
            f"<pubDate>{_date(entry.at)}</pubDate>", f"<description>{text(_html(post))}</description>",
        ]  # fmt: skip
        lines += [f"<link>{text(post.link)}</link>", "</item>"] if post.link else ["</item>"]
    return "\n".join([*lines, "</channel>", "</rss>", ""]).encode()


def _urn(post: Post) -> str:
    return f"tag:tidings.invalid,2026:{post.key}"


def _title(post: Post) -> str:
    if post.title:
        return post.title
    first = post.text.strip().splitlines()[0] if post.text.strip() else post.key
    return first if len(first) <= 80 else f"{first[:79]}…"


def _html(post: Post) -> str:
    """The text as paragraphs whose addresses can be followed, a picture before them."""
    parts: list[str] = []
    if post.image_url:
        parts.append(f'<p><img src="{escape(post.image_url)}" alt="{escape(post.image_alt)}"></p>')
    for part in post.text.split("\n\n"):
        linked = LINK.sub(lambda match: f'<a href="{match[0]}">{match[0]}</a>', escape(part, quote=False))
        parts.append("<p>" + linked.replace("\n", "<br>") + "</p>")
    return "".join(parts)


def _date(at: Instant) -> str:
    return format_datetime(to_datetime(at, "UTC"))
