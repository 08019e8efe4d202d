"""Mail shown in a page: untrusted HTML, answered with a policy under which it can do nothing but be looked at."""

from __future__ import annotations

from starlette.responses import HTMLResponse

CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
# What a mail client in dark mode does to a message that brings no dark styles of its own.
_DARK = (
    "<style>:root{color-scheme:dark}html{background:#111}"
    "body{filter:invert(1) hue-rotate(180deg);background:#eee!important}img{filter:invert(1) hue-rotate(180deg)}"
    "</style>"
)


def mail_response(html: str, *, dark: bool = False) -> HTMLResponse:
    """The message's HTML for a sandboxed frame: no script, no remote picture, no form; links open a new tab."""
    head = '<base target="_blank">' + (_DARK if dark else "")
    at = html.lower().find("</head>")
    shown = html[:at] + head + html[at:] if at >= 0 else head + html
    return HTMLResponse(shown, headers={"content-security-policy": CSP, "cross-origin-resource-policy": "same-origin"})
