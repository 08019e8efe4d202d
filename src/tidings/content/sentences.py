"""Sentences and words of a text, as far as tracing them needs it. No grammar is guessed."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# German writes the 3rd of May as “3. Mai”.
_MONTH = "Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
_END = re.compile(
    rf"(?<=[.!?])(?:(?<!\d\.)|(?!\s+(?:{_MONTH})\b))[\"”’)]*\s+"
    r"(?=[\"“„‘(«¿¡]*(?:[A-Z0-9À-ÞĀ-ž{£€$¥₹]|[a-z]{1,2}-?[A-Z]))"
)
# After these a full stop ends no sentence.
_SHORT = """
e.g. i.e. etc. mr. mrs. ms. dr. prof. st. no. approx. vs. p.m. a.m. inc. ltd. co. z.b. d.h. bzw. ca. inkl. usw. nr. str.
mme. mlle. sr. sra. dra. ud. uds. aprox.
"""
_ABBREVIATIONS = frozenset(_SHORT.split())


def sentences(text: str) -> list[str]:
    """The sentences of a text, trimmed; a line break ends one as a full stop does."""
    found: list[str] = []
    for line in text.splitlines():
        rest = ""
        for piece in _END.split(line.strip().removeprefix("• ")):
            rest = f"{rest} {piece}".strip()
            if rest.lower().rpartition(" ")[2].lstrip('("“') not in _ABBREVIATIONS:  # "grams." is no "ms."
                found.append(rest)
                rest = ""
        if rest:
            found.append(rest)
    return [sentence for sentence in found if sentence]


def words(text: str) -> list[str]:
    """The words in order, as written, without digits and punctuation."""
    return _WORD.findall(text)


def folded(text: str) -> str:
    """The form in which sentences are compared: one space, straight quotes, no case, no end mark."""
    plain = text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    plain = plain.replace("„", '"').replace("\u00a0", " ").replace("\u202f", " ")
    return " ".join(plain.split()).casefold().rstrip(".!? ")


def capitalised(text: str) -> str:
    """The phrase with a capital first letter; `iPad` and the like stay as they are."""
    if len(text) > 1 and text[1].isupper():
        return text
    return text[:1].upper() + text[1:]
