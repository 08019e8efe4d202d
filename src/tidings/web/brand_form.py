"""A brand as a form: lists as lines, senders as `Name <address>`. Pure."""

from __future__ import annotations

import re
from typing import Any

from starlette.datastructures import FormData

from tidings.content.rendering.disclosure import usual_line
from tidings.domain.brand import EVERY_CHANNEL, USUAL_DISCLOSURE, Brand, Sender
from tidings.domain.errors import InvalidInputError

_PLAIN = ("name", "voice", "postal_address", "website", "colour", "locale")
_WORDS = ("banned_words", "required_words")
_MANNER_LINES = ("do", "dont")
_IN_LANGUAGE = re.compile(r"(?P<language>[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*)\s*:\s*(?P<words>\S.*)")
_TONGUES = {"required_in": "required_words", "disclaimer_in": "disclaimer", "disclosure_in": "ai_disclosure"}
"""Fields of the form → what they hold of each language."""
_SENDER = re.compile(r"\s*(?P<name>[^<>]+?)\s*<\s*(?P<address>[^<>\s]+)\s*>\s*")
SHOWN_DISCLAIMERS = (EVERY_CHANNEL, "email")


def values_of_brand(brand: Brand) -> dict[str, Any]:
    """A brand as the form shows it."""
    manner, logo = brand.manner, brand.logo
    return {
        **{name: getattr(brand, name) for name in _PLAIN},
        "sender_name": brand.sender.name, "sender_address": brand.sender.address,
        "reply_to": brand.sender.reply_to or "", "senders": "\n".join(_line(sender) for sender in brand.senders),
        **{name: ", ".join(getattr(brand, name)) for name in _WORDS},
        "adjectives": ", ".join(manner.adjectives), "do": "\n".join(manner.do), "dont": "\n".join(manner.dont),
        "reading_grade": str(manner.reading_grade or ""), "person": manner.person, "emoji": manner.emoji,
        "logo_url": logo.url if logo else "", "logo_alt": logo.alt if logo else "",
        "logo_width": str(logo.width) if logo else "160",
        **{f"disclaimer_{name}": brand.disclaimers.get(name, "") for name in SHOWN_DISCLAIMERS},
        **_shown_disclosure(brand.ai_disclosure), "usual_line": usual_line(brand.locale), **_shown_tongues(brand),
    }  # fmt: skip


def values_of_form(fields: FormData) -> dict[str, Any]:
    """What was typed, to be shown again; a new brand's form is that of no fields."""
    names = (
        *_PLAIN, *_WORDS, *_MANNER_LINES, "sender_name", "sender_address", "reply_to", "senders", "adjectives",
        "reading_grade", "person", "emoji", "logo_url", "logo_alt", "logo_width",
        *(f"disclaimer_{name}" for name in SHOWN_DISCLAIMERS), "disclosure", "disclosure_words", *_TONGUES,
    )  # fmt: skip
    values = {name: _text(fields, name) for name in names}
    for name, default in (("voice", "friendly"), ("colour", "#4353d0"), ("locale", "en"), ("logo_width", "160"),
                          ("person", "any"), ("emoji", "free"), ("disclosure", "none")):  # fmt: skip
        values[name] = values[name] or default
    return values | {"usual_line": usual_line(values["locale"])}


def fields_of(fields: FormData, before: Brand | None = None) -> dict[str, Any]:
    """What `BrandService` takes. Raises InvalidInputError for a line of senders or of a language that is none."""
    kept = {
        name: text for name, text in (before.disclaimers if before else {}).items() if name not in SHOWN_DISCLAIMERS
    }
    said = {name: text for name in SHOWN_DISCLAIMERS if (text := _text(fields, f"disclaimer_{name}"))}
    raw: dict[str, Any] = {name: _text(fields, name) for name in _PLAIN}
    raw["sender"] = {"name": _text(fields, "sender_name"), "address": _text(fields, "sender_address"),
                     "reply_to": _text(fields, "reply_to") or None}  # fmt: skip
    raw["senders"] = [_sender(line, before) for line in _lines(fields, "senders")]
    raw |= {name: _items(fields, name) for name in _WORDS}
    raw["manner"] = {
        "adjectives": _items(fields, "adjectives"), "do": _lines(fields, "do"), "dont": _lines(fields, "dont"),
        "reading_grade": _whole_number(fields, "reading_grade"), "person": _text(fields, "person") or "any",
        "emoji": _text(fields, "emoji") or "free",
    }  # fmt: skip
    url = _text(fields, "logo_url")
    raw["logo"] = (
        {"url": url, "alt": _text(fields, "logo_alt"), "width": _whole_number(fields, "logo_width") or 160}
        if url
        else None
    )
    raw["disclaimers"] = kept | said
    if any(name in fields for name in _TONGUES):
        raw["in_languages"] = _tongues(fields)
    if _text(fields, "disclosure"):
        raw["ai_disclosure"] = _disclosure(fields)
    return raw


def _shown_tongues(brand: Brand) -> dict[str, str]:
    """One line a language: `de: Bäckerei, Meisterbetrieb`."""
    tongues = brand.in_languages
    said = {
        "required_in": {name: ", ".join(tongue.required_words) for name, tongue in tongues.items()},
        "disclaimer_in": {name: " ".join(tongue.disclaimer.split()) for name, tongue in tongues.items()},
        "disclosure_in": {name: tongue.ai_disclosure for name, tongue in tongues.items()},
    }
    return {field: "\n".join(f"{name}: {words}" for name, words in by.items() if words) for field, by in said.items()}


def _tongues(fields: FormData) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for field, of in _TONGUES.items():
        for line in _lines(fields, field):
            said = _IN_LANGUAGE.fullmatch(line)
            if said is None:
                raise InvalidInputError(
                    f"“{line}” does not begin with a language.", remedy="Write one a line: de: Alle Preise inkl. MwSt.",
                    field=field,
                )  # fmt: skip
            words = said["words"]
            found.setdefault(said["language"], {})[of] = _split(words) if field == "required_in" else words
    return found


def _shown_disclosure(line: str) -> dict[str, str]:
    kind = {"": "none", USUAL_DISCLOSURE: "usual"}.get(line, "own")
    return {"disclosure": kind, "disclosure_words": line if kind == "own" else ""}


def _disclosure(fields: FormData) -> str:
    match _text(fields, "disclosure"):
        case "usual":
            return USUAL_DISCLOSURE
        case "own":
            words = " ".join(_text(fields, "disclosure_words").split())
            if not words:
                raise InvalidInputError(
                    "The line about artificial intelligence has no words.",
                    remedy="Write them, or choose the usual line or none.", field="disclosure_words",
                )  # fmt: skip
            return words
        case _:
            return ""


def _sender(line: str, before: Brand | None) -> dict[str, Any]:
    found = _SENDER.fullmatch(line)
    if found is None:
        raise InvalidInputError(
            f"“{line}” is no sender.",
            remedy="Write one a line: Northwind Events <events@example.com>.",
            field="senders",
        )
    address = found["address"]
    known = next((each for each in (before.senders if before else ()) if each.address == address), None)
    return {"name": found["name"], "address": address, "reply_to": known.reply_to if known else None}


def _line(sender: Sender) -> str:
    return f"{sender.name} <{sender.address}>"


def _text(fields: FormData, name: str) -> str:
    value = fields.get(name)
    return value.strip().replace("\r\n", "\n") if isinstance(value, str) else ""


def _lines(fields: FormData, name: str) -> list[str]:
    return [line.strip() for line in _text(fields, name).splitlines() if line.strip()]


def _items(fields: FormData, name: str) -> list[str]:
    return _split(_text(fields, name))


def _split(text: str) -> list[str]:
    return [item.strip() for item in re.split(r"[,\n]", text) if item.strip()]


def _whole_number(fields: FormData, name: str) -> int | str | None:
    """As a number where it is one; else as typed, for the service to say what is wrong."""
    text = _text(fields, name)
    return int(text) if text.isascii() and text.isdigit() else text or None
