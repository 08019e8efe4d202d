"""Which mailbox provider takes a domain's mail, and what it takes from one sender."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

from tidings.domain.errors import InvalidInputError

_OTHER = "other"
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_NUMBERS: dict[str, tuple[int, int]] = {"connections": (1, 100), "messages": (1, 10_000), "rate": (0, 10_000)}
_EXAMPLE = "Write `example.com = google`, or `google: connections=5 messages=50 rate=20`, one a line."


@dataclass(frozen=True, slots=True)
class Group:
    """One provider, or one domain that stands for itself."""

    key: str
    title: str
    connections: int
    """At the same time."""
    messages: int
    """Per connection."""
    rate: float
    """A second, to begin with."""


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Any]:
    text = (files("tidings.distribution.throttle") / "groups.toml").read_text("utf-8")
    return tomllib.loads(text)


class Groups:
    """The shipped groups, with an administrator's changes and with what the MX of other domains told."""

    def __init__(self, overrides: Iterable[str] = ()) -> None:
        """`overrides` are lines as `check_overrides` takes them. Raises InvalidInputError."""
        self._groups: dict[str, Group] = {}
        self._domains: dict[str, str] = {}
        self._mx: list[tuple[str, str]] = []
        for key, told in _shipped().items():
            title = str(told["title"])
            self._groups[key] = Group(key, title, told["connections"], told["messages"], float(told["rate"]))
            self._domains.update(dict.fromkeys(told["domains"], key))
            self._mx += [(end, key) for end in told["mx"]]
        self._learnt: dict[str, str] = {}
        self._own: dict[str, str] = {}
        for line in overrides:
            self._override(line)

    def of(self, address: str) -> str:
        """The key of the group an address belongs to; the domain itself where no provider is known."""
        domain = address[address.rfind("@") + 1 :].lower()
        return self._own.get(domain) or self._domains.get(domain) or self._learnt.get(domain) or domain

    def is_known(self, domain: str) -> bool:
        """Whether anything but the domain itself is known of it."""
        return domain in self._own or domain in self._domains or domain in self._learnt

    def limits(self, key: str) -> Group:
        """What the group takes."""
        found = self._groups.get(key)
        return found if found is not None else replace(self._groups[_OTHER], key=key, title=key)

    def by_mx(self, hosts: Iterable[str]) -> str:
        """The provider whose machines these are; empty where it is none of the known ones."""
        for host in hosts:
            name = host.lower().rstrip(".")
            for end, key in self._mx:
                if name == end or name.endswith(f".{end}"):
                    return key
        return ""

    def learn(self, found: Mapping[str, str]) -> None:
        """What MX lookups told: domain → key; an empty key says that the domain stands for itself."""
        self._learnt = {domain: key or domain for domain, key in found.items()}

    def _override(self, line: str) -> None:
        """One line: a domain's provider, or a provider's numbers."""
        domain, equals, key = (part.strip().lower() for part in line.partition("="))
        name, colon, numbers = (part.strip().lower() for part in line.partition(":"))
        if colon and (name in self._groups or _DOMAIN.fullmatch(name)):
            self._groups[name] = replace(self.limits(name), **_numbers(numbers, line))
        elif equals and _DOMAIN.fullmatch(domain) and (key in self._groups and key != _OTHER):
            self._own[domain] = key
        else:
            known = ", ".join(sorted(set(_shipped()) - {_OTHER}))
            raise InvalidInputError(
                f"`{line[:60]}` says nothing about a provider group.",
                remedy=f"{_EXAMPLE} The providers are {known}.",
                field="provider_groups",
            )


def _numbers(text: str, line: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in text.split():
        name, _, value = word.partition("=")
        low, high = _NUMBERS.get(name, (1, 0))
        if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value) or not low <= float(value) <= high:
            raise InvalidInputError(f"`{line[:60]}`: `{word}` is no limit.", remedy=_EXAMPLE, field="provider_groups")
        found[name] = float(value) if name == "rate" else round(float(value))
    if not found:
        raise InvalidInputError(f"`{line[:60]}` names no limit.", remedy=_EXAMPLE, field="provider_groups")
    return found


def check_overrides(lines: Iterable[str]) -> None:
    """Raises InvalidInputError, with an example, when a line cannot be understood."""
    Groups(lines)
