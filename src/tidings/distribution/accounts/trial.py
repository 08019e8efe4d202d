"""One short message by an account, at once: made and carried by the code that sends campaigns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from markupsafe import escape

from tidings.distribution.accounts.schemas import Account, TestAnswer
from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing
from tidings.distribution.channels.http import HttpChannel
from tidings.distribution.channels.registry import provider
from tidings.distribution.compile import Addressee, CompiledEmail, UndeliverableError
from tidings.distribution.short import CompiledShort
from tidings.distribution.tokens import TokenSigner, nobodys_number
from tidings.domain.brand import Brand
from tidings.domain.channel import Channel
from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.domain.instant import Instant
from tidings.domain.message import EmailTemplate, ShortTemplate
from tidings.net.client import Guard

_SECONDS = 40.0
_WORDS = "This is a test of the account {}. It was asked for on the page Channels."


def open_way(account: Account, guard: Guard) -> HttpChannel:
    """The account's way out. Raises InvalidInputError for an account that posts."""
    kind = provider(account.provider)
    way = kind.open(account.form, guard) if kind.open is not None else None
    if not isinstance(way, HttpChannel):
        instead = "Its first posting shows whether it works." if kind.check is None else "Check the account instead."
        raise InvalidInputError(f"{kind.title} posts for everybody; a test would be seen.", remedy=instead)
    return way


def test_message(
    account: Account, brand: Brand, fields: Mapping[str, object], *, base_url: str, signer: TokenSigner, now: Instant
) -> Outgoing:
    """The message to the address in `fields`, in the name of a brand.

    Raises InvalidInputError when the address is none.
    """
    nobody = nobodys_number()
    words, message = _WORDS.format(account.name), Outgoing(0, nobody, 0, "A", 0, 0, 0, 0, fields, now)
    person = Addressee(nobody, 0, fields)
    try:
        if account.channel == Channel.EMAIL.value:
            mail = CompiledEmail(
                _mail(brand, words), campaign_pk=0, campaign_id="test", base_url=base_url, signer=signer
            )
            message.sender, message.parts = mail.sender, mail.parts(person)
            message.recipient, message.body = mail.render(person, now)
        else:
            title, text = _closed(brand.name), _closed(f"{brand.name}: {words}")
            template = ShortTemplate(variant="A", channel=account.channel, title=title, text=text)
            short = CompiledShort(template, campaign_pk=0, base_url=base_url, signer=signer)
            message.parts = parts = short.parts(person)
            message.recipient = parts.to
    except UndeliverableError as error:
        raise InvalidInputError(f"It cannot be sent: {error}.", field="to") from error
    return message


test_message.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]


def _mail(brand: Brand, words: str) -> EmailTemplate:
    words, footer = _closed(words), _closed(f"{brand.name}, {brand.postal_address}")
    return EmailTemplate(
        variant="A", subject=_closed(f"Test of {brand.name}"), preheader=words,
        html=f"<p>{escape(words)}</p><p>{escape(footer)}</p><p><a href='{{{{ unsubscribe_url }}}}'>Unsubscribe</a></p>",
        text=f"{words}\n\n{footer}\n{{{{ unsubscribe_url }}}}\n", from_name=brand.sender.name,
        from_address=brand.sender.address, reply_to=brand.sender.reply_to,
    )  # fmt: skip


def _closed(text: str) -> str:
    """Nothing in it is an open place of the template."""
    return text.replace("{", "(").replace("}", ")")


class _One:
    """A feed of one message."""

    def __init__(self, message: Outgoing) -> None:
        self._waiting: Outgoing | None = message
        self.answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def take(self) -> Outgoing | None:
        message, self._waiting = self._waiting, None
        return message

    def ask(self, message: Outgoing, go: Callable[[bool], None]) -> None:  # noqa: ARG002
        asyncio.get_running_loop().call_soon(go, True)

    def report(self, message: Outgoing, outcome: Outcome) -> None:  # noqa: ARG002
        if not self.answer.done():
            self.answer.set_result(outcome)

    def give_back(self, message: Outgoing) -> None:
        """`down` says why."""

    def down(self, words: str, *, refused: bool) -> None:
        if not self.answer.done():
            self.answer.set_exception(ChannelDownError(words, refused=refused))


def carry(way: HttpChannel, message: Outgoing) -> TestAnswer:
    """What the provider said. Blocking. Raises UnavailableError when the way out does not work."""
    try:
        outcome = asyncio.run(_carried(way, message))
    except (ChannelDownError, TimeoutError) as error:
        words = str(error) or f"{way.name} did not answer in time"
        raise UnavailableError(f"{words}.", remedy="Check the account's settings and its key.") from error
    return TestAnswer(outcome.result.value, outcome.words, outcome.reference)


async def _carried(way: HttpChannel, message: Outgoing) -> Outcome:
    feed = _One(message)
    try:
        async with asyncio.timeout(_SECONDS):
            await way.connect(feed)
            return await feed.answer
    finally:
        await way.close()
