"""The few pages a reader of a mail meets: unsubscribe, done, link not valid. Self-contained under a strict CSP."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape

_STYLE = """
:root{color-scheme:light dark}
body{font:1.05rem/1.6 system-ui,sans-serif;margin:0;display:grid;min-height:100vh;place-items:center;
background:#f6f7fb;color:#1c2030}
main{max-width:32rem;margin:1rem;padding:2rem;background:#fff;border-radius:12px;border:1px solid #d9dce8}
h1{font-size:1.4rem;line-height:1.3;margin:0 0 .75rem}
p{margin:0 0 1rem}
button{font:inherit;font-weight:600;padding:.7rem 1.4rem;border:0;border-radius:8px;background:#4353d0;color:#fff;
cursor:pointer}
button:focus-visible{outline:3px solid #1c2030;outline-offset:3px}
@media(prefers-color-scheme:dark){body{background:#12141c;color:#e8eaf4}main{background:#1b1e2a;border-color:#363b50}
button{background:#aab4ff;color:#12141c}button:focus-visible{outline-color:#e8eaf4}}
"""
_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex"),
    (
        b"content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'".encode(),
    ),
)


def page(title: str, body: str) -> bytes:
    """One whole page; `body` is HTML already."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    ).encode()


ASK = page(
    "Stop these e-mails?",
    "<p>Press the button and you will get no more marketing e-mails from us at this address. "
    "It holds at once and for good.</p>"
    '<form method="post"><button type="submit">Unsubscribe</button></form>',
)
DONE = page(
    "You are unsubscribed",
    "<p>You will get no more marketing e-mails from us at this address. You can close this page.</p>",
)
NOT_VALID = page(
    "This link is not valid",
    "<p>It may have been cut off by your mail program. Please open the mail again and follow the link from there, "
    "or simply reply to the mail.</p>",
)
LATER = page("Please try again in a moment", "<p>We could not write down your wish just now. Nothing was changed.</p>")
NOT_ALLOWED = page("This cannot be done here", "<p>Please open the link in a browser.</p>")
