"""The links of a mail with the words a reader sees on them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

_LONGEST = 120  # characters of a label


class MailLink(NamedTuple):
    """One link: its words, what it does or where it leads, and its address as it stands in the mail."""

    label: str
    leads: str
    url: str


def links_of(html: str, urls: Sequence[str], base_url: str) -> list[MailLink]:
    """Those addresses with the words of their anchors. `base_url` is where this installation counts clicks."""
    anchors = _Anchors()
    anchors.feed(html)
    anchors.close()
    return [_link(url, anchors.words.get(url, ""), urlsplit(base_url).netloc) for url in urls]


def _link(url: str, words: str, own_host: str) -> MailLink:
    try:
        parts = urlsplit(url)
    except ValueError:
        return MailLink(words or "Broken address", "leads nowhere", url)
    host = parts.hostname or "no host"
    if parts.netloc != own_host:
        return MailLink(words or host, f"leads to {host}", url)
    if parts.path.startswith("/u/"):
        return MailLink(words or "Unsubscribe", "ends what this person gets, after a click on the page", url)
    if parts.path.startswith("/y/"):
        return MailLink(words or "Confirm", "confirms this person's consent, after a click on the page", url)
    if parts.path.startswith("/t/"):
        return MailLink(words or "Link of the campaign", "counts the click here, then leads on to its target", url)
    return MailLink(words or host, "leads to this installation", url)


class _Anchors(HTMLParser):
    """Collects the words of each anchor, the first that has any; a picture counts with its alternative text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: dict[str, str] = {}
        self._url = ""
        self._said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self._finish()
            self._url = given.get("href") or ""
        elif tag == "img" and self._url:
            self._said.append(given.get("alt") or "")

    def handle_data(self, data: str) -> None:
        if self._url:
            self._said.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._finish()

    def close(self) -> None:
        super().close()
        self._finish()

    def _finish(self) -> None:
        words = " ".join("".join(self._said).split())[:_LONGEST]
        if self._url and words:
            self.words.setdefault(self._url, words)
        self._url, self._said = "", []
