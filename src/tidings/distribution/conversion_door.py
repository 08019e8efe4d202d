"""Conversions from outside, without an API token: the pixel of a thank-you page and the signed postback.

`GET /c/<brand or campaign>.gif?tid=…&value=…&currency=…&key=…` trusts the click's id alone, as far as a browser can be
trusted. `GET` or `POST /c/<brand>` with a signature (`postback.py`) is for servers, and for figures that must be right.
"""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qsl

from sqlalchemy import select

from tidings.distribution.conversions import Conversions, ConversionView, NewConversion
from tidings.distribution.pixel import GIF
from tidings.distribution.postback import SIGNATURE, Postbacks
from tidings.distribution.tokens import TokenPurpose, TokenSigner
from tidings.distribution.tracking import CLICK_ID, PICTURE, Headers
from tidings.domain.errors import InvalidInputError, TidingsError
from tidings.domain.ids import is_id
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import campaign

_JSON: Headers = (
    (b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"),
)  # fmt: skip
_NOTE = b"tidings-note"


class ConversionDoor:
    """Answers `/c/…`. Blocking."""

    def __init__(self, db: Database, secrets: Secrets, conversions: Conversions, postbacks: Postbacks) -> None:
        self._db, self._conversions, self._postbacks = db, conversions, postbacks
        self._signer = TokenSigner(secrets.signing_key)

    def __call__(self, method: str, path: str, query: bytes, body: bytes) -> tuple[int, Headers, bytes]:
        """Status, headers and body of the answer."""
        parameters = _parameters(query, body)
        name = path.removeprefix("/c/")
        if name.endswith(".gif"):
            if method == "HEAD":  # a program looks whether there is something
                return 200, PICTURE, GIF
            return 200, (*PICTURE, (_NOTE, self._pixel(name.removesuffix(".gif"), method, parameters))), GIF
        try:
            return 200, _JSON, self._postback(name, method, path, parameters)
        except TidingsError as error:
            told = {"status": error.status, "code": error.code, "detail": error.message, "remedy": error.remedy}
            return error.status, _JSON, json.dumps(told).encode()

    def _pixel(self, place: str, method: str, parameters: dict[str, str]) -> bytes:
        """What became of it, for whoever sets the pixel up; a visitor's page never shows a broken picture."""
        click_id = parameters.get(CLICK_ID, "")
        if method != "GET":
            return b"not counted: only GET counts"
        token = self._signer.read(click_id, TokenPurpose.CLICK)
        if token is None:
            return b"not counted: tid is missing or not valid"
        with self._db.reading() as conn:
            query = select(campaign.c.id, campaign.c.brand_id).where(campaign.c.pk == token.campaign_pk)
            row = conn.execute(query).first()
        if row is None or place not in {row.id, row.brand_id}:
            return b"not counted: tid belongs to another campaign or brand"
        key = parameters.get("key") or f"{CLICK_ID}:{click_id}:{parameters.get('name', '')}"
        try:
            return _word(self._conversions.take(_given(parameters, key), "pixel"))
        except TidingsError as error:
            return f"not counted: {error.message}".encode("ascii", "replace")

    def _postback(self, brand_id: str, method: str, path: str, parameters: dict[str, str]) -> bytes:
        if method not in {"GET", "POST"}:
            raise InvalidInputError("A postback is a GET or a POST.")
        if not is_id(brand_id, "brand"):
            raise InvalidInputError("The path names no brand.", remedy="Write /c/ and the brand's id: /c/brd_…")
        self._postbacks.check(brand_id, method, path, parameters)
        signature = parameters[SIGNATURE].lower()
        key = parameters.get("key") or f"postback:{hashlib.sha256(signature.encode()).hexdigest()[:32]}"
        view = self._conversions.take(_given(parameters, key), "postback", brands=[brand_id])
        return json.dumps({"status": _word(view).decode(), "id": view.id, "campaign_id": view.campaign_id}).encode()


def _parameters(query: bytes, body: bytes) -> dict[str, str]:
    """Of the query and of a form; the first of several of one name."""
    found: dict[str, str] = {}
    for text in (query.decode("latin-1"), body.decode("latin-1")):
        for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=50):
            found.setdefault(name, value)
    return found


def _given(parameters: dict[str, str], key: str) -> NewConversion:
    return NewConversion(
        key=key, click_id=parameters.get(CLICK_ID, ""), contact_id=parameters.get("contact_id", ""),
        email_sha256=parameters.get("email_sha256", ""), name=parameters.get("name", ""),
        value=parameters.get("value", "0"), currency=parameters.get("currency", "").upper(),
    )  # fmt: skip


def _word(view: ConversionView) -> bytes:
    return b"counted" if view.new else b"seen before"
