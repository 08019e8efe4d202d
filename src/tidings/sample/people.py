"""Two thousand plausible people of the sample, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidings.domain.consent import ConsentState, Purpose
from tidings.domain.instant import DAY, Instant
from tidings.keys.secrets import Secrets, address_hash
from tidings.sample.ids import SampleIds
from tidings.sample.names import COUNTRIES, DOMAINS, INTERESTS, choices, plain

WORDING = "Yes, send me the Northwind Bakery newsletter by e-mail. I can leave at any time."
SOURCES = ("Sign-up form on the website", "Checkout of the online shop", "Paper card in the shop", "Bread evening")
_NO_ZONE = 0.03
_NO_CONSENT = 0.025
_PENDING = 0.01
_WITHDRAWN = 0.02
_OLDEST = 900  # days ago the first of them joined
_JOINED_LATELY = 0.12  # of all, within the simulated past


@dataclass(frozen=True, slots=True)
class People:
    """Rows ready to insert, in order of joining, and what the simulation needs of each as arrays."""

    contacts: list[dict[str, Any]]
    consents: list[list[dict[str, Any]]]
    """Per person the words on record, without `contact_pk`."""
    joined: NDArray[np.int64]
    may_hear: NDArray[np.bool_]
    """Whether a consent holds at the start of the simulation."""
    zones: list[str]
    """The zone each person truly lives in, known to us or not."""
    interests: list[frozenset[str]]
    plans: list[str]


def make_people(count: int, days: int, now: Instant, seed: int, secrets: Secrets, ids: SampleIds) -> People:
    """Draws the people. The same arguments give the same people."""
    rng = np.random.default_rng([seed, 1])
    joined = _joined(rng, count, days, now)
    weights = np.array([country.weight for country in COUNTRIES])
    homes = rng.choice(len(COUNTRIES), size=count, p=weights / weights.sum())
    fate = rng.random(count)
    unknown_zone = rng.random(count) < _NO_ZONE
    made = People([], [], joined, fate >= _NO_CONSENT + _PENDING + _WITHDRAWN, [], [], [])
    taken: set[str] = set()
    for index in range(count):
        country = COUNTRIES[int(homes[index])]
        city, zone = country.places[int(rng.integers(len(country.places)))]
        first = _pick(rng, choices(country.first))
        last = _pick(rng, choices(country.last))
        email = _address(rng, plain(first[1]), plain(last[1]), taken)
        likes = rng.choice(len(INTERESTS), size=int(rng.integers(1, 4)), replace=False)
        interests = [INTERESTS[like] for like in sorted(map(int, likes))]
        plan = str(rng.choice(["newsletter", "club", "shop"], p=[0.78, 0.14, 0.08]))
        at = int(joined[index])
        made.contacts.append(
            {
                "id": ids.new("contact", at),
                "email": email,
                "address_hash": address_hash(secrets, email),
                "first_name": first[0],
                "last_name": last[0],
                "locale": country.locales[int(rng.integers(len(country.locales)))],
                "country": country.code,
                "time_zone": "" if unknown_zone[index] else zone,
                "attributes": {"city": city, "interests": ", ".join(interests), "plan": plan},
                "sample": True,
                "created_at": at,
                "updated_at": at,
            }
        )
        made.consents.append(_words(rng, float(fate[index]), at, now - days * DAY, ids))
        made.zones.append(zone)
        made.interests.append(frozenset(interests))
        made.plans.append(plan)
    return made


def _joined(rng: np.random.Generator, count: int, days: int, now: Instant) -> NDArray[np.int64]:
    """When each joined, oldest first: most before the simulated past, some within it."""
    lately = rng.random(count) < _JOINED_LATELY
    ago = np.where(lately, rng.uniform(1, days, count), rng.uniform(days + 1, max(_OLDEST, days + 30), count))
    return np.sort((now - ago * DAY).astype(np.int64))


def _words(
    rng: np.random.Generator, fate: float, joined: Instant, start: Instant, ids: SampleIds
) -> list[dict[str, Any]]:
    """What a person said: nothing, not yet confirmed, yes and later no, or yes."""
    if fate < _NO_CONSENT:
        return []
    source = SOURCES[int(rng.integers(len(SOURCES)))]
    if fate < _NO_CONSENT + _PENDING:
        return [word(ids, ConsentState.PENDING, joined, source, WORDING)]
    yes = word(ids, ConsentState.GRANTED, joined, source, WORDING)
    if fate < _NO_CONSENT + _PENDING + _WITHDRAWN:
        left = max(joined + DAY, start - int(rng.integers(1, 60)) * DAY)
        return [yes, word(ids, ConsentState.WITHDRAWN, left, "Reply to a newsletter", "")]
    return [yes]


def word(ids: SampleIds, state: ConsentState, at: Instant, source: str, wording: str) -> dict[str, Any]:
    """One row of consent, without the contact's number."""
    return {
        "id": ids.new("consent", at),
        "purpose": Purpose.MARKETING_EMAIL.value,
        "state": state.value,
        "at": at,
        "source": source,
        "wording": wording,
        "expires_at": None,
    }


def _pick(rng: np.random.Generator, names: list[tuple[str, str]]) -> tuple[str, str]:
    return names[int(rng.integers(len(names)))]


def _address(rng: np.random.Generator, first: str, last: str, taken: set[str]) -> str:
    """An address nobody of the sample has yet."""
    domain = DOMAINS[int(rng.integers(len(DOMAINS)))]
    shape = int(rng.integers(3))
    local = (f"{first}.{last}", f"{first[:1]}.{last}", f"{first}{last}")[shape]
    email, number = f"{local}@{domain}", 2
    while email in taken:
        email, number = f"{local}{number}@{domain}", number + 1
    taken.add(email)
    return email
