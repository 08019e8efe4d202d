"""Texts on their way into a template: what may stay open stays open, everything else is made harmless."""

from __future__ import annotations

import html
import re

from tidings.content.verifier.checks.merge_fields import problems

_JOINER = "\u2060"  # invisible; parts the two braces, so that Liquid sees no open place


# What XML 1.0 does not know; a mail has no use for it either.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def safe(text: str) -> str:
    """The text with every open place that is not an allowed merge field turned into plain characters."""
    text = _CONTROL.sub("", text)
    if not problems(text):
        return text
    return closed(text)


def closed(text: str) -> str:
    """The text without any open place."""
    text = _CONTROL.sub("", text)
    for opening in ("{{", "{%", "{#"):
        text = text.replace(opening, f"{opening[0]}{_JOINER}{opening[1]}")
    return text


def markup(text: str) -> str:
    """The text safe for HTML and MJML; quotation marks stay, for Liquid needs them in a default."""
    return html.escape(safe(text), quote=False)


def closed_markup(text: str) -> str:
    """The text for a place where no merge field may stand."""
    return html.escape(closed(text), quote=True)
