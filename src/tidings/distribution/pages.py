"""The few pages a reader of a mail meets: unsubscribe, done, link not valid. Self-contained under a strict CSP.

They work without JavaScript, in the message's language, and name the channel it came by (`page_texts.py`). Where
nothing is known of the message, the browser says the language.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from enum import Enum
from html import escape

from tidings.distribution.page_texts import TROUBLE, WORDS, language_asked
from tidings.distribution.page_texts_short import words_for
from tidings.domain.channel import Channel

_STYLE = """
:root{color-scheme:light dark}
body{font:1.05rem/1.6 system-ui,sans-serif;margin:0;display:grid;min-height:100vh;place-items:center;
background:#f6f7fb;color:#1c2030}
main{max-width:32rem;margin:1rem;padding:2rem;background:#fff;border-radius:12px;border:1px solid #d9dce8}
h1{font-size:1.4rem;line-height:1.3;margin:0 0 .75rem}
p{margin:0 0 1rem}
p:empty{margin:0}
main>:last-child{margin-bottom:0}
@media(max-width:30rem){main{padding:1.5rem}}
button{font:inherit;font-weight:600;padding:.7rem 1.4rem;border:0;border-radius:8px;background:#4353d0;color:#fff;
cursor:pointer}
button.quiet{background:transparent;color:#3342b0;border:1px solid currentColor;padding:.55rem 1.1rem}
hr{border:0;border-top:1px solid #d9dce8;margin:1.5rem 0}
h2,label{display:block;font-size:1.05rem;font-weight:600;margin:0 0 .75rem}
label{margin:0}
.row{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center}
.row+.row{margin-top:1rem}
div.row>p{flex:1 1 14rem;margin:0}
select{font:inherit;padding:.55rem .75rem;border:1px solid #8b90a8;border-radius:8px;background:transparent;
color:inherit}
[role=status]{padding:.5rem .75rem;border-radius:8px;background:#e3f4e8;color:#14532d}
button:focus-visible,select:focus-visible{outline:3px solid #1c2030;outline-offset:3px}
@media(prefers-color-scheme:dark){body{background:#12141c;color:#e8eaf4}main{background:#1b1e2a;border-color:#363b50}
button{background:#aab4ff;color:#12141c}button.quiet{background:transparent;color:#aab4ff}hr{border-color:#363b50}
option{background:#1b1e2a;color:#e8eaf4}[role=status]{background:#14321f;color:#bbf0cb}
button:focus-visible,select:focus-visible{outline-color:#e8eaf4}}
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


def page(title: str, body: str, language: str = "en") -> bytes:
    """One whole page; `body` is HTML already."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    ).encode()


class Opens(Enum):
    """What there is to say to somebody about the seeing of opens."""

    UNSAID = "nothing"
    SEEN = "they allow it, and can forbid it"
    ASKED = "they can allow it"


def ask(
    language: str, brand: str, *, opens: Opens, channel: Channel = Channel.EMAIL, rest: str = "", more: str = "",
    notice: str = "",
) -> bytes:  # fmt: skip
    """Asks before anything is done. `rest`, `more` and `notice` are HTML of what else can be chosen."""
    words = words_for(language, channel)
    body = notice + text(words.ask_words, brand) + button(words.leave) + rest
    if opens is Opens.SEEN:
        body += "<hr>" + text(words.opens_words, brand) + button(words.opens, "opens", quiet=True)
    elif opens is Opens.ASKED:
        body += "<hr>" + text(words.see_words, brand) + button(words.see, "see", quiet=True)
    return page(words.ask, body + more, language)


def done(
    language: str, brand: str, *, again: bool, channel: Channel = Channel.EMAIL, more: str = "", notice: str = ""
) -> bytes:
    """Confirms the no; `again`: offers to take it back; `more` and `notice` as in `ask`."""
    words = words_for(language, channel)
    body = notice + text(words.done_words, brand)
    if again:
        body += "<hr>" + text(words.again_words, brand) + button(words.again, "again", quiet=True)
    return page(words.done, body + more, language)


def subscribed(language: str, brand: str, *, channel: Channel = Channel.EMAIL) -> bytes:
    """Confirms that the no was taken back."""
    words = words_for(language, channel)
    return page(words.back, text(words.back_words, brand), language)


def opens_stopped(language: str, brand: str) -> bytes:
    """Confirms that opens are no longer seen."""
    return page(WORDS[language].opens_done, text(WORDS[language].opens_done_words, brand), language)


def opens_allowed(language: str, brand: str) -> bytes:
    """Confirms that opens may be seen."""
    return page(WORDS[language].seen, text(WORDS[language].seen_words, brand), language)


def too_late(language: str, brand: str, *, channel: Channel = Channel.EMAIL) -> bytes:
    """The no can no longer be taken back on the page."""
    words = words_for(language, channel)
    return page(words.gone, text(words.gone_words, brand), language)


def text(words: str, brand: str) -> str:
    """A paragraph of words in which `{brand}` is the sender's name."""
    return f"<p>{escape(words.replace('{brand}', brand))}</p>"


def button(label: str, what: str = "", *, quiet: bool = False) -> str:
    """A form of one button, which posts to the page's own address."""
    hidden = f'<input type="hidden" name="what" value="{what}">' if what else ""
    kind = ' class="quiet"' if quiet else ""
    return f'<form method="post">{hidden}<button type="submit"{kind}>{escape(label)}</button></form>'


def not_valid(language: str) -> bytes:
    """The link was cut off, or never was one."""
    words = TROUBLE[language]
    return page(words.not_valid, text(words.not_valid_words, ""), language)


def later(language: str) -> bytes:
    """Something failed here; nothing was changed."""
    words = TROUBLE[language]
    return page(words.later, text(words.later_words, ""), language)


def not_allowed(language: str) -> bytes:
    """The address was asked in a way it does not answer."""
    words = TROUBLE[language]
    return page(words.not_allowed, text(words.not_allowed_words, ""), language)


def language_in(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The language that a request asks for, where nothing is known of a message."""
    asked = (value for name, value in headers if name == b"accept-language")
    return language_asked(next(asked, b"").decode("latin-1"))
