"""Signed tokens of links: 24 URL-safe characters that say who, which campaign and which link, and nothing readable.

10 bytes of content (purpose 2 bits, step 6, campaign 28, link 10, contact 34) and 8 bytes of keyed BLAKE2b. What lets
click and what lets unsubscribe are different parts of one person's hash, so a click token can never unsubscribe
anybody. A click's MAC does not cover the link: its number only chooses from the campaign's immutable table, where the
same person may go anyway, and so one hash serves all links of a message.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b32decode, b32encode, urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from enum import IntEnum
from hmac import compare_digest
from typing import NamedTuple

from tidings.domain.channel import Channel

LENGTH = 24
RETURN_LENGTH = 29
"""Of a token in a return address: base32, because mail systems may change the case of a local part."""
_BYTES = 18
_MAC = 8
_TAIL = 16
"""Of a token, characters that depend on the person only, while its number is below `NARROW`."""
NARROW = 1 << 32
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/", b"+/  ")
"""What is not URL-safe becomes what base64 does not know."""
MOST_STEPS = 1 << 6
"""So many steps of a campaign a token can tell apart."""
_LIMITS = {"step": MOST_STEPS, "campaign_pk": 1 << 28, "link": 1 << 10, "contact_pk": 1 << 34}


class TokenPurpose(IntEnum):
    """What a token allows."""

    OPEN = 0
    """The pixel of those who have consented to it; `link` is 0."""
    CLICK = 1
    UNSUBSCRIBE = 2
    RETURN = 3
    """Names a delivery in the envelope sender (VERP) and as ENVID; allows nothing but to report on it."""
    PUSH = 4
    """Opens the page on which its person allows notifications or turns them off.

    Two bits say what a token is for: it shares those of OPEN, and a key of its own keeps them apart.
    """
    CONFIRM = 5
    """Opens the page on which its person confirms a consent; shares the bits of CLICK, and has a key of its own."""


class Token(NamedTuple):
    """What stands in a token. `link` indexes the campaign's link table; in an unsubscribe it says from what."""

    purpose: TokenPurpose
    campaign_pk: int
    contact_pk: int
    step: int = 0
    link: int = 0

    @property
    def channel(self) -> Channel:
        """From which channel an unsubscribe is: the link out of a text message ends text messages."""
        return next((channel for channel, no in OUT_OF.items() if no == self.link), Channel.EMAIL)


OUT_OF = {Channel.EMAIL: 0, Channel.SMS: 1, Channel.PUSH: 2}
"""What stands for the channel in an unsubscribe token."""


class TokenSigner:
    """Makes and reads tokens with keys derived from the installation's signing key."""

    def __init__(self, signing_key: bytes) -> None:
        keys = {
            purpose: hashlib.blake2b(purpose.name.encode(), key=signing_key[:64], digest_size=32).digest()
            for purpose in TokenPurpose
        }
        # a copy of a keyed state costs half of making it
        self._states = {purpose: hashlib.blake2b(key=key, digest_size=_MAC) for purpose, key in keys.items()}
        person_key = hashlib.blake2b(b"PERSON", key=signing_key[:64], digest_size=32).digest()
        self._person_state = hashlib.blake2b(key=person_key, digest_size=2 * _MAC)
        id_key = hashlib.blake2b(b"MESSAGE-ID", key=signing_key[:64], digest_size=32).digest()
        self._id_state = hashlib.blake2b(key=id_key, digest_size=16)

    def make(self, token: Token) -> str:
        """The token as text. Raises ValueError when a number does not fit its bits."""
        for name, limit in _LIMITS.items():
            if not 0 <= getattr(token, name) < limit:
                raise ValueError(f"{name} {getattr(token, name)} does not fit a token")
        return self.sign(token.purpose, token.campaign_pk, token.contact_pk, token.step, token.link)

    def sign(self, purpose: TokenPurpose, campaign_pk: int, contact_pk: int, step: int, link: int) -> str:
        """`make` without checks."""
        return self.token(purpose, campaign_pk, contact_pk, step, link).decode("ascii")

    def token(self, purpose: TokenPurpose, campaign_pk: int, contact_pk: int, step: int, link: int) -> bytes:
        """`make` without checks or objects, for the sending loop, which has checked the limits at launch."""
        packed = _content(purpose, campaign_pk, contact_pk, step, link)
        mac = self._mac(Token(purpose, campaign_pk, contact_pk, step, link), packed)
        return b2a_base64(packed + mac, newline=False).translate(_URL_SAFE)

    @staticmethod
    def head(purpose: TokenPurpose, campaign_pk: int, step: int, link: int) -> bytes:
        """What the tokens of all people below `NARROW` begin with: 8 characters; one of `tails` follows."""
        packed = _content(purpose, campaign_pk, 0, step, link)
        return b2a_base64(packed[:6], newline=False).translate(_URL_SAFE)

    def tails(self, campaign_pk: int, contact_pk: int, step: int) -> tuple[bytes, bytes]:
        """How the click tokens and the unsubscribe token of a person below `NARROW` end."""
        low = contact_pk.to_bytes(4, "big")
        mac = self._of_person(campaign_pk, contact_pk, step)
        both = b2a_base64(low + mac[:_MAC] + low + mac[_MAC:], newline=False).translate(_URL_SAFE)
        return both[:_TAIL], both[_TAIL:]

    def _of_person(self, campaign_pk: int, contact_pk: int, step: int) -> bytes:
        """What lets click, then what lets unsubscribe."""
        state = self._person_state.copy()
        state.update((((step << 28) | campaign_pk) << 34 | contact_pk).to_bytes(9, "big"))
        return state.digest()

    def sign_return(self, campaign_pk: int, contact_pk: int, step: int) -> str:
        """What stands after the plus of a return address: lower case, nothing but letters and digits."""
        packed = _content(TokenPurpose.RETURN, campaign_pk, contact_pk, step, 0)
        return b32encode(packed + self._whole(TokenPurpose.RETURN, packed)).decode("ascii").rstrip("=").lower()

    def read_return(self, text: str) -> Token | None:
        """The delivery a return address names, or None when it is malformed or forged; case does not matter."""
        if len(text) != RETURN_LENGTH or not text.isascii():
            return None
        try:
            raw = b32decode(text.upper() + "===")
        except (Base64Error, ValueError):
            return None
        return self.read(urlsafe_b64encode(raw).decode("ascii"), TokenPurpose.RETURN)

    def _mac(self, token: Token, packed: bytes) -> bytes:
        purpose, campaign_pk, contact_pk, step, link = token
        if purpose is TokenPurpose.CLICK:
            return self._of_person(campaign_pk, contact_pk, step)[:_MAC]
        if purpose is TokenPurpose.UNSUBSCRIBE and not link:
            return self._of_person(campaign_pk, contact_pk, step)[_MAC:]
        return self._whole(purpose, packed)

    def _whole(self, purpose: TokenPurpose, packed: bytes) -> bytes:
        """A MAC of all the content, as earlier versions gave every token one."""
        mac = self._states[purpose].copy()
        mac.update(packed)
        return mac.digest()

    def read(self, text: str, purpose: TokenPurpose) -> Token | None:
        """The token's content, or None when it is malformed, forged, or of another purpose."""
        if len(text) != LENGTH:
            return None
        try:
            raw = a2b_base64(text.encode("ascii").translate(_FROM_URL), strict_mode=True)
        except (Base64Error, ValueError):
            return None
        packed, mac = raw[:-_MAC], raw[-_MAC:]
        if len(raw) != _BYTES or packed[0] >> 6 != purpose & 3:
            return None
        token = _token(packed, purpose)
        fits = compare_digest(mac, self._mac(token, packed)) or compare_digest(mac, self._whole(purpose, packed))
        return token if fits else None

    def message_id(self, campaign_pk: int, contact_pk: int, step: int) -> str:
        """The left part of the Message-ID: the same for the same delivery, however often it is tried."""
        packed = b"%d.%d.%d" % (campaign_pk, contact_pk, step)
        mac = self._id_state.copy()
        mac.update(packed)
        return mac.hexdigest()


def nobodys_number() -> int:
    """A number no contact has, for a test message: another each time, since providers take the same for a repeat."""
    upper_half = _LIMITS["contact_pk"] // 2  # contacts count from 1
    return upper_half + secrets.randbelow(upper_half)


def _content(purpose: TokenPurpose, campaign_pk: int, contact_pk: int, step: int, link: int) -> bytes:
    number = ((((purpose & 3) << 6 | step) << 28 | campaign_pk) << 10 | link) << 34 | contact_pk
    return number.to_bytes(10, "big")


def _token(packed: bytes, purpose: TokenPurpose) -> Token:
    number = int.from_bytes(packed, "big")
    contact, link = number & (1 << 34) - 1, number >> 34 & (1 << 10) - 1
    campaign, step = number >> 44 & (1 << 28) - 1, number >> 72 & (1 << 6) - 1
    return Token(purpose, campaign, contact, step, link)
