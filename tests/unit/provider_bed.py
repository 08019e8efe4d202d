"""The other side of providers with an HTTP API: loopback servers built from the published shapes, strict in what they
take. Each checks who asks, the address, the content type, every field, and answers as the provider's pages say."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET = "not-for-anybody"
AZURE_KEY = base64.b64encode(SECRET.encode()).decode()


@dataclass
class OtherSide:
    """How the other side behaves, by recipient, and what it has taken."""

    refuses: frozenset[str] = frozenset()
    puts_off: frozenset[str] = frozenset()
    loses_every: int = 0
    """Its answer to every n-th message is lost after it has taken it."""
    taken: Callable[[], Counter[str]] = Counter
    bodies: Callable[[], list[bytes]] = list


@dataclass
class Hit:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """One answer; `cut` closes the connection instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


class Fake:
    """Base of the fakes: counts what it took, by recipient."""

    def __init__(self, side: OtherSide) -> None:
        self.side, self.address = side, ""
        self.to: Counter[str] = Counter()
        self.texts: list[bytes] = []
        self.hits: list[Hit] = []
        self.keys: dict[str, Reply] = {}
        self.lost: set[str] = set()
        self.script: list[Reply] = []
        """Answers that come first, whatever is asked."""
        side.taken, side.bodies = lambda: self.to, lambda: self.texts

    def answer(self, hit: Hit) -> Reply:
        self.hits.append(hit)
        if self.script:
            return self.script.pop(0)
        return self.judge(hit)

    def judge(self, hit: Hit) -> Reply:
        raise NotImplementedError

    def take(self, to: str, text: bytes, reply: Reply, key: str = "") -> Reply:
        """Keeps the message and answers; a key that is known has its effect once. Every n-th answer is lost."""
        if key and key in self.keys:
            return Reply(cut=True) if key in self.lost else self.keys[key]
        self.to[to] += 1
        self.texts.append(text)
        if key:
            self.keys[key] = reply
        if self.side.loses_every and sum(self.to.values()) % self.side.loses_every == 0:
            self.lost.add(key)
            return Reply(cut=True)
        return reply


def wrong(condition: bool, what: str) -> None:
    """The fake's own assertion: what it says becomes the provider's 400."""
    if condition:
        raise StrictError(what)


class StrictError(Exception):
    """The request is not what the provider's pages describe."""


@contextmanager
def serving(fake: Fake) -> Iterator[Fake]:
    """The fake on a port of its own, in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    server: list[asyncio.Server] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (hit := await _read(reader)) is not None:
                try:
                    reply = fake.answer(hit)
                except StrictError as error:
                    reply = Reply(400, {"strict": str(error)})
                if reply.cut:
                    break
                writer.write(_written(reply))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):  # the server ends
            pass
        finally:
            writer.close()

    async def start() -> None:
        server.append(await asyncio.start_server(talk, "127.0.0.1", 0))
        fake.address = f"http://127.0.0.1:{server[0].sockets[0].getsockname()[1]}"
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(5)
    try:
        yield fake
    finally:
        asyncio.run_coroutine_threadsafe(_end(server[0]), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    await asyncio.sleep(0.01)  # those just accepted become tasks
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.01)  # their sockets are closed in the loop's next rounds


async def _read(reader: asyncio.StreamReader) -> Hit | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Hit(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def _written(reply: Reply) -> bytes:
    body = (
        b"" if reply.body is None else reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    )
    headers = {"Content-Length": str(len(body)), "Content-Type": "application/json", **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


LATER = Reply(429, {"message": "later", "name": "rate_limit_exceeded", "code": 20429}, {"Retry-After": "0"})


def _only(found: dict[str, Any], known: set[str], needed: set[str]) -> None:
    wrong(bool(set(found) - known), f"unknown fields {set(found) - known}")
    wrong(bool(needed - set(found)), f"missing fields {needed - set(found)}")


def _list_headers(headers: dict[str, str]) -> None:
    wrong(headers.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click", "no one-click (RFC 8058)")
    wrong(not headers.get("List-Unsubscribe", "").startswith("<https://"), "no List-Unsubscribe")


class FakeSendGrid(Fake):
    """POST /v3/mail/send, GET /v3/scopes."""

    def judge(self, hit: Hit) -> Reply:
        if hit.headers.get("authorization") != f"Bearer {SECRET}":
            return Reply(401, {"errors": [{"message": "The provided authorization grant is invalid", "field": None}]})
        if (hit.method, hit.path) == ("GET", "/v3/scopes"):
            return Reply(200, {"scopes": ["mail.send", "alerts.read"]})
        wrong((hit.method, hit.path) != ("POST", "/v3/mail/send"), hit.target)
        wrong(hit.headers.get("content-type") != "application/json", "content type")
        body = hit.json()
        known = {"personalizations", "from", "reply_to", "subject", "content", "headers", "tracking_settings"}
        _only(body, known, {"personalizations", "from", "subject", "content"})
        kinds = [part["type"] for part in body["content"]]
        wrong(kinds != ["text/plain", "text/html"], "content must be text first, then HTML")
        wrong(not all(part["value"] for part in body["content"]), "empty content")
        own = {"to", "from", "subject", "reply-to", "cc", "bcc", "received", "dkim-signature", "content-type"}
        wrong(bool(own & {name.lower() for name in body["headers"]}), "reserved header")
        _list_headers(body["headers"])
        to = body["personalizations"][0]["to"][0]["email"]
        if to in self.side.refuses:
            error = {
                "message": "Does not contain a valid address: nobody here",
                "field": "personalizations.0.to.0.email",
            }
            return Reply(400, {"errors": [error]})
        if to in self.side.puts_off:
            return LATER
        return self.take(to, body["content"][0]["value"].encode(), Reply(202, None, {"X-Message-Id": f"sg-{to}"}))


class FakeMailgun(Fake):
    """POST /v3/{domain}/messages.mime, GET /v4/domains/{domain}."""

    def judge(self, hit: Hit) -> Reply:
        if hit.headers.get("authorization") != "Basic " + base64.b64encode(f"api:{SECRET}".encode()).decode():
            return Reply(401, b"Forbidden")
        if (hit.method, hit.path) == ("GET", "/v4/domains/mg.example.com"):
            return Reply(200, {"domain": {"name": "mg.example.com", "state": "active"}})
        wrong((hit.method, hit.path) != ("POST", "/v3/mg.example.com/messages.mime"), hit.target)
        kind = hit.headers.get("content-type", "")
        wrong(not kind.startswith("multipart/form-data; boundary="), "content type")
        form = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + hit.body)
        parts: Any = form.get_payload()
        fields = {part.get_param("name", header="content-disposition"): part for part in parts}
        wrong(bool(set(fields) - {"to", "message", "o:tracking"}) or not {"to", "message"} <= set(fields), "fields")
        wrong(not fields["message"].get_filename(), "the message must be a file")
        raw = hit.body.partition(b"application/octet-stream\r\n\r\n")[2].rpartition(b"\r\n--")[0]
        to = fields["to"].get_payload().strip()
        if to in self.side.refuses:
            return Reply(400, {"message": "'to' parameter is not a valid address: nobody here"})
        if to in self.side.puts_off:
            return LATER
        return self.take(to, raw, Reply(200, {"id": f"<mg-{to}>", "message": "Queued. Thank you."}))


class FakePostmark(Fake):
    """POST /email/batch, GET /server."""

    def judge(self, hit: Hit) -> Reply:
        if hit.headers.get("x-postmark-server-token") != SECRET:
            return Reply(401, {"ErrorCode": 10, "Message": "The Server Token you provided is invalid."})
        if (hit.method, hit.path) == ("GET", "/server"):
            return Reply(200, {"ID": 1, "Name": "Northwind"})
        wrong((hit.method, hit.path) != ("POST", "/email/batch"), hit.target)
        wrong("application/json" not in {hit.headers.get("content-type"), hit.headers.get("accept")}, "content type")
        messages = hit.json()
        wrong(not isinstance(messages, list) or not 0 < len(messages) <= 500, "a list of at most 500")
        replies = [self._one(each) for each in messages]
        if any(reply.cut for reply in replies):
            return Reply(cut=True)
        if len(replies) == 1 and replies[0].status == 429:
            return LATER
        return Reply(200, [reply.body for reply in replies])

    def _one(self, body: dict[str, Any]) -> Reply:
        known = {
            "From",
            "To",
            "Subject",
            "TextBody",
            "HtmlBody",
            "Headers",
            "MessageStream",
            "TrackOpens",
            "TrackLinks",
            "ReplyTo",
        }
        _only(body, known, {"From", "To", "TextBody", "HtmlBody", "MessageStream"})
        headers = {each["Name"]: each["Value"] for each in body["Headers"]}
        _list_headers(headers)
        wrong(headers.get("X-PM-KeepID") != "true", "the Message-ID would be replaced")
        to = body["To"]
        if to in self.side.refuses:
            words = "You tried to send to a recipient that has been marked as inactive: nobody here"
            return Reply(200, {"ErrorCode": 406, "Message": words})
        if to in self.side.puts_off:
            return Reply(429, {"ErrorCode": 429, "Message": "later"})
        row = {
            "To": to,
            "SubmittedAt": "2026-03-02T10:00:00Z",
            "MessageID": f"pm-{to}",
            "ErrorCode": 0,
            "Message": "OK",
        }
        return self.take(to, body["TextBody"].encode(), Reply(200, row))


class FakeResend(Fake):
    """POST /emails, GET /domains."""

    def judge(self, hit: Hit) -> Reply:
        if hit.headers.get("authorization") != f"Bearer {SECRET}":
            return Reply(403, {"statusCode": 403, "name": "invalid_api_key", "message": "API key is invalid"})
        if (hit.method, hit.path) == ("GET", "/domains"):
            return Reply(200, {"data": [{"name": "northwind.example", "status": "verified"}]})
        wrong((hit.method, hit.path) != ("POST", "/emails"), hit.target)
        key = hit.headers.get("idempotency-key", "")
        wrong(not 0 < len(key) <= 256, "idempotency key")
        body = hit.json()
        known = {"from", "to", "subject", "html", "text", "headers", "reply_to"}
        _only(body, known, {"from", "to", "subject"})
        _list_headers(body["headers"])
        (to,) = body["to"]
        if to in self.side.refuses:
            error = {"statusCode": 422, "name": "validation_error", "message": "Invalid `to` field: nobody here"}
            return Reply(422, error)
        if to in self.side.puts_off:
            return LATER
        return self.take(to, body["text"].encode(), Reply(200, {"id": f"re-{to}"}), key)


class FakeSes(Fake):
    """POST /v2/email/outbound-emails, GET /v2/email/account, signed (SigV4, checked by other code than ours)."""

    def judge(self, hit: Hit) -> Reply:
        if not self._signed(hit):
            error = {"message": "The request signature we calculated does not match the signature you provided."}
            return Reply(403, error, {"x-amzn-ErrorType": "InvalidSignatureException"})
        if (hit.method, hit.path) == ("GET", "/v2/email/account"):
            quota = {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 1.0}
            return Reply(200, {"SendingEnabled": True, "ProductionAccessEnabled": True, "SendQuota": quota})
        wrong((hit.method, hit.path) != ("POST", "/v2/email/outbound-emails"), hit.target)
        body = hit.json()
        _only(body, {"Destination", "Content", "ConfigurationSetName"}, {"Content"})
        (to,) = body["Destination"]["ToAddresses"]
        raw = base64.b64decode(body["Content"]["Raw"]["Data"], validate=True)
        wrong(b"\nFrom: " not in b"\n" + raw, "the raw message needs From")
        if to in self.side.refuses:
            return Reply(
                400, {"message": "Invalid recipient: nobody here"}, {"x-amzn-ErrorType": "BadRequestException:"}
            )
        if to in self.side.puts_off:
            return Reply(
                429, {"message": "later"}, {"x-amzn-ErrorType": "TooManyRequestsException", "Retry-After": "0"}
            )
        return self.take(to, raw, Reply(200, {"MessageId": f"ses-{to}"}))

    def _signed(self, hit: Hit) -> bool:
        scheme, _, rest = hit.headers.get("authorization", "").partition(" ")
        given = dict(part.strip().split("=", 1) for part in rest.split(","))
        key_id, day, region, service, end = given["Credential"].split("/")
        if (scheme, key_id, region, service, end) != (
            "AWS4-HMAC-SHA256",
            "AKIDEXAMPLEEXAMPLE",
            "eu-central-1",
            "ses",
            "aws4_request",
        ):
            return False
        names = given["SignedHeaders"].split(";")
        wrong(not {"host", "x-amz-date"} <= set(names), "host and date must be signed")
        lines = [hit.method, hit.path, "", *[f"{name}:{hit.headers[name]}" for name in names], "", ";".join(names)]
        canonical = "\n".join([*lines, hashlib.sha256(hit.body).hexdigest()])
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join([scheme, hit.headers["x-amz-date"], f"{day}/{region}/{service}/{end}", digest])
        key = ("AWS4" + SECRET).encode()
        for part in (day, region, service, end):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), given["Signature"])


class FakeAzure(Fake):
    """What both services share: HMAC, and Entra ID's token endpoint."""

    token = "eyJ0-token"

    def let_in(self, hit: Hit) -> bool:
        given = hit.headers.get("authorization", "")
        if given.startswith("Bearer "):
            return given == f"Bearer {self.token}"
        digest = base64.b64encode(hashlib.sha256(hit.body).digest()).decode()
        date = hit.headers.get("x-ms-date", "")
        text = f"{hit.method}\n{hit.target}\n{date};{hit.headers['host']};{digest}"
        mac = base64.b64encode(hmac.digest(SECRET.encode(), text.encode(), "sha256")).decode()
        expected = f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={mac}"
        return date.endswith(" GMT") and hit.headers.get("x-ms-content-sha256") == digest and given == expected

    def judge(self, hit: Hit) -> Reply:
        if hit.path == "/tenant/oauth2/v2.0/token":
            return self._token(hit)
        if not self.let_in(hit):
            return Reply(401, {"error": {"code": "Denied", "message": "Denied by the resource provider."}})
        wrong("api-version" not in hit.query, "api-version")
        return self.resource(hit)

    def _token(self, hit: Hit) -> Reply:
        fields = {name: values[0] for name, values in parse_qs(hit.body.decode()).items()}
        wrong(fields.get("scope") != "https://communication.azure.com/.default", "scope")
        wrong(fields.get("grant_type") != "client_credentials", "grant")
        if fields.get("client_secret") != SECRET:
            return Reply(401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."})
        return Reply(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": self.token})

    def resource(self, hit: Hit) -> Reply:
        raise NotImplementedError


class FakeAcsEmail(FakeAzure):
    """POST /emails:send, GET /emails/operations/{id}; `forgets` says that operations cannot be looked up."""

    forgets = True

    def resource(self, hit: Hit) -> Reply:
        if hit.method == "GET":
            wrong(not hit.path.startswith("/emails/operations/"), hit.target)
            known = hit.path.rpartition("/")[2] in self.keys
            if known and self.forgets:
                return Reply(500, {"error": {"code": "InternalServerError", "message": "try again"}})
            return (
                Reply(200, {"id": "x", "status": "Running"})
                if known
                else Reply(404, {"error": {"code": "NotFound", "message": "no"}})
            )
        wrong((hit.method, unquote(hit.path)) != ("POST", "/emails:send"), hit.target)
        wrong(hit.headers.get("content-type") != "application/json", "content type")
        operation = hit.headers.get("operation-id", "")
        wrong(len(operation) != 36, "Operation-Id is a UUID")
        body = hit.json()
        known_fields = {
            "headers",
            "senderAddress",
            "content",
            "recipients",
            "replyTo",
            "userEngagementTrackingDisabled",
        }
        _only(body, known_fields, {"senderAddress", "content", "recipients"})
        _only(body["content"], {"subject", "plainText", "html"}, {"subject"})
        wrong("<" in body["senderAddress"], "the sender has no display name here")
        _list_headers(body["headers"])
        to = body["recipients"]["to"][0]["address"]
        if to in self.side.refuses:
            words = "Request body validation error. See property 'Recipients.To[0]': nobody here"
            return Reply(400, {"error": {"code": "InvalidProperty", "message": words}})
        if to in self.side.puts_off:
            return Reply(429, {"error": {"code": "TooManyRequests", "message": "later"}}, {"Retry-After": "0"})
        reply = Reply(202, {"id": operation, "status": "Running"}, {"Operation-Location": f"{self.address}/x"})
        return self.take(to, body["content"]["plainText"].encode(), reply, operation)


class FakeAcsSms(FakeAzure):
    """POST /sms, GET /phoneNumbers."""

    def resource(self, hit: Hit) -> Reply:
        if (hit.method, hit.path) == ("GET", "/phoneNumbers"):
            return Reply(200, {"phoneNumbers": [{"phoneNumber": "+18005550100"}]})
        wrong((hit.method, hit.path) != ("POST", "/sms"), hit.target)
        body = hit.json()
        _only(body, {"from", "smsRecipients", "message", "smsSendOptions"}, {"from", "smsRecipients", "message"})
        wrong(len(body["message"]) > 2048, "too long")
        (recipient,) = body["smsRecipients"]
        _only(recipient, {"to", "repeatabilityRequestId", "repeatabilityFirstSent"}, {"to"})
        wrong(len(recipient["repeatabilityRequestId"]) != 36, "repeatability id is a UUID")
        to = recipient["to"]
        if to in self.side.puts_off:
            return Reply(429, {"error": {"code": "TooManyRequests", "message": "later"}}, {"Retry-After": "0"})
        row: dict[str, Any] = {"to": to, "messageId": f"sms-{to}", "httpStatusCode": 202, "successful": True}
        if to in self.side.refuses:
            words = "Invalid To phone number: nobody here"
            row = {"to": to, "httpStatusCode": 400, "successful": False, "errorMessage": words}
            return Reply(202, {"value": [row]})
        return self.take(
            to, body["message"].encode(), Reply(202, {"value": [row]}), recipient["repeatabilityRequestId"]
        )


ACCOUNT = "AC" + "0" * 32


class FakeTwilio(Fake):
    """POST /2010-04-01/Accounts/{sid}/Messages.json, GET /2010-04-01/Accounts/{sid}.json."""

    def judge(self, hit: Hit) -> Reply:
        if hit.headers.get("authorization") != "Basic " + base64.b64encode(f"{ACCOUNT}:{SECRET}".encode()).decode():
            return Reply(401, {"code": 20003, "message": "Authenticate", "status": 401, "more_info": "…"})
        if (hit.method, hit.path) == ("GET", f"/2010-04-01/Accounts/{ACCOUNT}.json"):
            return Reply(200, {"sid": ACCOUNT, "status": "active"})
        wrong((hit.method, hit.path) != ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"), hit.target)
        wrong(hit.headers.get("content-type") != "application/x-www-form-urlencoded", "content type")
        fields = {name: values[0] for name, values in parse_qs(hit.body.decode()).items()}
        _only(fields, {"To", "From", "Body", "MessagingServiceSid", "StatusCallback"}, {"To", "Body"})
        wrong(("From" in fields) == ("MessagingServiceSid" in fields), "one sender")
        to = fields["To"]
        if to in self.side.refuses:
            return Reply(400, {"code": 21211, "message": "Invalid 'To' Phone Number: nobody here", "status": 400})
        if to in self.side.puts_off:
            return LATER
        row = {"sid": "SM" + hashlib.md5(to.encode(), usedforsecurity=False).hexdigest(), "status": "queued"}
        return self.take(to, fields["Body"].encode(), Reply(201, row))


class FakePush(Fake):
    """A push service: checks VAPID (RFC 8292), opens the message as a browser does (RFC 8291)."""

    def __init__(self, side: OtherSide) -> None:
        super().__init__(side)
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
        self.shown: list[dict[str, Any]] = []

    @property
    def p256dh(self) -> str:
        return _b64(_point(self.key.public_key()))

    def judge(self, hit: Hit) -> Reply:
        wrong(hit.method != "POST" or not hit.path.startswith("/push/"), hit.target)
        if not self._known_sender(hit):
            return Reply(401, b"the sender is not known")
        wrong(hit.headers.get("content-encoding") != "aes128gcm", "encoding")
        wrong(not hit.headers.get("ttl", "").isdigit(), "TTL is needed (RFC 8030, 5.2)")
        wrong(not 0 < len(hit.headers.get("topic", "x")) <= 32, "topic")
        to = hit.path.rpartition("/")[2]
        text = self._opened(hit.body)
        if to in self.side.refuses:
            return Reply(410, b"nobody here")
        if to in self.side.puts_off:
            return LATER
        self.shown.append(json.loads(text))
        return self.take(to, text, Reply(201, None, {"Location": f"{self.address}/m/{to}"}))

    def _known_sender(self, hit: Hit) -> bool:
        scheme, _, rest = hit.headers.get("authorization", "").partition(" ")
        given = dict(part.strip().split("=", 1) for part in rest.split(","))
        head, claims, signature = given["t"].split(".")
        said = json.loads(_raw(claims))
        wrong(said["aud"] != self.address, "aud is the push service's origin")
        wrong(not said["sub"].startswith("mailto:"), "sub")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _raw(given["k"]))
        raw = _raw(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        return scheme == "vapid"

    def _opened(self, body: bytes) -> bytes:
        salt, size, sender = body[:16], int.from_bytes(body[16:20], "big"), body[21 : 21 + body[20]]
        wrong(len(body) > size, "one record only (RFC 8291, 4)")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        info = b"WebPush: info\x00" + _point(self.key.public_key()) + sender
        ikm = HKDF(hashes.SHA256(), 32, self.auth, info).derive(self.key.exchange(ec.ECDH(), key))
        cek = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(ikm)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(ikm)
        return AESGCM(cek).decrypt(nonce, body[21 + body[20] :], None).rstrip(b"\x00")[:-1]


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
