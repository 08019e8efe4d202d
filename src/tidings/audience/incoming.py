"""Reads rows of contacts as they come from outside, and says per row what is wrong with it and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from zoneinfo import available_timezones

from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.contact import normalise_address
from tidings.domain.instant import Instant, from_datetime
from tidings.domain.sms import normalise_phone

COLUMNS: dict[str, tuple[str, ...]] = {
    "email": ("email", "e_mail", "mail", "email_address", "e_mail_address", "address_email"),
    "phone": ("phone", "phone_number", "mobile", "mobile_phone", "cell", "telephone", "telefon", "handy", "mobil"),
    "first_name": ("first_name", "firstname", "given_name", "forename", "vorname", "prenom"),
    "last_name": ("last_name", "lastname", "surname", "family_name", "nachname", "nom"),
    "locale": ("locale", "language", "lang", "sprache", "langue"),
    "country": ("country", "country_code", "land", "pays"),
    "time_zone": ("time_zone", "timezone", "tz", "zeitzone"),
    "consent": ("consent", "marketing_consent", "opt_in", "optin", "subscribed", "permission", "einwilligung"),
    "sms_consent": ("sms_consent", "consent_sms", "sms_opt_in", "text_consent"),
    "open_tracking_consent": ("open_tracking_consent", "opens_consent", "consent_open_tracking", "tracking_consent"),
    "consent_at": ("consent_at", "consent_date", "opt_in_at", "opt_in_date", "subscribed_at"),
    "consent_source": ("consent_source", "opt_in_source", "source"),
    "consent_wording": ("consent_wording", "consent_text", "wording"),
}
"""Our names, and the headers understood as them once folded by `column_name`."""
_BY_HEADER = {header: name for name, headers in COLUMNS.items() for header in headers}
_YES = frozenset(
    {"yes", "y", "true", "t", "1", "x", "granted", "given", "opt-in", "subscribed", "confirmed", "ja", "oui"}
)
_NO = frozenset({"no", "n", "false", "f", "0", "withdrawn", "denied", "opt-out", "unsubscribed", "nein", "non"})
_OTHERS = {"sms_consent": Purpose.MARKETING_SMS, "open_tracking_consent": Purpose.OPEN_TRACKING}
"""The columns of consents beside the one to e-mails."""
_LONGEST = 500
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """The proof that covers rows which bring none of their own: where and in which words people said yes."""

    source: str
    wording: str
    at: Instant | None = None
    """None: the instant of the import."""


@dataclass(frozen=True, slots=True)
class NewContact:
    """One row that can be taken in. Empty fields leave what is known already as it is."""

    row: int
    email: str
    consent: Consent
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    country: str = ""
    time_zone: str = ""
    phone: str = ""
    others: tuple[Consent, ...] = ()
    """To text messages and to open tracking, each of which is a consent of its own."""
    attributes: dict[str, str] = field(default_factory=dict[str, str])


class RefusedRowError(Exception):
    """A row that cannot be taken in: why, and what to do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def column_name(header: str) -> str:
    """Our name for a header: one of `COLUMNS`, or the header folded to letters, digits and `_` as an attribute."""
    folded = re.sub(r"[^a-z0-9]+", "_", header.strip().lower()).strip("_")
    return _BY_HEADER.get(folded, folded)


def read_row(number: int, row: Mapping[str, str], given: ConsentGiven | None, now: Instant) -> NewContact:
    """A row, keyed by our column names, as a contact. Raises RefusedRowError."""
    cells = {name: _clean(name, text) for name, text in row.items() if name}
    email = normalise_address(cells.get("email", ""))
    if email is None:
        said = cells.get("email", "")
        raise RefusedRowError(
            f"{said!r} is not an e-mail address" if said else "there is no e-mail address",
            "Give one address of the form name@example.com.",
        )
    return NewContact(
        row=number,
        email=email,
        consent=_consent(cells, given, now),
        first_name=cells.get("first_name", ""),
        last_name=cells.get("last_name", ""),
        locale=_locale(cells.get("locale", "")),
        country=_country(cells.get("country", "")),
        time_zone=_zone(cells.get("time_zone", "")),
        phone=_phone(cells.get("phone", "")),
        others=tuple(_other_consents(cells, given, now)),
        attributes={name: text for name, text in cells.items() if name not in COLUMNS and text},
    )


def _clean(name: str, text: str) -> str:
    """Without control characters and line breaks: nothing that could break a header or a database."""
    clean = _CONTROLS.sub(" ", text).strip()
    if len(clean) > _LONGEST:
        raise RefusedRowError(f"`{name}` is longer than {_LONGEST} characters", "Shorten it.")
    return clean


def _consent(cells: Mapping[str, str], given: ConsentGiven | None, now: Instant) -> Consent:
    said = cells.get("consent", "").lower()
    if said in _NO:
        raise RefusedRowError(
            "this person has not consented", "Leave the row out; nobody is written to without consent."
        )
    if said and said not in _YES and said != "pending":
        raise RefusedRowError(f"{said!r} in `consent` is neither yes nor no", "Write yes, no or pending.")
    source = cells.get("consent_source", "") or (given.source if given else "")
    wording = cells.get("consent_wording", "") or (given.wording if given else "")
    if not said and given is None:
        raise RefusedRowError(
            "there is no consent",
            "Add a column `consent` with yes, and `consent_source` saying where it was given; or state the consent "
            "that covers the whole import.",
        )
    if not source:
        raise RefusedRowError(
            "the consent has no proof", "Say in `consent_source` where it was given, e.g. `website form`."
        )
    at = _instant(cells.get("consent_at", ""), (given.at if given else None) or now, now)
    state = ConsentState.PENDING if said == "pending" else ConsentState.GRANTED
    return Consent(Purpose.MARKETING_EMAIL, state, at, source, wording)


def _instant(text: str, otherwise: Instant, now: Instant) -> Instant:
    """A date or date-time in ISO form, in UTC when no offset is given."""
    if not text:
        return otherwise
    try:
        moment = datetime.fromisoformat(text)
        at = from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise RefusedRowError(f"{text!r} in `consent_at` is not a date", "Write it like 2026-03-31.") from None
    if not 0 <= at <= now:
        raise RefusedRowError(f"{text!r} in `consent_at` is not in the past", "Give the day the consent was given.")
    return at


def _phone(text: str) -> str:
    phone = normalise_phone(text) if text else ""
    if phone is None:
        raise RefusedRowError(
            f"{text!r} is not a phone number with its country", "Write it like +436601234567, or leave it empty."
        )
    return phone


def _other_consents(cells: Mapping[str, str], given: ConsentGiven | None, now: Instant) -> Iterator[Consent]:
    """The yeses to more than e-mails, with the proof of the row; an empty cell or a no says nothing."""
    for name, purpose in _OTHERS.items():
        said = cells.get(name, "").lower()
        if not said or said in _NO:
            continue
        if said not in _YES and said != "pending":
            raise RefusedRowError(f"{said!r} in `{name}` is neither yes nor no", "Write yes, no or pending.")
        if purpose is Purpose.MARKETING_SMS and not cells.get("phone"):
            raise RefusedRowError(
                "there is a consent to text messages and no number", "Add the number, or leave it out."
            )
        yield replace(_consent({**cells, "consent": said}, given, now), purpose=purpose)


def _zone(text: str) -> str:
    if text and text not in available_zones():
        raise RefusedRowError(
            f"there is no time zone {text!r}",
            "Give an IANA name such as Europe/Berlin, or leave it empty: then it is assumed from the country.",
        )
    return text


def _country(text: str) -> str:
    if text and not _COUNTRY.fullmatch(text):
        raise RefusedRowError(f"{text!r} is not a country code", "Give two letters (ISO 3166), such as DE, or nothing.")
    return text.upper()


def _locale(text: str) -> str:
    if text and not _LOCALE.fullmatch(text):
        raise RefusedRowError(f"{text!r} is not a language", "Give a code such as en, de or pt-BR, or nothing.")
    return text.replace("_", "-")


@cache
def available_zones() -> frozenset[str]:
    """The IANA zones known here; read once, for it walks a directory."""
    return frozenset(available_timezones())
