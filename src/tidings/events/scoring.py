"""How likely a program, not the person, opened or clicked. Such events are kept and labelled, never dropped.

Each sign speaks by itself; together they count as independent (noisy-or): 1 - product of (1 - sign). Sources of the
signs: the announced agents of the named products; Apple's Mail Privacy Protection (a bare `Mozilla/5.0`, loaded at
delivery); link scanners, which fetch within seconds of delivery, with HEAD, or every link of a mail at once.
"""

from __future__ import annotations

import re
from typing import Final

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
_ALL_LINKS_WITHIN = 10.0


def machine_score(
    user_agent: str,
    method: str,
    seconds_since_sent: float,
    *,
    opened: bool = False,
    seconds_since_other_link: float | None = None,
    trap: bool = False,
) -> float:
    """The probability, 0 to 1, that a machine did it; from 0.5 on it is not counted as a person's act.

    `opened`: a picture was loaded rather than a link followed. `seconds_since_other_link`: how long ago the same
    contact followed another link of the same mail, None if never. `trap`: the link is one that people cannot see.
    """
    signs = [
        1.0 if trap else 0.0,
        0.95 if method.upper() not in _SAFE_METHODS else 0.0,
        _agent_sign(user_agent.strip(), opened=opened),
        _timing_sign(seconds_since_sent),
        0.6 if seconds_since_other_link is not None and 0 <= seconds_since_other_link < 1.0 else 0.0,
        0.3 if seconds_since_other_link is not None and 1.0 <= seconds_since_other_link < _ALL_LINKS_WITHIN else 0.0,
    ]
    human = 1.0
    for sign in signs:
        human *= 1.0 - sign
    return round(1.0 - human, 4)


def _agent_sign(agent: str, *, opened: bool) -> float:
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
