"""Mail shown in a page: untrusted HTML, answered with a policy under which it can do nothing but be looked at."""

from __future__ import annotations

import re

from starlette.responses import HTMLResponse

CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_DARK_STYLES = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
# What a mail client in dark mode does to a message that brings no dark styles of its own.
_INVERTED = (
    "<style>html{background:#111}body{filter:invert(1) hue-rotate(180deg);background:#eee!important}"
    "img{filter:invert(1) hue-rotate(180deg)}</style>"
)


def mail_response(html: str, *, dark: bool = False) -> HTMLResponse:
    """The message's HTML for a sandboxed frame: no script, no remote picture, no form; links open a new tab.

    Light or dark is what was asked for and not the reader's own theme: the message's dark styles are switched on or
    off, and one that has none is inverted for dark, as mail clients do.
    """
    own = _DARK_STYLES.search(html) is not None
    shown = _DARK_STYLES.sub("@media all" if dark else "@media not all", html)
    scheme = f"<style>:root{{color-scheme:{'dark' if dark else 'light'}}}</style>"
    head = '<base target="_blank">' + scheme + (_INVERTED if dark and not own else "")
    at = shown.lower().find("</head>")
    shown = shown[:at] + head + shown[at:] if at >= 0 else head + shown
    return HTMLResponse(shown, headers={"content-security-policy": CSP, "cross-origin-resource-policy": "same-origin"})
