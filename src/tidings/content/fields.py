"""Merge fields belong to code: how a model's text is told to hold one, of this or any other system, whole or broken."""

from __future__ import annotations

import re
import unicodedata

_FIELD = re.compile(
    r"[{}]|\*\||\|\*|<<|>>|\[\[|%%|%[A-Za-z_]+%"
    r"|\b(?:contact|person|user|recipient)\.(?:\w*name|country|locale|e?mail)\b|\b(?:first|last|full)_?name\b|\bfname\b",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")


def holds_field(text: str) -> bool:
    """Whether the text holds a merge field or the ruins of one, look-alike and invisible signs looked through."""
    return _FIELD.search(_UNSEEN.sub("", unicodedata.normalize("NFKC", text))) is not None
