"""Two replies without a store, for the faces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tidings.access.permissions import Permission, require
from tidings.distribution.returns.replies import ReplyRow, ReplyView
from tidings.domain.actor import Actor
from tidings.domain.errors import NotFoundError

AT = 1_772_445_600_000
ROW = ReplyRow(
    "rpl_1", AT, "Ann Able <ann@example.com>", "Re: A bread workshop", "Please take me off your list, thank you.",
    "maybe", None, "", "con_1", "Ann Able", "cmp_1", "Bread workshop",
)  # fmt: skip
TEXT = "Please take me off your list, thank you.\n\n> Fresh bread every morning\n"


class FakeReplies:
    """One open, one done."""

    def __init__(self) -> None:
        self.empty = False
        self.done: list[tuple[str, bool]] = []
        self.gone: list[str] = []

    def replies(self, actor: Actor, *, done: bool | None = None, **_: Any) -> tuple[list[ReplyRow], str]:
        require(actor, Permission.CONTACTS_READ)
        heard = replace(ROW, id="rpl_2", subject="Stop", excerpt="Stop", wish="clear", done_at=AT, done_by="Ada")
        found = [ROW, heard] if done is None else [heard] if done else [ROW]
        return ([] if self.empty else found), ""

    def open_count(self, actor: Actor) -> int:
        require(actor, Permission.CONTACTS_READ)
        return 1

    def reply(self, actor: Actor, reply_id: str) -> ReplyView:
        require(actor, Permission.CONTACTS_READ)
        if reply_id not in {"rpl_1", "rpl_2"}:
            raise NotFoundError("There is no such reply.")
        return ReplyView(replace(ROW, id=reply_id), TEXT, TEXT.partition("\n")[0], (replace(ROW, id="rpl_2"),))

    def mark(self, actor: Actor, reply_id: str, *, done: bool = True) -> None:
        require(actor, Permission.CONTACTS_WRITE)
        self.done.append((reply_id, done))

    def unsubscribe(self, actor: Actor, reply_id: str) -> bool:
        require(actor, Permission.CONTACTS_WRITE)
        self.gone.append(reply_id)
        return True
