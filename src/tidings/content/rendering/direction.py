"""In which direction a text is read: by its own letters, and by the language where it has none."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Direction = Literal["ltr", "rtl"]

_LEFTWARDS = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ku", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"})
_LEFTWARD_SCRIPTS = frozenset({"Arab", "Hebr", "Nkoo", "Syrc", "Thaa"})
_FIELD = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")


def of_language(tag: str) -> Direction:
    """The direction of a language tag; one that names a script (`ku-Latn`) goes by the script."""
    parts = tag.replace("_", "-").split("-")
    scripts = [part.title() for part in parts[1:] if len(part) == 4 and part.isalpha()]
    leftwards = scripts[0] in _LEFTWARD_SCRIPTS if scripts else parts[0].lower() in _LEFTWARDS
    return "rtl" if leftwards else "ltr"


def of_text(text: str, otherwise: Direction) -> Direction:
    """The direction of most of the letters, merge fields aside; a name in other letters does not turn a sentence."""
    kinds = [unicodedata.bidirectional(letter) for letter in _FIELD.sub("", text)]
    leftwards, rightwards = sum(kind in {"R", "AL"} for kind in kinds), kinds.count("L")
    if leftwards == rightwards:
        return otherwise
    return "rtl" if leftwards > rightwards else "ltr"


def start(direction: Direction) -> str:
    """The side a line begins at, as `align` says it."""
    return "right" if direction == "rtl" else "left"
