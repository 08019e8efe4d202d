# ruff: noqa: E501 - patterns are read whole
"""What a fact speaks of, told from its stem ("It …", "You can …", "You get …") and a few sure signs."""

from __future__ import annotations

import re

from tidings.domain.brief import Fact
from tidings.domain.claim import ClaimKind

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?"
_SIGNS: tuple[tuple[ClaimKind, re.Pattern[str]], ...] = (
    (
        ClaimKind.PROOF,
        re.compile(
            r"[\"“][^\"”]{8,}[\"”]|\b(?:says|said|rated|rating|(?:\d|customers?|readers?|users?|star|good) reviews?|reviewed (?:by|in)|award|awarded|certified|tested|trusted|pilot|used by|customers (?:use|trust|love)|(?:since|founded in) \d{4})\b",
            re.IGNORECASE,
        ),
    ),
    (
        ClaimKind.OFFER,
        re.compile(
            r"[£€$¥₹]\s?\d|\d\s?(?:£|€|%|percent|per cent|euros?|pounds?|dollars?|EUR|USD|GBP|kr\b)|\d(?:p|ct)\b|\b(?:discount|voucher|free of charge|half price|(?:is|are) free\b(?! of [^c])|price|costs?|for free|free shipping|free delivery)\b",
            re.IGNORECASE,
        ),
    ),
    (
        ClaimKind.DATE,
        re.compile(
            rf"\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}\b|\b{_MONTH} \d|\b\d{{1,2}} (?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b|\bvalid (?:from|until|through|till)\b|\b(?:in|from|until|since|by|of) {_MONTH}\b|\b{_DAY}\b|\b\d{{1,2}}[:.]\d\d\b|\b\d{{1,2}} ?[ap]\.?m\b|\b\d{{4}}-\d\d-\d\d\b|\b(?:starts|begins|ends|closes|opens) (?:at|on|in)\b"
        ),
    ),
    (
        ClaimKind.PLACE,
        re.compile(
            r"\b(?:takes place (?:in|at)|held (?:in|at)|located|(?:the|our) address is|find (?:us|it) (?:in|at|on)|venue|happens (?:in|at)|meet (?:in|at))\b",
            re.IGNORECASE,
        ),
    ),
)
_STEMS: tuple[tuple[ClaimKind, re.Pattern[str]], ...] = (
    (
        ClaimKind.ABILITY,
        re.compile(r"(?:You|Everyone|Anyone) (?:can|may|could|are able to)\b|(?:With it|There),? you can\b"),
    ),
    (
        ClaimKind.BENEFIT,
        re.compile(
            r"You(?:'ll|’ll| will| also)? (?:get|receive|save|take home|keep|learn|earn|enjoy|need no|no longer)\b|(?:Get|Save|Enjoy|Receive|Win)\b|Your? \w+ (?:comes?|arrives?)\b|It (?:saves|gives|helps|spares|brings) you\b"
        ),
    ),
)


def kind_of(fact: Fact) -> ClaimKind:
    """The kind a person gave it, else the one its words show; a sentence that shows none says what the thing is."""
    if fact.kind is not None:
        return fact.kind
    for kind, sign in _SIGNS:
        if sign.search(fact.sentence):
            return kind
    for kind, stem in _STEMS:
        if stem.match(fact.sentence):
            return kind
    return ClaimKind.WHAT
