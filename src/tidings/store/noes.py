"""What people said after a backup was made, carried into it: a restore must not write to them, or watch them, again.

The list of noes only grows. Of consent every word is carried with its proof, so that the newest counts as it did; a
yes never comes without its record. Somebody the backup does not know has no consent there to withdraw: what a later
import could bring back, their no to e-mails or text messages, goes on the list instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from tidings.domain.consent import ConsentState, Purpose, SuppressionReason
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.former import Former
from tidings.store.tables import consent, contact, metadata, push_subscription, suppression
from tidings.store.upsert import upsert

_LOOKUP = 500  # keys in one query: well under the limit for parameters
_NO = ("address_hash", "channel", "reason", "source", "at")
_WORD = ("id", "purpose", "state", "at", "source", "wording", "expires_at")
_IMPORTED = {Purpose.MARKETING_EMAIL.value: "email", Purpose.MARKETING_SMS.value: "sms"}
"""The purposes an import can bring a consent for, and their channels."""
_NOES = f"SELECT {', '.join(f'suppression.{name}' for name in _NO)}"
_OVER = "coalesce(consent.expires_at < CAST(strftime('%s', 'now') AS INTEGER) * 1000, 0)"
"""A pause that has ended: the yes before it holds again."""
_WORDS = f"""
SELECT {", ".join(f"consent.{name}" for name in _WORD)}, contact.id, contact.address_hash, contact.email,
  CASE WHEN consent.state = '{ConsentState.WITHDRAWN.value}' AND NOT {_OVER} THEN NOT EXISTS (
    SELECT 1 FROM consent AS later WHERE later.contact_pk = consent.contact_pk AND later.purpose = consent.purpose
    AND later.at > consent.at) END
FROM consent JOIN contact ON contact.pk = consent.contact_pk"""
_BROWSER = ("digest", "endpoint", "p256dh", "auth", "created_at")
_BROWSERS = f"""
SELECT {", ".join(f"push_subscription.{name}" for name in _BROWSER)}, contact.id, contact.address_hash
FROM push_subscription JOIN contact ON contact.pk = push_subscription.contact_pk"""


@dataclass(frozen=True, slots=True)
class Carried:
    """What came over from the database a restore replaced."""

    there: bool
    """Whether there was one."""
    readable: bool
    """Whether a key opened it."""
    unread: tuple[str, ...] = ()
    """The tables of which something could not be read."""
    strange: bool = False
    """It was begun anew: it hashes addresses with another key, so that only contacts of its own can be matched."""
    noes: int = 0
    words: int = 0

    @property
    def whole(self) -> bool:
        """Whether everything said since the backup stands in the restored database."""
        return self.readable and not self.unread and not self.strange


def carry(conn: Connection, former: Former, secrets: Secrets) -> Carried:
    """Puts every no and every word of consent of the former database here; what stands here already stays."""
    if not former.readable:
        return Carried(former.there, readable=False, unread=tuple(sorted(former.unread)))
    theirs = former.secrets()
    strange = theirs is not None and theirs.hash_key != secrets.hash_key
    people = _People(conn, secrets, strange)
    noes = _carry_noes(conn, former, people)
    if not strange and former.has("push_subscription"):
        _carry_browsers(conn, former, people)
    words, more = _carry_words(conn, former, people)
    _spend_numbers(conn, former)
    return Carried(True, True, tuple(sorted(former.unread)), strange, noes + more, words)


class _People:
    """Finds people of the former database here: by public identifier, else by the keyed hash of the address."""

    def __init__(self, conn: Connection, secrets: Secrets, strange: bool) -> None:
        self._conn = conn
        self._secrets = secrets
        self.strange = strange

    def digest(self, hashed: str, address: str) -> str:
        """The hash of an address, as it is made here."""
        return hashed if hashed and not self.strange else address_hash(self._secrets, address)

    def here(self, people: Sequence[tuple[str, str]]) -> Mapping[str, int]:
        """Our number for each of these (identifier, hash) that is known here, by identifier."""
        found: dict[str, int] = {}
        for start in range(0, len(people), _LOOKUP):
            part = dict(people[start : start + _LOOKUP])
            known = contact.c.id.in_(list(part)) | contact.c.address_hash.in_(list(part.values()))
            rows = self._conn.execute(select(contact.c.pk, contact.c.id, contact.c.address_hash).where(known)).all()
            by_id, by_digest = {row.id: row.pk for row in rows}, {row.address_hash: row.pk for row in rows}
            by_digest.pop("", None)  # nobody is known by no hash
            numbers = {each: by_id.get(each, by_digest.get(digest)) for each, digest in part.items()}
            found |= {each: number for each, number in numbers.items() if number is not None}
        return found


def _carry_noes(conn: Connection, former: Former, people: _People) -> int:
    """A no that stands here keeps its reason and instant, but that of an erasure goes before all others."""
    put = 0
    for batch in former.rows("suppression", f"{_NOES} FROM suppression") if not people.strange else ():
        put += _put_noes(conn, [dict(zip(_NO, row, strict=True)) for row in batch])
    known = f"{_NOES}, contact.email FROM suppression JOIN contact USING (address_hash)"
    for batch in former.rows("suppression", known) if people.strange else ():
        rows = [dict(zip(_NO, row, strict=False)) | {"address_hash": people.digest("", row[-1])} for row in batch]
        put += _put_noes(conn, rows)
    return put


def _put_noes(conn: Connection, rows: Sequence[dict[str, Any]]) -> int:
    erased = [row for row in rows if row["reason"] == SuppressionReason.ERASED.value]
    others = [row for row in rows if row["reason"] != SuppressionReason.ERASED.value]
    put = 0
    if others:
        put += conn.execute(upsert(conn, suppression).on_conflict_do_nothing(), others).rowcount
    if erased:
        insert = upsert(conn, suppression)
        newer = {name: insert.excluded[name] for name in _NO[2:]}
        stands = suppression.c.reason != SuppressionReason.ERASED.value
        put += conn.execute(
            insert.on_conflict_do_update(index_elements=list(_NO[:2]), set_=newer, where=stands), erased
        ).rowcount
    return put


def _carry_words(conn: Connection, former: Former, people: _People) -> tuple[int, int]:
    """How many words of people known here were carried, and how many noes of others were put on the list."""
    words = noes = 0
    for batch in former.rows("consent", _WORDS):
        ids = select(consent.c.id).where(consent.c.id.in_([row[0] for row in batch]))
        stand = set(conn.execute(ids).scalars())
        new = [(row, people.digest(row[8], row[9])) for row in batch if row[0] not in stand]
        numbers = people.here([(row[7], digest) for row, digest in new])
        ours = [
            dict(zip(_WORD, row, strict=False)) | {"contact_pk": numbers[row[7]]} for row, _ in new if row[7] in numbers
        ]
        if ours:
            words += conn.execute(upsert(conn, consent).on_conflict_do_nothing(), ours).rowcount
        others = [(row, digest) for row, digest in new if row[7] not in numbers and row[10]]
        noes += _put_noes(conn, [_listed(row, digest) for row, digest in others if row[1] in _IMPORTED])
    return words, noes


def _listed(word: Sequence[Any], digest: str) -> dict[str, Any]:
    """A withdrawn consent as an entry of the list."""
    reason = SuppressionReason.UNSUBSCRIBED.value
    said: dict[str, Any] = dict(zip(_WORD, word, strict=False))
    entry = {"channel": _IMPORTED[said["purpose"]], "reason": reason, "source": said["source"], "at": said["at"]}
    return {"address_hash": digest, **entry}


def _carry_browsers(conn: Connection, former: Former, people: _People) -> None:
    """People known to both databases have the browsers of the former one: one switched off since stays off."""
    theirs = [row for rows in former.rows("push_subscription", _BROWSERS) for row in rows]
    owners = {row[0]: row[-2:] for row in theirs}
    if "push_subscription" not in former.unread:
        of = push_subscription.c
        query = select(of.pk, of.digest, contact.c.id, contact.c.address_hash)
        for row in conn.execute(query.join(contact, contact.c.pk == of.contact_pk)).all():
            same = owners.get(row.digest, ("", ""))
            if row.id != same[0] and row.address_hash != same[1] and _known(former, row.id, row.address_hash):
                conn.execute(delete(push_subscription).where(of.pk == row.pk))
    numbers = people.here([row[-2:] for row in theirs])
    ours = [dict(zip(_BROWSER, row, strict=False)) | {"contact_pk": numbers[row[-2]]} for row in theirs
            if row[-2] in numbers]  # fmt: skip
    if ours:
        insert = upsert(conn, push_subscription)
        newer = {name: insert.excluded[name] for name in ("contact_pk", "p256dh", "auth")}
        conn.execute(insert.on_conflict_do_update(index_elements=["digest"], set_=newer), ours)


def _known(former: Former, public_id: str, digest: str) -> bool:
    return former.knows("contact", "id", public_id) or former.knows("contact", "address_hash", digest)


def _spend_numbers(conn: Connection, former: Former) -> None:
    """Numbers given since are not given again: a link in a mail sent since would say somebody else's no."""
    for batch in former.rows("sqlite_sequence", "SELECT name, seq FROM sqlite_sequence"):
        for name, number in batch:
            raised = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?"
            if not conn.exec_driver_sql(raised, (number, name)).rowcount and name in metadata.tables:
                conn.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, number))
