"""HTML from elsewhere made fit for the standard parser, whose time grows with the square of what is left open."""

from __future__ import annotations

_NEVER_SHOWN = (("<!--", "-->"), ("<!", ">"), ("<?", ">"))


def tamed(html: str) -> str:
    """The document without comments, declarations and processing instructions, its last, unended tag as plain text."""
    for begin, end in _NEVER_SHOWN:
        html = without(html, begin, end)
    whole = html.rfind(">") + 1
    return html[:whole] + html[whole:].replace("<", "&lt;")


def without(html: str, begin: str, end: str) -> str:
    """The document without what stands between the two, whatever their case; one nobody ended lasts to the end.

    What is taken out ends before `end` where that is a closing tag, else behind it.
    """
    lower = (
        html.lower() if html.isascii() else "".join(letter.lower() if letter.isascii() else letter for letter in html)
    )
    kept: list[str] = []
    at = 0
    while (found := lower.find(begin, at)) >= 0:
        kept.append(html[at:found])
        ends = lower.find(end, found)
        if ends < 0:
            return "".join(kept)
        at = ends if end.startswith("</") else ends + len(end)
    return "".join([*kept, html[at:]])
