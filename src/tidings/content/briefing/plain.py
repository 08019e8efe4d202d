# ruff: noqa: E501 - patterns are read whole
"""A brief told in plain words becomes the fields of a typed brief, by rules. Nothing is invented.

Every value stands in the text, or is one of the few whole sentences and button labels below with a value of the text in
it. What the text does not say is a gap with a question; what was not used is handed back, so that nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tidings.content.briefing.asked import channels_named, is_request, languages_named
from tidings.content.briefing.values import Amounts, amounts_of, iso_date, links_of, times_of, written_dates
from tidings.content.proposing.sentences import language_of, not_whole
from tidings.content.sentences import capitalised, folded, sentences
from tidings.domain.brief import CAMPAIGN_TYPES
from tidings.domain.channel import Channel

MOST_FACTS = 30
_ORDERS = re.compile(
    r"(?:(?:please|kindly|hi|hello|hey|now|then|and)[, ]+)*(?:tell|write|send|announce|invite|let|remind|inform|ask|thank|welcome|draft|create|make|prepare|use|mention|include|keep|say|do not|don't|don’t|never|always|must|we (?:want|would like|need|plan)|we'd like|i (?:want|would like|need)|i'd like|can you|could you|the (?:goal|audience|brief|tone|subject|campaign|mail|e-?mail) (?:is|should|must))\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:about|announc(?:e|es|ing)|invit(?:e|ing) (?:\w+ ){0,6}?to|launch(?:ing)?(?: of)?|introduc(?:e|ing)|remind (?:\w+ ){0,5}?(?:of|about)|for) (?:the|our|a|an|my) (?:upcoming |new )?(?P<what>[a-zà-þ][\w'’-]*(?: [a-zà-þ][\w'’-]*){0,5}?)(?= (?:on|at|in|from|until|for|with|which|that|and|to|by|next|this|is|starting)\b|\s*[,.;:!?–(]|\s*$|\s+\d)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^\s*(?:[-*•]\s*)?(?P<name>name|title|type|kind|goal|aim|brand|audience|segment|product|topic|call to action|cta|button|link|url|tone|sender|from|must say|must not say|never say|send after|not before|subject lines)\s*[:=]\s*(?P<value>\S.*)$",
    re.IGNORECASE,
)
_FIELD = {
    "title": "name", "kind": "type", "aim": "goal", "segment": "audience", "topic": "product", "cta": "call_to_action",
    "button": "call_to_action", "call to action": "call_to_action", "url": "link", "from": "sender",
    "must say": "must_say", "must not say": "must_not_say", "never say": "must_not_say", "send after": "send_after",
    "not before": "send_after", "subject lines": "subjects",
}  # fmt: skip
_TYPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("win_back", re.compile(r"\bwin[- ]?back\b|\bwe miss(?:ed)? you\b|\b(?:haven't|have not|haven’t) (?:bought|ordered|visited)|\bback to us\b|\bformer customers\b|\blapsed\b", re.IGNORECASE)),
    ("feedback", re.compile(r"\bfeedback\b|\bsurvey\b|\bquestionnaire\b|\btheir opinions?\b|\brate us\b", re.IGNORECASE)),
    ("offer", re.compile(r"\bdiscount\b|\bvoucher\b|\bcoupon\b|\bsale\b|\d ?(?:%|percent|per cent) (?:off|less|discount)|\bspecial offer\b|\bhalf price\b|\bour offer\b", re.IGNORECASE)),
    ("event", re.compile(r"\bworkshop\b|\bevent\b|\bwebinar\b|\bconcert\b|\bseminar\b|\bcourse\b|\btasting\b|\bopen (?:day|house)\b|\bparty\b|\bfair\b|\bexhibition\b|\bmeet-?up\b|\bconference\b|\btalk on\b|\binvit(?:e|ing|ation)\b[^.!?\n]{0,120}?\bto (?:the|our|a|an)\b", re.IGNORECASE)),
    ("welcome", re.compile(r"\bwelcome (?:mail|e-?mail|message|our new|new)\b", re.IGNORECASE)),
    ("newsletter", re.compile(r"\b(?:monthly|weekly|next|december|january|this month's|autumn|spring|summer|winter) newsletter\b|\bnewsletter (?:about|with|issue)\b", re.IGNORECASE)),
    ("update", re.compile(r"\bupdate(?:s|d)?\b|\bopening hours\b|\bnew version\b|\bchanges? to\b|\bmoved? to\b", re.IGNORECASE)),
    ("announcement", re.compile(r"\bannounc\w+|\blaunch\w*|\bintroduc\w+|\bnow available\b", re.IGNORECASE)),
)  # fmt: skip
_BUTTONS: tuple[tuple[str, str, str], ...] = (
    (r"book(?:ed|ing)?s?", "Book a place", "Book it"), (r"reserv(?:e|ation)s?", "Reserve a place", "Reserve it"),
    (r"regist(?:er|ration)s?", "Register", "Register"), (r"sign(?:ing)?[- ]?up", "Sign up", "Sign up"),
    (r"rsvp", "Say that you come", "Reply"), (r"order(?:s|ed|ing)?", "Order it", "Order it"),
    (r"bought|buy(?:s|ing)?", "Buy a ticket", "Buy it"), (r"donat(?:e|ions?)", "Donate", "Donate"),
    (r"download(?:s|ed)?", "Download it", "Download it"), (r"survey|questionnaire|answer", "Give your answer", "Give your answer"),
    (r"subscribe", "Subscribe", "Subscribe"), (r"apply", "Apply", "Apply"), (r"(?:more|details|read)", "Read more", "Read more"),
)  # fmt: skip
_TONE = re.compile(
    r"\b(?P<tone>friendly|professional|bold)\b(?= (?:tone|voice|way|manner|style|and\b))|\b(?:be|sound|stay) (?:very |really )?(?P<asked>friendly|professional|bold)\b|\btone[: ]+(?:is |should be )?(?P<other>friendly|professional|bold)\b",
    re.IGNORECASE,
)
_QUOTED = r"[\"“‘']([^\"”’']{2,80})[\"”’']"
_MUST = re.compile(rf"\b(?:must|should|please)? ?(?:say|mention|include)(?: the words?)? {_QUOTED}", re.IGNORECASE)
_MUST_NOT = re.compile(
    rf"\b(?:must not|mustn't|mustn’t|do not|don't|don’t|never|should not|without) (?:say(?:ing)?|mention(?:ing)?|use|using|include|including)(?: the words?)? {_QUOTED}",
    re.IGNORECASE,
)
_BUTTON = re.compile(rf"\b(?:button|call to action|cta)(?: (?:says?|reads?|labelled|with))?:? {_QUOTED}", re.IGNORECASE)
_BUTTON_WORDS = re.compile(
    r"\b(?:button|call to action|cta) (?:(?:should|must|shall) )?(?:says?|reads?|be labelled|labelled):? (?P<words>[A-ZÀ-Þ][^.!?,;:\n\"“”‘]{1,39})(?=[.!?,;\n]|$)"
)
_WHERE = r" (?:in|at) (?:our|the) (?!(?:\w+ )?(?:tone|voice|style|way|newsletter|e-?mail|mail|message|feed|folder|morning|afternoon|evening)\b)[\w’'-]+(?: [\w’'-]+){0,3}?(?: (?:in|at) (?:the )?[A-ZÀ-Þ][\w’'-]+)?(?=[.,;:!]|\s*$| and\b| for\b| with\b)"
_SEND = re.compile(
    r"\b(?:send|goes? out|sent|mail)(?: it| this| them)?(?: out)? (?:not before|on|from|after|no earlier than) (?P<when>[^,.;\n]{3,30})",
    re.IGNORECASE,
)
_WITHIN = re.compile(r"\bwithin (?P<n>\d{1,2}) days?\b", re.IGNORECASE)
_SUBJECTS = re.compile(r"\b(?P<n>[1-5]|two|three|four|five) (?:different )?subject lines?\b", re.IGNORECASE)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}
_EVERYONE = re.compile(
    r"\b(?:everyone|everybody|all (?:our |of our )?(?:contacts|customers|readers|people|subscribers)|the whole list)\b",
    re.IGNORECASE,
)
_WHOM = re.compile(
    r"\b(?:tell|invite|remind|inform|ask|thank|welcome|write to|send (?:it |this |a mail |an e-?mail )?to|mail|for) (?:all )?(?:our |the |my )?(?P<who>(?!it\b|about\b|them\b|us\b)[a-z][\w'’-]*(?: [a-z][\w'’-]*){0,3}?)(?= (?:about|that|to|of|on|who|at|for|know|when)\b|[,.;:])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Gap:
    """A field the text does not tell, the question that asks for it, and what can be chosen where that is known."""

    field: str
    question: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedBrief:
    """What the text told. `fields` is a brief's mapping, perhaps incomplete; `sources` the words each came from."""

    fields: dict[str, Any]
    sources: dict[str, str]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is left to ask."""
        return not self.gaps


@dataclass(frozen=True, slots=True)
class Known:
    """What the text may name: brands and segments of this installation, and the day it is."""

    brands: tuple[str, ...]
    segments: tuple[str, ...]
    today: date


@dataclass(slots=True)
class _Reading:
    """What was found so far."""

    text: str
    known: Known
    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    sources: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[str] = field(default_factory=list[str])

    def put(self, name: str, value: Any, source: str) -> None:
        """The first that is found holds."""
        if value and name not in self.fields:
            self.fields[name] = value
            self.sources[name] = " ".join(source.split())


def parse_plain(text: str, known: Known) -> ParsedBrief:
    """The brief of a text in plain words; never raises for what the text lacks, for that is what gaps are for."""
    labels, prose = _labelled(text)
    reading = _Reading(prose, known)
    _from_labels(reading, labels)
    said = sentences(prose)
    orders = [sentence for sentence in said if _is_order(sentence)]
    _places(reading)
    _what(reading, orders)
    _whom(reading, orders)
    _wording(reading)
    used = _facts(reading, said)
    _button(reading)
    _names(reading, orders)
    _contradictions(reading)
    unused = tuple(sentence for sentence in said if sentence not in used and sentence not in orders)
    return ParsedBrief(reading.fields, reading.sources, tuple(_gaps(reading)), tuple(reading.notes), unused)


def _labelled(text: str) -> tuple[list[tuple[str, str]], str]:
    """Lines such as `Goal: …`, and the rest."""
    labels: list[tuple[str, str]] = []
    rest: list[str] = []
    for line in text.splitlines():
        found = _LABEL.match(line)
        if found:
            labels.append((found["name"].casefold(), found["value"].strip()))
        else:
            rest.append(line)
    return labels, "\n".join(rest)


def _from_labels(reading: _Reading, labels: Sequence[tuple[str, str]]) -> None:
    for label, value in labels:
        name = _FIELD.get(label, label)
        plain = value.strip("\"“”' ")
        if name in {"must_say", "must_not_say"}:
            reading.put(name, [item.strip("\"“”' ") for item in value.split(",") if item.strip()], value)
        elif name == "type":
            wanted = plain.casefold().replace("-", "_").replace(" ", "_")
            reading.put(name, wanted if wanted in CAMPAIGN_TYPES else "", value)
        elif name == "subjects":
            reading.put(name, int(plain) if plain in "12345" else 0, value)
        elif name == "send_after":
            reading.put(name, iso_date(plain, reading.known.today), value)
        elif name == "tone":
            reading.put(
                name, plain.casefold() if plain.casefold() in {"friendly", "professional", "bold"} else "", value
            )
        elif name == "audience":
            _named_audience(reading, plain)
        elif name == "brand":
            named = next((each for each in reading.known.brands if each.casefold() == plain.casefold()), "")
            reading.put(name, named, value)
        else:
            reading.put(name, plain, value)


def _places(reading: _Reading) -> None:
    links = links_of(reading.text)
    links_left_out = re.sub(r"https?://\S+", " ", reading.text)
    if links:
        reading.put("link", links[0], links[0])
    if len(set(links)) > 1:
        reading.notes.append(f"There are {len(set(links))} links; the button takes the first, {links[0]}.")
    asked = channels_named(links_left_out)
    if asked and asked != (Channel.EMAIL.value,):
        reading.put("channels", list(asked), ", ".join(asked))
    if (languages := languages_named(reading.text)) not in {(), ("English",)}:
        reading.notes.append(
            f"The text asks for {' and '.join(languages)}. Nothing is translated: write the facts of each language into "
            "a version of its own."
        )
    when = _SEND.search(reading.text)
    if when:
        reading.put("send_after", iso_date(when["when"], reading.known.today), when[0])
    if within := _WITHIN.search(reading.text):
        reading.put("send_within_days", min(30, max(1, int(within["n"]))), within[0])
    if subjects := _SUBJECTS.search(reading.text):
        reading.put("subjects", _COUNTS.get(subjects["n"].casefold()) or int(subjects["n"]), subjects[0])


def _what(reading: _Reading, orders: Sequence[str]) -> None:
    for name, signs in _TYPES:
        if found := signs.search(reading.text):
            reading.put("type", name, found[0])
            break
    for text in (*orders, reading.text):
        found = _ABOUT.search(text)
        if found and len(found["what"].split()) <= 5 and len(found["what"]) <= 80:
            reading.put("product", found["what"].strip(), found[0])
            return


def _whom(reading: _Reading, orders: Sequence[str]) -> None:
    known = reading.known
    for brand in sorted(known.brands, key=len, reverse=True):
        if found := re.search(rf"(?<!\w){re.escape(brand)}(?!\w)", reading.text, re.IGNORECASE):
            reading.put("brand", brand, found[0])
            break
    if len(known.brands) == 1:
        reading.put("brand", known.brands[0], "the only brand")
    named = [segment for segment in sorted(known.segments, key=len, reverse=True) if _said(segment, reading.text)]
    if named:
        reading.put("audience", named[0], named[0])
        others = [segment for segment in named[1:] if segment.casefold() not in named[0].casefold()]
        if others:
            reading.notes.append(
                f"{len(others) + 1} segments are named; the brief takes “{named[0]}”, not {', '.join(others)}."
            )
    elif found := _EVERYONE.search(reading.text):
        reading.put("audience", "everyone", found[0])
    elif "audience" not in reading.fields:
        for text in orders:
            if found := _WHOM.search(text):
                _named_audience(reading, found["who"])
                break


def _said(name: str, text: str) -> bool:
    """The segment's name as whole words, in any case, singular or plural."""
    bare = re.escape(name.casefold().removesuffix("s"))
    return re.search(rf"(?<!\w){bare}s?(?!\w)", text.casefold()) is not None


def _named_audience(reading: _Reading, who: str) -> None:
    named = next((segment for segment in reading.known.segments if _said(segment, who)), "")
    if _EVERYONE.search(who) or who.casefold() == "everyone":
        reading.put("audience", "everyone", who)
    elif named:
        reading.put("audience", named, who)
    else:
        reading.notes.append(f"“{who}” is no segment here; choose whom the campaign is for.")


def _wording(reading: _Reading) -> None:
    if found := _TONE.search(reading.text):
        reading.put("tone", (found["tone"] or found["asked"] or found["other"]).casefold(), found[0])
    banned = [found[1] for found in _MUST_NOT.finditer(reading.text)]
    rest = _MUST_NOT.sub(" ", reading.text)
    if banned:
        reading.put("must_not_say", banned, ", ".join(banned))
    wanted = [found[1] for found in _MUST.finditer(rest)]
    if wanted:
        reading.put("must_say", wanted, ", ".join(wanted))


def _facts(reading: _Reading, said: Sequence[str]) -> set[str]:
    """Whole sentences as they stand; then what stands in an order only, put into a whole sentence of our own."""
    english = language_of(reading.text) in {"", "en"}
    facts = [sentence for sentence in said if english and _is_fact(sentence)]
    used = set(facts)
    orders = " ".join(sentence for sentence in said if _is_order(sentence))
    known = folded(" ".join(facts))
    facts.extend(fact for fact in _from_orders(reading, orders) if folded(fact) not in known)
    if len(facts) > MOST_FACTS:
        reading.notes.append(f"Of {len(facts)} facts the first {MOST_FACTS} are taken; a mail holds far fewer.")
        used -= set(facts[MOST_FACTS:])
    reading.put("facts", facts[:MOST_FACTS], " ".join(facts[:MOST_FACTS])[:400])
    return used


def _is_order(sentence: str) -> bool:
    return _ORDERS.match(sentence) is not None or is_request(sentence)


def _is_fact(sentence: str) -> bool:
    why = not_whole(sentence, shortest=(8, 2))
    return not _is_order(sentence) and why in {"", "page furniture"} and not links_of(sentence)


def _from_orders(reading: _Reading, orders: str) -> Iterator[str]:
    """Date, place in time and price of the order, each in a sentence that says nothing else."""
    plain = _SEND.sub(" ", orders)
    when = written_dates(plain)
    times = times_of(plain)
    if len(when) == 1 and reading.fields.get("type") == "event":
        time = f" at {times[0]}" if len(times) == 1 else ""
        yield f"It takes place on {when[0]}{time}{_place(plain, (times or when)[0])}".rstrip(".") + "."
    elif len(when) == 1 and (
        until := re.search(rf"\b(?:until|till|through|ends on) {re.escape(when[0])}", plain, re.IGNORECASE)
    ):
        yield f"It is valid until {when[0]}." if until else ""
    found: Amounts = amounts_of(plain)
    if len(found.prices) == 1:
        yield f"It costs {found.prices[0]}."
    if len(found.discounts) == 1:
        yield f"You get {found.discounts[0]} off."


def _place(orders: str, after: str) -> str:
    """Where it takes place: the words behind its day or hour, as they stand."""
    found = re.search(rf"{re.escape(after)}(?P<where>{_WHERE})", orders)
    return found["where"] if found else ""


def _button(reading: _Reading) -> None:
    if found := _BUTTON.search(reading.text):
        reading.put("call_to_action", found[1], found[0])
    elif found := _BUTTON_WORDS.search(reading.text):
        reading.put("call_to_action", found["words"].strip(), found[0])
    event = reading.fields.get("type") == "event"
    for pattern, for_event, otherwise in _BUTTONS:
        if found := re.search(rf"\b(?:{pattern})\b(?=[^.!?\n]{{0,40}}https?://)", reading.text, re.IGNORECASE):
            reading.put("call_to_action", for_event if event else otherwise, found[0])
            return


def _names(reading: _Reading, orders: Sequence[str]) -> None:
    product = str(reading.fields.get("product") or "")
    if product:
        reading.put("name", capitalised(product)[:120], product)
    if orders:
        first = re.split(r"\s+(?:on \d|at \d|at https?|https?)|[,;:–]|\s+\d|[.!?]$", orders[0])[0].strip()
        if len(first) >= 3:
            goal = re.sub(r"^(?:please|kindly|now|then|and)[, ]+", "", first, flags=re.IGNORECASE)
            reading.put("goal", capitalised(goal)[:300], orders[0])


def _contradictions(reading: _Reading) -> None:
    orders_and_facts = reading.text
    prices = amounts_of(orders_and_facts).prices
    if len(set(prices)) > 1:
        reading.notes.append(
            f"There are {len(set(prices))} prices ({', '.join(dict.fromkeys(prices))}): check which holds."
        )
    dates = list(dict.fromkeys(written_dates(_SEND.sub(" ", orders_and_facts))))
    if len(dates) > 1:
        reading.notes.append(f"There are {len(dates)} dates ({', '.join(dates[:5])}): check which holds.")
    clash = {word.casefold() for word in reading.fields.get("must_say", [])} & {
        word.casefold() for word in reading.fields.get("must_not_say", [])
    }
    if clash:
        reading.notes.append(f"It must and must not say {', '.join(sorted(clash))}: decide for one.")
        for name in ("must_say", "must_not_say"):
            reading.fields[name] = [word for word in reading.fields[name] if word.casefold() not in clash]
    for when in dates:
        day = iso_date(when, reading.known.today)
        if re.search(r"\d{4}", when) and day and day < reading.known.today.isoformat():
            reading.notes.append(f"{when} has passed.")
    other = language_of(reading.text)
    if other and other != "en":
        reading.notes.append(
            "The text is not in English; the rules that read it know English only. Write its facts into the form."
        )


_QUESTIONS = {
    "name": "What is the campaign called?",
    "goal": "What should come of it?",
    "brand": "Which brand speaks?",
    "audience": "Whom is it for?",
    "facts": "What may be said? At least one whole sentence.",
    "call_to_action": "What does the button say?",
    "link": "Where does the button lead?",
}


def _gaps(reading: _Reading) -> Iterator[Gap]:
    choices = {"brand": reading.known.brands, "audience": ("everyone", *reading.known.segments)}
    for name, question in _QUESTIONS.items():
        if not reading.fields.get(name):
            yield Gap(name, question, choices.get(name, ()))
