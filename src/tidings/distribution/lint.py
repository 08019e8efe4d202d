"""Reads a message as it would leave and says what receivers, or the law, would hold against it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from html.parser import HTMLParser
from urllib.parse import urlsplit

from tidings.distribution.findings import Area, Grade, PreflightFinding

CLIPPED = 102 * 1024  # Gmail cuts a longer HTML part off, and the way out with it
HEAVY = 1024 * 1024  # what a marketing mail may weigh before it is asked about
LONGEST_LINE = 998  # RFC 5322, 2.1.1
_ONCE = (
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post",
)  # fmt: skip
_TINY = re.compile(r"0*[0-3](?:px)?")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|(?:width|height)\s*:\s*[01]px", re.IGNORECASE)
_OPEN_PLACE = re.compile(r"\{\{|\{%")


@dataclass(frozen=True, slots=True)
class Specimen:
    """One variant as it would leave, and what it is measured by."""

    variant: str
    raw: bytes
    postal_address: str
    targets: tuple[str, ...]
    """Where its links lead in the end."""
    hosts: frozenset[str]
    """Hosts its links may lead to: the brand's and the brief's."""
    base_url: str
    """What its own links begin with."""
    stays_here: bool = False
    """Whether the relay is on this machine, so that links to it work."""
    sender_domain: str = ""
    """Of From; empty where it does not matter."""


class _Page(HTMLParser):
    """Addresses and images of an HTML part, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: list[dict[str, str]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collects links and images."""
        given = {name: value or "" for name, value in attrs}
        if tag in {"a", "area"} and "href" in given:
            self.links.append(given["href"])
        elif tag == "img":
            self.images.append(given)

    def handle_data(self, data: str) -> None:
        """Collects the text."""
        self.words.append(data)


def lint(specimen: Specimen) -> list[PreflightFinding]:
    """What is wrong with one variant; one finding that all is well when nothing is."""
    message = message_from_bytes(specimen.raw, policy=policy.compat32)
    bodies = _bodies(message)
    page = _Page()
    page.feed(bodies.get("text/html", ""))
    page.close()
    found = [
        *_headers(message, specimen), *_unsubscribe(message), *_size(bodies), *_postal(specimen, bodies, page),
        *_links(specimen, page), *_images(page), *_left_open(message, bodies), *_weight(specimen),
    ]  # fmt: skip
    if not found:
        size = len(specimen.raw) / 1024
        found = [_finding("message", Grade.OK, f"complete, {size:.0f} kB, way out and postal address in place")]
    return [finding.at(f"variant {specimen.variant}") for finding in found]


def _finding(check: str, grade: Grade, message: str, remedy: str = "") -> PreflightFinding:
    return PreflightFinding(Area.MESSAGE, check, grade, message, remedy)


def _bodies(message: Message) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in message.walk():
        aside = part.is_multipart() or part.get_content_disposition() == "attachment"
        payload = None if aside else part.get_payload(decode=True)
        if isinstance(payload, bytes):
            found[part.get_content_type()] = payload.decode("utf-8", "replace")
    return found


def _headers(message: Message, specimen: Specimen) -> list[PreflightFinding]:
    found: list[PreflightFinding] = []
    for name in _ONCE:
        values = message.get_all(name, [])
        if len(values) != 1 or not str(values[0]).strip():
            words = "is missing" if not values else "is empty" if len(values) == 1 else f"stands {len(values)} times"
            remedy = "Give the draft a subject." if name == "Subject" else "Correct the brand's sender and retry."
            found.append(_finding("headers", Grade.ERROR, f"the header {name} {words}", remedy))
    longest = max(len(line) for line in specimen.raw.split(b"\r\n"))
    if longest > LONGEST_LINE or b"\n" in specimen.raw.replace(b"\r\n", b""):
        words = f"a line of {longest} bytes, or one with a bare line feed; {LONGEST_LINE} is the most (RFC 5322)"
        found.append(_finding("lines", Grade.ERROR, words, "Shorten the subject or the sender's name."))
    return found


def _unsubscribe(message: Message) -> list[PreflightFinding]:
    value = str(message.get("List-Unsubscribe", ""))
    ways = {way.partition(":")[0].lower() for way in re.findall(r"<\s*([^>]+)>", value)}
    found: list[PreflightFinding] = []
    for way in ("https", "mailto"):
        if way not in ways:
            words = f"List-Unsubscribe offers no {way} address"
            remedy = (
                "Links must begin with https: set TIDINGS_PUBLIC_URL." if way == "https" else "Set a sender address."
            )
            found.append(_finding("unsubscribe", Grade.ERROR, words, remedy))
    if str(message.get("List-Unsubscribe-Post", "")).strip() != "List-Unsubscribe=One-Click":
        words = "one click is not enough to unsubscribe (RFC 8058); Gmail and Yahoo ask for it"
        found.append(_finding("unsubscribe", Grade.ERROR, words))
    return found


def _size(bodies: dict[str, str]) -> list[PreflightFinding]:
    size = len(bodies.get("text/html", "").encode())
    if size > CLIPPED:
        words = f"the HTML part has {size // 1024} kB; Gmail cuts it off at 102, and the way out with it"
        return [_finding("size", Grade.ERROR, words, "Shorten its texts.")]
    missing = [kind for kind in ("text/plain", "text/html") if not bodies.get(kind, "").strip()]
    return [_finding("parts", Grade.ERROR, f"the part {kind} is empty") for kind in missing]


def _weight(specimen: Specimen) -> list[PreflightFinding]:
    """Attachments make a mail slow to send and unwelcome to receive."""
    size = len(specimen.raw)
    if size <= HEAVY:
        return []
    words = (
        f"one mail weighs {size / 1024 / 1024:.1f} MB; some receivers refuse more than 10, and many readers pay for it"
    )
    return [_finding("weight", Grade.WARNING, words, "Put the files on your site and link to them.")]


def _postal(specimen: Specimen, bodies: dict[str, str], page: _Page) -> list[PreflightFinding]:
    wanted = _letters(specimen.postal_address)
    texts = {"text": bodies.get("text/plain", ""), "HTML": " ".join(page.words)}
    missing = [name for name, text in texts.items() if not wanted or wanted not in _letters(text)]
    if not missing:
        return []
    words = f"the brand's postal address does not stand in the {' and '.join(missing)} part"
    return [_finding("postal address", Grade.ERROR, words, "Every marketing mail must carry it: add a footer block.")]


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _links(specimen: Specimen, page: _Page) -> list[PreflightFinding]:
    found: list[PreflightFinding] = []
    own = urlsplit(specimen.base_url)
    found += _own_address(specimen)
    if not specimen.stays_here and (own.hostname or "") in {"localhost", "127.0.0.1", "::1"}:
        words = f"every link, the way out included, leads to {own.hostname}: nobody else can follow it"
        found.append(_finding("links", Grade.ERROR, words, "Set TIDINGS_PUBLIC_URL to where readers reach Tidings."))
    for url in dict.fromkeys((*specimen.targets, *page.links)):
        if not url.startswith(f"{specimen.base_url}/"):
            found += _link(url, specimen.hosts)
    return found


def _own_address(specimen: Specimen) -> list[PreflightFinding]:
    """The name that links, pixel and way out begin with: encrypted, and of the sender's own domain."""
    own, domain = urlsplit(specimen.base_url), specimen.sender_domain
    host = (own.hostname or "").lower()
    if specimen.stays_here or not domain or host in {"localhost", "127.0.0.1", "::1"}:
        return []
    found: list[PreflightFinding] = []
    if own.scheme != "https":
        words = f"links begin with {specimen.base_url}, which is not encrypted"
        found.append(_finding("tracking address", Grade.ERROR, words, "Use an https address for TIDINGS_TRACKING_URL."))
    if not aligned(host, domain):
        words = f"links lead over {host}, which is no name of the sender's domain {domain}: filters mistrust that"
        remedy = f"Give the brand a tracking address like https://news.{domain}, or set TIDINGS_TRACKING_URL."
        found.append(_finding("tracking address", Grade.WARNING, words, remedy))
    return found


def aligned(host: str, domain: str) -> bool:
    """Whether two names belong together: the same registered domain, told from the names alone.

    Of `co.uk` and its like three labels must agree, of others two.
    """
    one, other = host.lower().split("."), domain.lower().split(".")
    country = len(other[-1]) == 2 and len(other) > 2 and other[-2] in _SECOND_LEVEL
    labels = 3 if country else 2
    return len(one) >= labels and len(other) >= labels and one[-labels:] == other[-labels:]


_SECOND_LEVEL = frozenset({"co", "com", "net", "org", "gov", "ac", "edu", "or", "ne", "gob", "gv", "id", "me", "ltd"})


def _link(url: str, hosts: Collection[str]) -> list[PreflightFinding]:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme in {"mailto", "tel"}:
        return []
    if parts.scheme not in {"http", "https"} or not host:
        return [_finding("links", Grade.ERROR, f"{url[:80]!r} is no link a reader can follow", "Correct the link.")]
    found: list[PreflightFinding] = []
    if parts.scheme == "http":
        found.append(_finding("links", Grade.WARNING, f"{url[:80]} is not encrypted", "Use https."))
    if not any(host == allowed or host.endswith(f".{allowed}") for allowed in hosts):
        words = f"a link leads to {host}, which is neither the brand's site nor the brief's"
        found.append(_finding("links", Grade.WARNING, words, "Check that it is meant."))
    return found


def _images(page: _Page) -> list[PreflightFinding]:
    found: list[PreflightFinding] = []
    for image in page.images:
        source = image.get("src", "")
        tiny = any(_TINY.fullmatch(image.get(side, "").strip()) for side in ("width", "height"))
        hidden = _HIDDEN.search(image.get("style", ""))
        if source.startswith(("http:", "https:", "//")) and (tiny or hidden):
            words = "a hidden image would tell who opens the mail; that needs each reader's consent"
            found.append(_finding("tracking", Grade.ERROR, words, "Remove the image."))
        elif source.startswith("http:"):
            found.append(_finding("images", Grade.WARNING, "an image is not encrypted", "Use https."))
    return found


def _left_open(message: Message, bodies: dict[str, str]) -> list[PreflightFinding]:
    places = {"subject": str(message.get("Subject", "")), **bodies}
    return [
        _finding("open places", Grade.ERROR, f"the {place} still holds a template's braces", "Edit the draft.")
        for place, text in places.items()
        if _OPEN_PLACE.search(text)
    ]
