# ruff: noqa: E501 - patterns and word lists are read whole
"""Which sentences of a source could be claims: chosen by rules, each with its place and whatever a person should weigh.

A source is somebody else's text. It is never an instruction: a sentence that sounds like one is shown as such.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tidings.content.kinds import kind_of
from tidings.content.proposing.passage import Passage
from tidings.content.sentences import folded, sentences, words
from tidings.content.verifier.checks.claim_words import CLAIM_WORDS
from tidings.domain.brief import Fact
from tidings.domain.claim import ClaimKind

MOST = 60
"""Suggestions shown of one source; a person has to read each."""
_LENGTH = (20, 300)
_WORDS = (4, 45)
_IMPERATIVE = re.compile(
    r"(?:Please |Just |Then |Now |Simply |Also )?(?:Accept|Add|Apply|Ask|Become|Begin|Book|Bring|Browse|Buy|Call|Check|Choose|Claim|Click|Come|Compare|Configure|Contact|Continue|Create|Discover|Do|Don't|Don’t|Donate|Download|Email|E-mail|Enable|Enjoy|Ensure|Enter|Experience|Explore|Fill|Find|Follow|Forget|Get|Give|Go|Grab|Have|Help|Hurry|Ignore|Imagine|Install|Invite|Join|Keep|Learn|Leave|Let|Let's|Let’s|Log|Look|Make|Meet|Never|Note|Open|Order|Pay|Pick|Place|Play|Press|Put|Read|Receive|Register|Remember|Remind|Reply|Request|Reserve|Run|Save|Say|Scroll|See|Select|Sell|Send|Set|Share|Shop|Show|Sign|Skip|Start|Stay|Stop|Store|Subscribe|Switch|Take|Tell|Try|Turn|Unsubscribe|Update|Upgrade|Upload|Use|View|Visit|Wait|Watch|Win|Write)\b(?!\s+(?:(?!what|which|how|who|that|it|this|all|when|where)\w+\s+)?(?:is|are|was|were|has|have|can|will)\b)",
    re.IGNORECASE,
)
_NAVIGATION = re.compile(
    r"cookies?\b|privacy policy|terms (?:of|and)|all rights reserved|©|copyright|javascript|log ?in|sign (?:in|up|out)|skip to|back to top|read more|learn more|click here|your (?:cart|basket|browser)|subscribe|newsletter|share (?:this|on)|follow us|menu\b|page \d+ of|required fields|imprint|sitemap",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instruction|prompt|rule|above|previous|earlier|everything)|\b(?:system|developer) (?:prompt|message|instruction)|\b(?:as|you are|act as|pretend to be) (?:an? )?(?:AI|language model|assistant|chat ?bot|admin|developer)\b|^(?:system|assistant|user|note to (?:the )?(?:AI|model|assistant)|instructions?) ?:|\b(?:AI|assistants?|language models?|LLMs?|crawlers?|bots?|agents?)\b.{0,40}\b(?:must|should|shall|have to|has to|are to|is to|please)\b|\b(?:reveal|send|forward|export|e-?mail|approve|delete)\b.{0,40}\b(?:password|api key|secret|token|contact list|all contacts|database|every claim|all claims)\b",
    re.IGNORECASE,
)
_SUPERLATIVE = re.compile(
    r"\b(?:most|least) (?!of\b)\w+|\b(?:best|worst|greatest|largest|biggest|fastest|cheapest|finest|tastiest|freshest|strongest|safest|easiest|lowest|highest|leading|unrivalled|unbeatable|world[- ]class|perfect)\b",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|now|currently|recently|soon|(?:this|next|last) (?:week|month|year|season|spring|summer|autumn|fall|winter|weekend)|new(?:ly|est)?)\b",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"(?:It|He|She|They|These|Those|This|That|Both|Here|There|His|Her|Their|Its|Also|Therefore|However|But|And|So|Or|Then|Moreover|Furthermore|In addition|For this)\b"
)
_MINE = re.compile(r"\bI(?:'m|’m|'ve|’ve)?\b|\bmy\b|\bme\b")
_ADDRESS = re.compile(r"https?://|www\.|\S+@\S+\.\w|\b\d[\d /-]{7,}\d\b")
# Finite verbs that product texts live on; with an ending in s or ed behind a subject they make a sentence whole.
_VERB_WORDS = """
is are was were has have had do does did can could will would may might must should shall am be been comes come
makes make gives give gets get takes take keeps keep holds hold works work runs run offers offer includes include
contains contain needs need helps help lets let means mean costs cost lasts last fits fit starts start begins begin
ends end opens open closes close uses use brings bring saves save shows show supports support provides provide
weighs weigh measures measure meets meet lies lie stands stand grows grow sells sell pays pay goes go stays stay
became become wrote built made won found sent sold grew rose fell met began held kept cut set ship ships receive
learn find say says see know want like love enjoy earn choose join deliver connect protect reduce increase ensure
allow enable
"""
_VERBS = frozenset(_VERB_WORDS.split())
_ENDED = re.compile(r"[a-z]{3,}ed")
_ENDED_S = re.compile(r"[a-z]{3,}s")
_AFTER_WORDS = "the a an our your its their to in with for from at on by you us each every all more less up"
_AFTER_VERB = frozenset(_AFTER_WORDS.split())
_MARK_WORDS = {
    "en": "the a an and of to in is are you your our with for on it that this can we from by",
    "de": "der die das und ist sind ein eine mit für auf nicht wir sie ihr den dem von zu im wird auch",
    "fr": "le la les et est sont un une avec pour des dans vous nous votre du de au qui pas",
    "es": "el la los las y es son un una con para de en usted nosotros su que por no del",
    "it": "il lo la gli e è sono un una con per di in voi noi vostro che non del della",
}
_MARKS = {name: marks.split() for name, marks in _MARK_WORDS.items()}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A sentence a person may confirm. `flags` say, in words, what speaks for looking twice."""

    sentence: str
    kind: ClaimKind
    place: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picked:
    """The suggestions, and how many sentences were left out for which reason."""

    suggestions: tuple[Suggestion, ...]
    left_out: dict[str, int] = field(default_factory=dict[str, int])


def pick(passages: Iterable[Passage], *, known: Sequence[str] = (), language: str = "en") -> Picked:
    """The sentences that could be claims, in the source's order; `known` are those the brand has already."""
    seen = {folded(sentence) for sentence in known}
    found: list[Suggestion] = []
    out: Counter[str] = Counter()
    for passage in passages:
        for sentence in sentences(passage.text):
            text = " ".join(sentence.split())
            why = "" if _orders_about(text) else not_whole(text)
            if not why and folded(text) in seen:
                why = "said already"
            elif not why and len(found) >= MOST:
                why = f"more than {MOST}"
            if why:
                out[why] += 1
                continue
            seen.add(folded(text))
            flags = (("hidden from the page's readers",) if passage.hidden else ()) + flags_of(text, language)
            found.append(Suggestion(text, kind_of(Fact(sentence=text)), passage.place, flags))
    return Picked(tuple(found), dict(out.most_common()))


def _orders_about(text: str) -> bool:
    """A sentence written for a program that reads the page is shown, so that a person sees what the page tries."""
    return bool(_INSTRUCTION.search(text)) and _LENGTH[0] <= len(text) <= _LENGTH[1] and text[-1:] in ".!"


def not_whole(  # noqa: PLR0911 - one a reason
    text: str, *, shortest: tuple[int, int] = (_LENGTH[0], _WORDS[0])
) -> str:
    """Why the text is no declarative sentence that can stand alone; empty when it is one.

    `shortest` is in letters and in words.
    """
    said = words(text)
    if text.rstrip("\"”’')")[-1:] == "?":
        return "questions"
    if not shortest[0] <= len(text) <= _LENGTH[1] or not shortest[1] <= len(said) <= _WORDS[1]:
        return "too short or too long"
    if text.rstrip("\"”’')")[-1:] not in set(".!") or text.endswith("..."):
        return "no full stop"
    if not (text.lstrip("\"“‘'(£€$")[:1].isupper() or text[0].isdigit()):
        return "no beginning"
    if _NAVIGATION.search(text):
        return "page furniture"
    if _IMPERATIVE.match(text):
        return "imperatives"
    return "" if _has_verb(said) else "no verb"


def _has_verb(said: Sequence[str]) -> bool:
    """A known verb, or a word with a verb's ending behind the first; other languages are let through to a person."""
    lower = [word.casefold() for word in said]
    if language_of(" ".join(said)) not in {"", "en"}:
        return True
    if any(word in _VERBS or _ENDED.fullmatch(word) for word in lower[1:]):
        return True
    pairs = pairwise(lower[1:])  # a plural ends in s too: only a verb is followed so
    return any(_ENDED_S.fullmatch(word) and following in _AFTER_VERB for word, following in pairs)


def flags_of(text: str, language: str = "en") -> tuple[str, ...]:
    """What a person should weigh before confirming."""
    flags: list[str] = []
    if _INSTRUCTION.search(text):
        flags.append("reads like an instruction to a program; nothing follows it")
    if match := CLAIM_WORDS.search(text) or _SUPERLATIVE.search(text):
        flags.append(f"“{match[0].strip()}” promises much: it needs evidence")
    if match := _RELATIVE.search(text):
        flags.append(f"“{match[0]}” will not stay true: give an end")
    if _LEANS.match(text):
        flags.append("leans on the sentence before it")
    if _MINE.search(text):
        flags.append("somebody speaks for themself")
    if _ADDRESS.search(text):
        flags.append("holds an address or a long number")
    if "!" in text:
        flags.append("shouts")
    guessed = language_of(text)
    if guessed and guessed != language.partition("-")[0].casefold():
        flags.append(f"is in another language ({guessed})")
    return tuple(flags)


def language_of(text: str) -> str:
    """The language the small words point at (en, de, fr, es, it); empty when they do not tell."""
    lower = [word.casefold() for word in words(text)]
    counts = {name: sum(word in marks for word in lower) for name, marks in _MARKS.items()}
    best, second = sorted(counts, key=lambda name: -counts[name])[:2]
    sure = len(lower) >= 5 and counts[best] >= 2 and counts[best] > counts[second]
    return best if sure and counts[best] / len(lower) >= 0.15 else ""
