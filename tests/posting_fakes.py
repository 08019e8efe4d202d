"""Services that take postings, on loopback: built from their published shapes, and as strict as they are.

Each says in its docstring where its shapes are from. `mood` is how it answers; what it took stands in `taken`.
"""

# ruff: noqa: PLR0911 - a fake answers as soon as it knows

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from httpx2 import Headers

from tidings.net.client import Answer as Fetched

TOKEN = "token-that-nobody-may-see"
FLOW = "/workflows/abc/triggers/manual/paths/invoke"
CUT: tuple[int, dict[str, str], Any] = (0, {}, {})
"""The connection is cut after the request was taken."""


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        assert self.headers.get("content-type", "").startswith("application/json"), self.headers
        return json.loads(self.raw)

    @property
    def form(self) -> dict[str, str]:
        assert self.headers.get("content-type") == "application/x-www-form-urlencoded", self.headers
        return {name: values[0] for name, values in parse_qs(self.raw.decode(), keep_blank_values=True).items()}

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


Answer = tuple[int, dict[str, str], Any]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
ALT = "A loaf"


def with_picture(_url: str) -> Fetched:
    """What stands at the picture's address."""
    return Fetched(200, Headers(), PICTURE)


@dataclass
class FakeService:
    """What all have: a mood, and what they took."""

    mood: str = "ok"
    taken: list[Any] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    looked: int = 0
    base: str = ""
    let_go: threading.Event = field(default_factory=threading.Event)
    """In the mood `hang`, what was taken is answered when this is set."""

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def after(self, answer: Answer) -> Answer:
        """The answer to a request that posted: lost, where the mood says so."""
        return CUT if self.mood == "cut" else answer

    def limited(self) -> dict[str, str]:
        return {"Retry-After": "120"}


def only(body: dict[str, Any], required: set[str], optional: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    """What is missing or unknown."""
    return sorted(required - set(body)) + sorted(set(body) - required - optional)


class FakeTeams(FakeService):
    """learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using: 202, empty."""

    def answer(self, asked: Asked) -> Answer:
        if asked.method != "POST" or asked.path != FLOW:
            return 404, {}, {"error": {"code": "WorkflowNotFound"}}
        if self.mood == "expired" or asked.query.get("sig") != TOKEN:
            return 401, {}, {"error": {"code": "DirectApiAuthorizationRequired", "message": f"bad sig {TOKEN}"}}
        if self.mood == "forbidden":
            return 403, {}, {"error": {"code": "Forbidden", "message": "disabled"}}
        if self.mood == "limited":
            return 429, self.limited(), {"error": {"code": "WorkflowTriggerRateLimit"}}
        if self.mood in {"500", "503"}:
            return int(self.mood), {}, {"error": {"code": "InternalServerError"}}
        body = asked.json
        (attachment,) = body["attachments"]
        card = attachment["content"]
        wrong = only(body, {"type", "attachments"}) + only(attachment, {"contentType", "contentUrl", "content"})
        if wrong or attachment["contentType"] != "application/vnd.microsoft.card.adaptive" or len(asked.raw) > 28_000:
            return 400, {}, {"error": {"code": "TriggerInputSchemaMismatch", "message": str(wrong)}}
        assert (card["type"], card["version"], body["type"]) == ("AdaptiveCard", "1.5", "message")
        assert all(block["type"] in {"TextBlock", "Image"} for block in card["body"])
        self.taken.append("\n\n".join(block["text"] for block in card["body"] if block["type"] == "TextBlock"))
        return self.after((202, {"x-ms-workflow-run-id": f"run{len(self.taken)}"}, b""))


class FakeSlackWebhook(FakeService):
    """docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: 200 `ok`, errors as plain words."""

    def answer(self, asked: Asked) -> Answer:
        if asked.path != f"/services/T0/B0/{TOKEN}" or self.mood == "expired":
            return 404, {}, b"no_service"
        if self.mood == "forbidden":
            return 403, {}, b"action_prohibited"
        if self.mood == "limited":
            return 429, self.limited(), b"rate_limited"
        if self.mood in {"500", "503"}:
            return int(self.mood), {}, b"rollup_error"
        body = asked.json
        if only(body, {"text"}, {"blocks"}) or len(body["text"]) > 40_000:
            return 400, {}, b"invalid_payload"
        self.taken.append(body["text"])
        return self.after((200, {}, b"ok"))


class FakeSlackBot(FakeService):
    """docs.slack.dev/reference/methods/chat.postMessage, chat.getPermalink, conversations.history, auth.test."""

    def answer(self, asked: Asked) -> Answer:
        if asked.bearer != TOKEN:
            return 200, {}, {"ok": False, "error": "not_authed"}
        if self.mood == "expired":
            return 200, {}, {"ok": False, "error": "token_expired"}
        if self.mood == "forbidden":
            return 200, {}, {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "identify"}
        if self.mood == "limited":
            return 429, self.limited(), {"ok": False, "error": "ratelimited"}
        if self.mood in {"500", "503"}:
            return int(self.mood), {}, b"<html>Server Error</html>"
        match asked.method, asked.path:
            case "POST", "/chat.postMessage":
                return self._post(asked.json)
            case "GET", "/chat.getPermalink":
                ts = asked.query["message_ts"].replace(".", "")
                found = f"https://northwind.slack.com/archives/{asked.query['channel']}/p{ts}"
                return 200, {}, {"ok": True, "channel": asked.query["channel"], "permalink": found}
            case "GET", "/conversations.history":
                messages = [
                    {"ts": f"1700000000.00000{no}", **({"metadata": each["metadata"]} if "metadata" in each else {})}
                    for no, each in enumerate(self.taken, 1)
                ]
                return 200, {}, {"ok": True, "messages": messages, "has_more": False}
            case "POST", "/auth.test":
                return 200, {}, {"ok": True, "user": "tidings", "team": "Northwind"}
            case _:
                return 200, {}, {"ok": False, "error": "unknown_method"}

    def _post(self, body: dict[str, Any]) -> Answer:
        if only(body, {"channel", "text"}, {"blocks", "metadata"}):
            return 200, {}, {"ok": False, "error": "invalid_arguments"}
        if body["channel"] != "C0123456789":
            return 200, {}, {"ok": False, "error": "channel_not_found"}
        if len(body["text"]) > 40_000:
            return 200, {}, {"ok": False, "error": "msg_too_long"}
        self.taken.append(body)
        ts = f"1700000000.00000{len(self.taken)}"
        return self.after(
            (200, {}, {"ok": True, "channel": body["channel"], "ts": ts, "message": {"text": body["text"]}})
        )


class FakeLinkedIn(FakeService):
    """learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api; errors as the guide has them."""

    def answer(self, asked: Asked) -> Answer:
        if asked.bearer != TOKEN or self.mood == "expired":
            words = f"The token {TOKEN} used in the request has expired"
            return 401, {}, {"status": 401, "serviceErrorCode": 65602, "code": "EXPIRED_ACCESS_TOKEN", "message": words}
        if self.mood == "forbidden":
            words = "Not enough permissions to access: posts.CREATE.20260601"
            return 403, {}, {"status": 403, "serviceErrorCode": 100, "code": "ACCESS_DENIED", "message": words}
        if self.mood == "limited":
            return (
                429,
                self.limited(),
                {"status": 429, "code": "TOO_MANY_REQUESTS", "message": "Resource level throttle"},
            )
        if self.mood in {"500", "503"}:
            return int(self.mood), {}, {"status": int(self.mood), "message": "Internal Server Error"}
        if (asked.method, asked.path) == ("PUT", "/dms-uploads/1"):
            self.pictures = [asked.raw]
            return 201, {}, b""
        if not re.fullmatch(r"20\d{4}", asked.headers.get("linkedin-version", "")):
            return 400, {}, {"status": 400, "code": "VERSION_MISSING", "message": "A version must be present."}
        if asked.headers["linkedin-version"] < "202506":
            words = "Requested version is not active"
            return 426, {}, {"status": 426, "code": "NONEXISTENT_VERSION", "message": words}
        assert asked.headers.get("x-restli-protocol-version") == "2.0.0"
        if asked.path == "/rest/images":
            assert asked.json == {"initializeUploadRequest": {"owner": "urn:li:organization:1"}}
            return 200, {}, {"value": {"uploadUrl": f"{self.base}/dms-uploads/1", "image": "urn:li:image:1"}}
        assert (asked.method, asked.path) == ("POST", "/rest/posts")
        if "media" in asked.json.get("content", {}):
            assert asked.json["content"]["media"] == {"id": "urn:li:image:1", "altText": ALT}
            assert self.pictures == [PICTURE]
        return self._post(asked.json)

    def _post(self, body: dict[str, Any]) -> Answer:
        required = {"author", "commentary", "visibility", "distribution", "lifecycleState"}
        wrong = only(body, required, {"content", "isReshareDisabledByAuthor"})
        plain = re.sub(r"\{hashtag\|\\#\|(\w+)\}", r"#\1", body.get("commentary", ""))
        loose = re.search(r"(?<!\\)[|{}@\[\]()<>*_~]", plain)
        text = re.sub(r"\\(.)", r"\1", plain)
        if wrong or loose or body["lifecycleState"] != "PUBLISHED":
            return 422, {}, {"status": 422, "code": "INVALID", "message": f"{wrong} {loose}"}
        if len(text) > 3_000:
            return 422, {}, {"status": 422, "code": "MAX_LENGTH", "message": "commentary exceeds 3000 characters"}
        if text in self.taken:
            words = f"Content is a duplicate of urn:li:share:{7_000 + self.taken.index(text) + 1}"
            return 422, {}, {"status": 422, "code": "DUPLICATE_POST", "message": words}
        self.taken.append(text)
        return self.after((201, {"x-restli-id": f"urn:li:share:{7_000 + len(self.taken)}"}, b""))


@dataclass
class FakeX(FakeService):
    """docs.x.com/x-api/posts/create-post, …/oauth-2-0/user-access-token; problems after its error reference."""

    access: str = TOKEN
    refresh: str = "refresh-1"
    described: str = ""

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/2/oauth2/token":
            return self._renew(asked)
        if self.mood == "expired" or not self._knows(asked):
            return 401, {}, _problem(401, "Unauthorized", f"Unauthorized {TOKEN}")
        if self.mood == "forbidden":
            return (
                403,
                {},
                _problem(403, "Forbidden", "Your client app is not configured with the appropriate permissions."),
            )
        if self.mood == "limited":
            return 429, self.limited(), _problem(429, "Too Many Requests", "Too Many Requests")
        if self.mood in {"500", "503"}:
            return int(self.mood), {}, _problem(int(self.mood), "Service Unavailable", "Service Unavailable")
        body = asked.json
        if asked.path.startswith("/2/media/"):
            return self._media(asked.path, body)
        if "media" in body:
            assert body["media"] == {"media_ids": ["146"]}
            assert (self.pictures, self.described) == ([PICTURE], ALT)
        if only(body, {"text"}, {"media"}) or asked.path != "/2/tweets":
            errors = [{"parameters": body, "message": "unknown field"}]
            return (
                400,
                {},
                {**_problem(400, "Invalid Request", "One or more parameters was invalid."), "errors": errors},
            )
        if len(re.sub(r"https?://\S+", "x" * 23, body["text"])) > 280:
            return 403, {}, _problem(403, "Forbidden", "Your Tweet text is too long. duplicate content or too long")
        if body["text"] in self.taken:
            words = "You are not allowed to create a Tweet with duplicate content."
            return 403, {}, _problem(403, "Forbidden", words)
        self.taken.append(body["text"])
        data = {
            "id": str(1_445_880_548_472_328_000 + len(self.taken)),
            "text": body["text"],
            "edit_history_tweet_ids": list[str](),
        }
        return self.after((201, {}, {"data": data}))

    def _media(self, path: str, body: dict[str, Any]) -> Answer:
        """docs.x.com/x-api/media/upload-media and …/create-media-metadata."""
        if path == "/2/media/upload":
            assert (body["media_category"], body["media_type"]) == ("tweet_image", "image/png")
            self.pictures = [base64.b64decode(body["media"])]
            return 200, {}, {"data": {"id": "146", "media_key": "3_146", "expires_after_secs": 86400}}
        assert (path, body["id"]) == ("/2/media/metadata", "146")
        self.described = body["metadata"]["alt_text"]["text"]
        return 200, {}, {"data": {"id": "146"}}

    def _knows(self, asked: Asked) -> bool:
        said = asked.headers.get("authorization", "")
        return said == f"Bearer {self.access}" or self._signed(asked, said)

    def _signed(self, asked: Asked, said: str) -> bool:
        """The OAuth 1.0a signature, computed anew after RFC 5849."""
        from urllib.parse import quote, unquote

        if not said.startswith("OAuth "):
            return False
        given = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', said)}
        found = given.pop("oauth_signature")
        listed = "&".join(f"{quote(name, safe='')}={quote(given[name], safe='-._~')}" for name in sorted(given))
        text = f"POST&{quote(self.base + asked.path, safe='')}&{quote(listed, safe='')}"
        wanted = hmac.new(b"app-secret&token-secret", text.encode(), "sha1").digest()
        return hmac.compare_digest(base64.b64decode(found), wanted)

    def _renew(self, asked: Asked) -> Answer:
        form = asked.form
        right = base64.b64encode(b"client:client-secret").decode()
        if self.mood == "revoked" or form != {
            "grant_type": "refresh_token", "refresh_token": self.refresh, "client_id": "client",
        } or asked.headers.get("authorization") != f"Basic {right}":  # fmt: skip
            words = "Value passed for the token was invalid."
            return 400, {}, {"error": "invalid_request", "error_description": words}
        self.access, self.refresh = "access-2-of-the-service", "refresh-2"
        self.mood = "ok"
        answer = {
            "token_type": "bearer",
            "expires_in": 7200,
            "access_token": self.access,
            "refresh_token": self.refresh,
        }
        return 200, {}, answer


def _problem(status: int, title: str, detail: str) -> dict[str, Any]:
    return {"title": title, "type": "about:blank", "status": status, "detail": detail}


class FakeGraph(FakeService):
    """developers.facebook.com/docs: graph-api/guides/error-handling, pages-api/posts, instagram-platform."""

    @property
    def _error(self) -> Answer | None:
        match self.mood:
            case "expired":
                return _graph(
                    400, 190, "OAuthException", f"Error validating access token {TOKEN}: Session has expired", 463
                )
            case "forbidden":
                return _graph(403, 200, "OAuthException", "(#200) The user hasn't authorized the application")
            case "limited":
                status, _, body = _graph(400, 32, "OAuthException", "(#32) Page request limit reached")
                return status, self.limited(), body
            case "503":
                return _graph(503, 2, "OAuthException", "Service temporarily unavailable")
            case "500":
                return _graph(500, 1, "OAuthException", "An unknown error occurred")
            case _:
                return None

    def answer(self, asked: Asked) -> Answer:
        if asked.bearer != TOKEN:
            return _graph(401, 190, "OAuthException", "Invalid OAuth access token")
        if self._error is not None:
            return self._error
        version, _, path = asked.path.removeprefix("/").partition("/")
        assert re.fullmatch(r"v\d+\.\d+", version)
        return self.objects(asked, path)

    def objects(self, asked: Asked, path: str) -> Answer:
        raise NotImplementedError


def _graph(status: int, code: int, kind: str, words: str, subcode: int = 0) -> Answer:
    error = {"message": words, "type": kind, "code": code, "error_subcode": subcode, "fbtrace_id": "A1"}
    return status, {}, {"error": error}


class FakeFacebook(FakeGraph):
    """The page 1234's feed and photos."""

    def objects(self, asked: Asked, path: str) -> Answer:
        if asked.method == "POST" and path in {"1234/feed", "1234/photos"}:
            form = asked.form
            text = "message" if path == "1234/feed" else "caption"
            if only(form, {text}, {"link", "url", "alt_text_custom"}) or len(form[text]) > 63_206:
                return _graph(400, 100, "OAuthException", "(#100) Invalid parameter")
            self.taken.append(form[text])
            name = f"1234_{len(self.taken)}"
            return self.after((200, {}, {"id": name} if text == "message" else {"id": "9", "post_id": name}))
        if asked.method == "GET" and path == "1234/feed":
            rows = [self._shown(no, text) for no, text in enumerate(self.taken, 1)]
            return 200, {}, {"data": rows}
        if asked.method == "GET" and path == "1234":
            return 200, {}, {"id": "1234", "name": "Northwind"}
        if asked.method == "GET" and path.startswith("1234_"):
            return 200, {}, {"id": path, "permalink_url": f"https://www.facebook.com/northwind/posts/{path}"}
        return _graph(400, 100, "GraphMethodException", "Unsupported request")

    def _shown(self, no: int, text: str) -> dict[str, str]:
        name = f"1234_{no}"
        return {"id": name, "message": text, "permalink_url": f"https://www.facebook.com/northwind/posts/{name}"}


@dataclass
class FakeInstagram(FakeGraph):
    """The account 5678: containers, which are ready at the second look, and media."""

    looks: int = 0
    containers: list[str] | None = None

    def objects(self, asked: Asked, path: str) -> Answer:
        made = self.containers = self.containers if self.containers is not None else []
        if asked.method == "POST" and path == "5678/media":
            form = asked.form
            if only(form, {"image_url", "caption"}, {"alt_text"}) or len(form["caption"]) > 2_200:
                return _graph(400, 100, "OAuthException", "The caption was too long")
            made.append(form["caption"])
            return 200, {}, {"id": f"c{len(made)}"}
        if asked.method == "GET" and re.fullmatch(r"c\d+", path):
            self.looks += 1
            return 200, {}, {"id": path, "status_code": "IN_PROGRESS" if self.looks == 1 else "FINISHED"}
        if asked.method == "POST" and path == "5678/media_publish":
            self.taken.append(made[int(asked.form["creation_id"].removeprefix("c")) - 1])
            return self.after((200, {}, {"id": f"m{len(self.taken)}"}))
        if asked.method == "GET" and path == "5678/media":
            rows = [{"id": f"m{no}", "caption": text, "permalink": _insta(no)} for no, text in enumerate(self.taken, 1)]
            return 200, {}, {"data": rows}
        if asked.method == "GET" and path == "5678":
            return 200, {}, {"id": path, "username": "northwind"}
        if asked.method == "GET" and re.fullmatch(r"m\d+", path):
            return 200, {}, {"id": path, "permalink": _insta(int(path[1:]))}
        return _graph(400, 100, "GraphMethodException", "Unsupported request")


def _insta(no: int) -> str:
    return f"https://www.instagram.com/p/C{no}/"


class FakeMastodon(FakeService):
    """docs.joinmastodon.org/methods/statuses and …/accounts: one status a key, 422 for one that is too long."""

    def answer(self, asked: Asked) -> Answer:
        if asked.bearer != TOKEN or self.mood == "expired":
            return 401, {}, {"error": f"The access token {TOKEN} is invalid"}
        if self.mood == "forbidden":
            return 403, {}, {"error": "This action is outside the authorized scopes"}
        if self.mood == "limited":
            return 429, self.limited(), {"error": "Too many requests"}
        if self.mood in {"500", "503"}:
            return int(self.mood), {}, {"error": "Remote service down"}
        match asked.method, asked.path:
            case "POST", "/api/v1/statuses":
                return self._post(asked)
            case "POST", "/api/v2/media":
                assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
                assert b'name="description"\r\n\r\nA loaf\r\n' in asked.raw
                assert PICTURE in asked.raw
                self.looked = 0
                return 202, {}, {"id": "22", "url": None}
            case "GET", "/api/v1/media/22":
                self.looked += 1
                return (200 if self.looked > 1 else 206), {}, {"id": "22"}
            case "GET", "/api/v1/accounts/verify_credentials":
                return 200, {}, {"id": "14715", "username": "northwind", "acct": "northwind"}
            case "GET", "/api/v1/accounts/14715/statuses":
                return 200, {}, [self._status(no) for no in range(len(self.taken), 0, -1)]
            case _:
                return 404, {}, {"error": "Record not found"}

    def _post(self, asked: Asked) -> Answer:
        body, key = asked.json, asked.headers["idempotency-key"]
        if "media_ids" in body:
            assert (body["media_ids"], self.looked) == (["22"], 2)
        if only(body, {"status"}, {"visibility", "language", "media_ids"}):
            return 422, {}, {"error": "Validation failed"}
        if len(re.sub(r"https?://\S+", "x" * 23, body["status"])) > 500:
            return 422, {}, {"error": "Validation failed: Text character limit of 500 exceeded"}
        keys = [known for known, _ in self.taken]
        if key not in keys:
            self.taken.append((key, body["status"]))
            return self.after((200, {}, self._status(len(self.taken))))
        return 200, {}, self._status(keys.index(key) + 1)

    def _status(self, no: int) -> dict[str, Any]:
        text = self.taken[no - 1][1].replace("&", "&amp;").replace("<", "&lt;")
        link = r'<a href="\1"><span class="invisible">\1</span></a>'
        paragraphs = re.sub(r"(https?://\S+)", link, text).replace("\n\n", "</p><p>").replace("\n", "<br />")
        return {"id": str(no), "url": f"https://mastodon.example/@northwind/{no}", "content": f"<p>{paragraphs}</p>"}


class FakeBluesky(FakeService):
    """docs.bsky.app, lexicons com.atproto.server.createSession and com.atproto.repo.*; an existing key gives a 500."""

    def answer(self, asked: Asked) -> Answer:
        match asked.method, asked.path.removeprefix("/xrpc/com.atproto."):
            case "POST", "server.createSession":
                if self.mood == "expired" or asked.json != {"identifier": "northwind.example", "password": TOKEN}:
                    return 401, {}, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}
                return (
                    200,
                    {},
                    {"accessJwt": "jwt", "refreshJwt": "other", "handle": "northwind.example", "did": "did:plc:n"},
                )
            case "GET", "repo.getRecord":
                keys = [record["rkey"] for record in self.taken]
                if asked.query["rkey"] in keys:
                    return 200, {}, {"uri": _at(asked.query["rkey"]), "cid": "bafy", "value": {}}
                words = f"Could not locate record: {_at(asked.query['rkey'])}"
                return 400, {}, {"error": "RecordNotFound", "message": words}
            case "POST", "repo.uploadBlob" if self.mood in {"ok", "cut"}:
                assert (asked.bearer, asked.headers["content-type"]) == ("jwt", "image/png")
                self.pictures = [asked.raw]
                return 200, {}, {"blob": {"$type": "blob", "ref": {"$link": "bafkrei"}, "mimeType": "image/png"}}
            case "POST", "repo.createRecord" | "repo.uploadBlob":
                return self._create(asked)
            case _:
                return 501, {}, {"error": "MethodNotImplemented", "message": "Method Not Implemented"}

    def _create(self, asked: Asked) -> Answer:
        if asked.bearer != "jwt":
            return 401, {}, {"error": "AuthMissing", "message": "Authentication Required"}
        if self.mood == "forbidden":
            return 403, {}, {"error": "AccountTakedown", "message": "Account has been taken down"}
        if self.mood == "limited":
            return 429, self.limited(), {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
        if self.mood in {"500", "503"}:
            return int(self.mood), {}, {"error": "InternalServerError", "message": "Internal Server Error"}
        body = asked.json
        record = body["record"]
        if record.get("embed", {}).get("$type") == "app.bsky.embed.images":
            (image,) = record["embed"]["images"]
            assert (image["alt"], image["image"]["ref"], self.pictures) == (ALT, {"$link": "bafkrei"}, [PICTURE])
        wrong = only(body, {"repo", "collection", "record"}, {"rkey", "validate", "swapCommit"})
        wrong += only(record, {"$type", "text", "createdAt"}, {"langs", "facets", "embed"})
        if wrong or body["repo"] != "did:plc:n" or not re.fullmatch(r"[2-7a-j][2-7a-z]{12}", body["rkey"]):
            return 400, {}, {"error": "InvalidRequest", "message": f"Invalid record {wrong}"}
        if len(record["text"]) > 300:  # the texts of these tests have one code point a grapheme
            words = "Record/text must not be longer than 300 graphemes"
            return 400, {}, {"error": "InvalidRequest", "message": words}
        text = record["text"].encode()
        for facet in record.get("facets", []):
            assert 0 <= facet["index"]["byteStart"] < facet["index"]["byteEnd"] <= len(text)
        if body["rkey"] in [each["rkey"] for each in self.taken]:
            return 500, {}, {"error": "InternalServerError", "message": "Internal Server Error"}
        self.taken.append(body)
        answer = {
            "uri": _at(body["rkey"]),
            "cid": "bafy",
            "commit": {"cid": "b", "rev": "3"},
            "validationStatus": "valid",
        }
        return self.after((200, {}, answer))


def _at(rkey: str) -> str:
    return f"at://did:plc:n/app.bsky.feed.post/{rkey}"


WEBHOOK_KEY = bytes(range(32))
WEBHOOK_SECRET = f"whsec_{base64.b64encode(WEBHOOK_KEY).decode()}"


class FakeReceiver(FakeService):
    """A receiver after Standard Webhooks (spec/standard-webhooks.md), with its own verifier; ids are taken once."""

    def answer(self, asked: Asked) -> Answer:
        if self.mood == "expired" or not self._right(asked):
            return 401, {}, b"bad signature"
        if self.mood == "forbidden":
            return 403, {}, b"not you"
        if self.mood == "gone":
            return 410, {}, b""
        if self.mood == "limited":
            return 429, self.limited(), b"slower"
        if self.mood in {"500", "503"}:
            return int(self.mood), {}, b"oops"
        body = asked.json
        if only(body, {"type", "timestamp", "data"}) or len(body["data"]["text"]) > 100_000:
            return 400, {}, b"unknown shape"
        name = asked.headers["webhook-id"]
        if name not in self.taken:
            self.taken.append(name)
        return self.after((200, {}, {"url": f"https://receiver.example/{len(self.taken)}"}))

    def _right(self, asked: Asked) -> bool:
        signed = b".".join(
            [asked.headers["webhook-id"].encode(), asked.headers["webhook-timestamp"].encode(), asked.raw]
        )
        inner, outer = (
            bytes(b ^ 0x36 for b in WEBHOOK_KEY.ljust(64, b"\0")),
            bytes(b ^ 0x5C for b in WEBHOOK_KEY.ljust(64, b"\0")),
        )
        by_hand = hashlib.sha256(outer + hashlib.sha256(inner + signed).digest()).digest()  # RFC 2104, without hmac
        given = [each.partition(",") for each in asked.headers["webhook-signature"].split(" ")]
        return any(version == "v1" and base64.b64decode(value) == by_hand for version, _, value in given)


@contextmanager
def running(service: FakeService) -> Generator[FakeService]:
    """The service on a free port of loopback; `service.base` is its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, parts.path, query, headers, self.rfile.read(length))
            service.requests.append(asked)
            status, more, body = service.answer(asked)
            if asked.method == "POST" and service.mood == "hang":
                service.let_go.wait(30)
            if status == 0:
                self.close_connection = True
                self.connection.close()
                return
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815  # the base class's names

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002
            """Says nothing."""

        def finish(self) -> None:
            if not self.connection._closed:  # type: ignore[attr-defined]
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
