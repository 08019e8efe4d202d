"""The brief as a form: stems and rests become whole sentences, fields become a brief's mapping. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from starlette.datastructures import FormData, UploadFile

from tidings.content.sentences import capitalised
from tidings.web import version_form

STEMS = (
    ("it", "It …"),
    ("you_can", "You can …"),
    ("you_get", "You get …"),
    ("there_is", "There is …"),
    ("whole", "A whole sentence"),
)
_WORDS = {"it": "It", "you_can": "You can", "you_get": "You get", "there_is": "There is", "whole": ""}
_PLAIN = ("name", "type", "goal", "brand", "audience", "product", "call_to_action", "link", "tone", "send_after",
          "picture", "picture_alt", "sender", "late", "language")  # fmt: skip
_LISTS = ("other_calls", "must_say", "must_not_say")
_COUNTS = ("send_within_days", "subjects", "bodies", "late_after_hours")
FIELDS = frozenset({*_PLAIN, *_LISTS, *_COUNTS, "facts", "channels", "versions"})
"""The fields of a brief that the form has."""
LINES = 4


class FactLine(NamedTuple):
    """One line of the form: how the sentence begins and the rest of it."""

    stem: str
    text: str


def sentence(line: FactLine) -> str:
    """The whole sentence: stem, rest, full stop. Empty when there is no rest."""
    rest = " ".join(line.text.split())
    stem = _WORDS.get(line.stem, "")
    if not rest:
        return ""
    if stem and rest.casefold().startswith(stem.casefold() + " "):
        rest = rest[len(stem) + 1 :]
    whole = f"{stem} {rest}" if stem else capitalised(rest)
    return whole if whole[-1] in ".!?" else whole + "."


def fact_lines(stems: Sequence[str], texts: Sequence[str]) -> list[FactLine]:
    """The form's lines of facts as sent."""
    return [FactLine(stem if stem in _WORDS else "whole", text) for stem, text in zip(stems, texts, strict=False)]


def values_of(fields: FormData) -> dict[str, Any]:
    """What was typed, to be shown again; with at least `LINES` lines of facts."""
    values: dict[str, Any] = {name: _one(fields, name) for name in (*_PLAIN, *_LISTS, *_COUNTS)}
    values["type"] = values["type"] or "announcement"
    values["channels"] = _all(fields, "channels") or ["email"]
    values["subjects"] = values["subjects"] or "2"
    values["bodies"] = values["bodies"] or "1"
    values["send_within_days"] = values["send_within_days"] or "3"
    lines = fact_lines(_all(fields, "fact_stem"), _all(fields, "fact_text"))
    default = [FactLine(stem, "") for stem, _ in STEMS[:LINES]]
    values["facts"] = lines if any(line.text for line in lines) else default
    values["versions"] = version_form.groups_of(fields)
    return values


def form_of(raw: Mapping[str, Any]) -> FormData:
    """A brief's mapping as the form would send it, so that it can be looked at and changed before anything is made.

    What has another shape than the field is shown as text, for the person to mend.
    """
    pairs: list[tuple[str, str | UploadFile]] = [
        (name, str(raw[name])) for name in (*_PLAIN, *_COUNTS) if raw.get(name) is not None
    ]
    pairs += [(name, ", ".join(_texts(raw.get(name)))) for name in _LISTS]
    pairs += [("channels", each) for each in _texts(raw.get("channels"))]
    for fact in _texts(raw.get("facts")):
        stem, rest = _stem_of(fact)
        pairs += [("fact_stem", stem), ("fact_text", rest)]
    pairs += version_form.pairs_of(raw.get("versions"))
    return FormData(pairs)


def _texts(value: object) -> list[str]:
    """A list's items, a fact's sentence, or the one text there is."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        return [str(value)]
    items = cast("Sequence[object]", value)
    named = [
        cast("Mapping[str, object]", item).get("sentence", "") if isinstance(item, dict) else item for item in items
    ]
    return [str(item) for item in named]


def _stem_of(whole: str) -> tuple[str, str]:
    for stem, words in _WORDS.items():
        if words and whole.startswith(words + " "):
            return stem, whole[len(words) + 1 :]
    return "whole", whole


def brief_of(fields: FormData) -> dict[str, Any]:
    """The mapping that `domain.brief.parse_brief` takes; what was left empty is left out."""
    raw: dict[str, Any] = {name: text for name in _PLAIN if (text := _one(fields, name))}
    for name in _LISTS:
        items = [item.strip() for item in _one(fields, name).split(",")]
        raw[name] = [item for item in items if item]
    for name in _COUNTS:
        if text := _one(fields, name):
            raw[name] = int(text) if text.isdigit() else text
    if channels := _all(fields, "channels"):
        raw["channels"] = channels
    raw["facts"] = sentences_of(fields)
    if versions := version_form.versions_of(fields):
        raw["versions"] = versions
    return raw


def sentences_of(fields: FormData) -> list[str]:
    """The whole sentences of the form's facts."""
    lines = fact_lines(_all(fields, "fact_stem"), _all(fields, "fact_text"))
    return [whole for line in lines if (whole := sentence(line))]


def missing(raw: dict[str, Any]) -> list[str]:
    """The required fields still empty, as the form calls them."""
    needed = {"name": "name", "goal": "goal", "facts": "a fact", "call_to_action": "call to action", "link": "link"}
    return [label for name, label in needed.items() if not raw.get(name)]


def _one(fields: FormData, name: str) -> str:
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def _all(fields: FormData, name: str) -> list[str]:
    return [value.strip() for value in fields.getlist(name) if isinstance(value, str)]
