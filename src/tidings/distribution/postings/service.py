"""Use cases of postings: launch them, list them, settle one in doubt. Methods take the caller's transaction, who has
checked the rights."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, update

from tidings.distribution.channels.registry import provider
from tidings.distribution.postings import repository
from tidings.distribution.postings.links import post_of, with_marks
from tidings.domain.channel import POSTED, Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.instant import Clock, Instant
from tidings.domain.message import ShortTemplate
from tidings.domain.short import rule_of
from tidings.store.tables import posting

if TYPE_CHECKING:
    from tidings.distribution.accounts.schemas import Account
    from tidings.distribution.accounts.service import ChannelService
    from tidings.distribution.channels.posting import Poster

D = DeliveryState


class PostingService:
    """What a campaign posts, to which accounts, and what became of it."""

    def __init__(self, clock: Clock, channels: ChannelService) -> None:
        self._clock, self._channels = clock, channels

    def accounts(self, conn: Connection, channel: Channel, brand_id: str) -> list[Account]:
        """The enabled accounts a campaign of the brand posts to in this channel."""
        return [each for each in self._channels.usable(conn, channel) if each.brand_id in {None, brand_id}]

    def poster(self, account: Account) -> Poster:
        """The account's way out."""
        make = provider(account.provider).poster
        if make is None:
            raise InvalidInputError(f"{account.name!r} posts nothing.", remedy="Remove the account.")
        return make(account.form, self._channels.outbound)

    def lacking(self, conn: Connection, channels: Collection[str], brand_id: str) -> list[str]:
        """What speaks against these channels: each without an account, in words with the remedy.

        E-mail needs none: it leaves by the relay.
        """
        wanted = [each for each in (*POSTED, Channel.SMS, Channel.PUSH) if each.value in channels]
        return [
            f"No {rule_of(each).title} account is set up: add one on the page Channels, or begin anew without this "
            "channel."
            for each in sorted(wanted, key=list(Channel).index)
            if not self.accounts(conn, each, brand_id)
        ]

    def no_room_for_files(self, conn: Connection) -> list[str]:
        """Why attachments and invitations cannot leave by the account that takes the mail now, with the remedy."""
        return [
            f"{account.name} takes no attachments and no invitations from here: take them off, or let mail leave by "
            "the relay or another account."
            for account in self._channels.usable(conn, Channel.EMAIL)[:1]
            if not provider(account.provider).carries_files
        ]

    def problems(self, conn: Connection, templates: Sequence[ShortTemplate], brand_id: str, name: str) -> list[str]:
        """What the services would refuse of these postings, in words; nobody is asked for it."""
        found: list[str] = []
        for template in templates:
            post = post_of("", with_marks(template, name))
            for account in self.accounts(conn, Channel(template.channel), brand_id):
                found += [f"{account.name}: {words}" for words in self.poster(account).problems(post)]
        return list(dict.fromkeys(found))

    def launch(
        self, conn: Connection, campaign_pk: int, name: str, brand_id: str, templates: Sequence[ShortTemplate],
        due_at: Instant,
    ) -> int:  # fmt: skip
        """Writes one posting for each template and account; how many. Launching twice changes nothing.

        Raises InvalidInputError when a channel has no account, before anything leaves.
        """
        if not templates or repository.is_launched(conn, campaign_pk):
            return len(repository.rows_of(conn, campaign_pk))
        lacking = self.lacking(conn, {template.channel for template in templates}, brand_id)
        if lacking:
            raise InvalidInputError(lacking[0])
        rows = [
            {
                "id": new_id("posting"), "campaign_pk": campaign_pk, "account_id": account.id,
                "channel": template.channel, "step": 0, "variant": template.variant, "state": D.PLANNED.value,
                "body": with_marks(template, name).model_dump(mode="json"), "due_at": due_at, "attempt": 0,
            }
            for template in templates
            for account in self.accounts(conn, Channel(template.channel), brand_id)
        ]  # fmt: skip
        repository.insert_postings(conn, rows)
        return len(rows)

    def rows(self, conn: Connection, campaign_pk: int) -> Sequence[Row[Any]]:
        """Every posting of a campaign, with its account's name."""
        return repository.rows_of(conn, campaign_pk)

    def counts(self, conn: Connection, campaign_pk: int) -> dict[str, int]:
        """Postings by state; they add up to all that were launched."""
        return repository.counts(conn, campaign_pk)

    def counts_by_channel(self, conn: Connection, campaign_pk: int) -> dict[str, dict[str, int]]:
        """The same of each channel."""
        return repository.counts_by_channel(conn, campaign_pk)

    def something_open(self, conn: Connection, campaign_pk: int) -> bool:
        """Whether something still happens to one of them by itself."""
        return repository.something_open(conn, campaign_pk)

    def cancel_open(self, conn: Connection, campaign_pk: int) -> int:
        """Cancels what has not left; how many."""
        return repository.cancel_open(conn, campaign_pk, self._clock.now())

    def cancel_channel(self, conn: Connection, campaign_pk: int, channel: Channel, reason: str) -> int:
        """Cancels what has not left by a channel, with the reason; how many."""
        return repository.cancel_open(conn, campaign_pk, self._clock.now(), channel=channel, reason=reason)

    def confirm(self, conn: Connection, campaign_pk: int, posting_id: str, url: str) -> Row[Any]:
        """A person has seen it: “it is there”, with its address. Raises ConflictError unless it is in doubt."""
        row = self._in_doubt(conn, campaign_pk, posting_id)
        if url and not url.startswith(("https://", "http://")):
            raise InvalidInputError("That is no address.", remedy="Copy it from the network's page.", field="url")
        self._write(conn, row.pk, state=D.ACCEPTED.value, url=url or row.url, reason="a person has seen it there")
        return row

    def again(self, conn: Connection, campaign_pk: int, posting_id: str) -> Row[Any]:
        """A person has looked and it is not there, or wants what failed tried again: it is posted anew.

        Raises ConflictError for one that is neither in doubt nor failed.
        """
        row = self._in_doubt(conn, campaign_pk, posting_id, also=(D.FAILED.value, D.HELD.value, D.DEFERRED.value))
        self._write(conn, row.pk, state=D.PLANNED.value, due_at=self._clock.now(), code="", attempt=0,
                    reason="a person asked for another try")  # fmt: skip
        return row

    def _in_doubt(self, conn: Connection, campaign_pk: int, posting_id: str, also: Collection[str] = ()) -> Row[Any]:
        row = repository.row_by_id(conn, posting_id, lock=True)
        if row is None or row.campaign_pk != campaign_pk:
            raise NotFoundError(f"There is no posting {posting_id} in this campaign.")
        if row.state not in {D.UNCERTAIN.value, *also}:
            raise ConflictError(f"The posting is {row.state}; there is nothing to decide.", remedy="Look at it again.")
        return row

    def _write(self, conn: Connection, pk: int, **values: Any) -> None:
        now = self._clock.now()
        given = {"at": now, "due_at": now, "owner": "", "lease_until": None, **values}
        conn.execute(update(posting).where(posting.c.pk == pk).values(given))
