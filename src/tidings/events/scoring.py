"""How likely a program, not the person, opened or clicked. Such events are kept and labelled, never dropped.

Each sign speaks by itself; together they count as independent (noisy-or): 1 - product of (1 - sign). Sources of the
signs: the announced agents of the named products; Apple's Mail Privacy Protection (a bare `Mozilla/5.0`, loaded at
delivery); link scanners, which fetch within seconds of delivery, with HEAD, or every link of a mail at once.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from tidings.events.networks import PICTURES

_PROGRAM: Final = re.compile(
    r"bot\b|crawl|spider|scan|preview|python-|aiohttp|httpx|curl/|wget|libwww|java/|okhttp|go-http-client|axios/"
    r"|node-fetch|headless|phantomjs|facebookexternalhit|whatsapp/|telegram|slack-imgproxy|linkcheck|monitor",
    re.IGNORECASE,
)
_SCANNER: Final = re.compile(
    r"barracuda|proofpoint|mimecast|safelinks|symantec|messagelabs|ironport|trendmicro|fireeye|forcepoint|sophos"
    r"|zscaler|cloudmark|bitdefender|kaspersky|microsoft office.*existence|ms-?office; ?outlook.*scan",
    re.IGNORECASE,
)
_PICTURE_PROXY: Final = re.compile(r"googleimageproxy|yahoomailproxy|ggpht\.com", re.IGNORECASE)
_SAFE_METHODS: Final = frozenset({"GET", "POST"})
_INSTANTLY = 2.0
_AT_ONCE = 5.0
ALL_LINKS_WITHIN = 10.0
"""Seconds within which a scanner has followed every link of a mail."""


class Signs(NamedTuple):
    """What is known of one opening or click besides who did it."""

    user_agent: str
    method: str = "GET"
    seconds_since_sent: float = -1.0
    """Below zero says nothing."""
    opened: bool = False
    """A picture was loaded rather than a link followed."""
    seconds_since_other_link: float | None = None
    """How long before or after it the same contact followed another link of the same mail."""
    all_links: bool = False
    """Every link of the mail, two at least, was followed within 10 s."""
    trap: bool = False
    """The link is one that people cannot see."""
    prefetch: bool = False
    """The program said that nobody has asked for it yet (`Sec-Purpose: prefetch`)."""
    network: str = ""
    """Owner of the network it came from; see `networks.py`."""


def weigh(signs: Signs) -> tuple[float, str]:
    """The probability, 0 to 1, that a machine did it, and the signs that say so, the strongest first.

    From 0.5 on it is not counted as a person's act.
    """
    human, found = _who(signs.user_agent, signs.method, signs.opened, signs.trap, signs.prefetch, signs.network)
    moment = _timing_sign(signs.seconds_since_sent)
    other = signs.seconds_since_other_link
    beside = 0.0
    if other is not None and 0 <= other < ALL_LINKS_WITHIN:
        beside = 0.6 if other < 1.0 else 0.3
    every = 0.9 if signs.all_links else 0.0
    human *= (1.0 - moment) * (1.0 - beside) * (1.0 - every)
    if max(moment, beside, every) >= _TOLD:
        found = (*found, ("early", moment), ("other_link", beside), ("all_links", every))
    if not found:
        return round(1.0 - human, 4), ""
    told = sorted((each for each in found if each[1] >= _TOLD), key=lambda each: -each[1])
    return round(1.0 - human, 4), " ".join(name for name, _ in told)


_TOLD = 0.3


@lru_cache(maxsize=16_384)
def _who(
    agent: str, method: str, opened: bool, trap: bool, prefetch: bool, network: str
) -> tuple[float, tuple[tuple[str, float], ...]]:
    """What does not depend on the moment: the chance that it is a person, and the signs against it."""
    found = (
        ("trap", 1.0 if trap else 0.0),
        ("method", 0.0 if method.upper() in _SAFE_METHODS else 0.95),
        ("agent", _agent_sign(agent, opened=opened)),
        ("prefetch", 0.95 if prefetch else 0.0),
        ("network", _network_sign(network, opened=opened)),
    )
    human = 1.0
    for _, weight in found:
        human *= 1.0 - weight
    return human, tuple(each for each in found if each[1] >= _TOLD)


def machine_score(
    user_agent: str,
    method: str,
    seconds_since_sent: float,
    *,
    opened: bool = False,
    seconds_since_other_link: float | None = None,
    trap: bool = False,
) -> float:
    """`weigh` of the commonest signs, without their names."""
    signs = Signs(
        user_agent, method, seconds_since_sent, opened=opened, seconds_since_other_link=seconds_since_other_link,
        trap=trap,
    )  # fmt: skip
    return weigh(signs)[0]


def _network_sign(owner: str, *, opened: bool) -> float:
    """Apple loads pictures for people who may never look; Google's proxy only when somebody does."""
    if not owner:
        return 0.0
    if owner in PICTURES:
        return {"apple": 0.9, "google": 0.0}[owner] if opened else 0.6
    return 0.95


def _agent_sign(agent: str, *, opened: bool) -> float:
    agent = agent.strip()
    if not agent:
        return 0.8
    if _SCANNER.search(agent):
        return 0.98
    if _PICTURE_PROXY.search(agent):
        return 0.2 if opened else 0.9  # Gmail's proxy loads a picture when the mail is opened, but follows no link
    if agent == "Mozilla/5.0":
        return 0.95
    return 0.9 if _PROGRAM.search(agent) else 0.02


def _timing_sign(seconds: float) -> float:
    """Faster than mail arrives and is read: strong doubt within two seconds, weak within five, gone in a minute."""
    if seconds < 0:
        return 0.0  # clocks disagree: says nothing
    if seconds < _INSTANTLY:
        return 0.8
    if seconds < _AT_ONCE:
        return 0.45
    return max(0.0, 0.3 * (1 - seconds / 60))
