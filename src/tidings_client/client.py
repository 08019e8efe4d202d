"""The two clients: `Tidings` returns answers, `AsyncTidings` awaits them. Both have the same resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self

import httpx2

from tidings_client.access import Accounts, Tokens
from tidings_client.activity import Activity
from tidings_client.agents import Agents
from tidings_client.analytics import Analytics
from tidings_client.approvals import Approvals
from tidings_client.attachments import Attachments
from tidings_client.audit import Audit
from tidings_client.brands import Brands
from tidings_client.briefs import Briefs
from tidings_client.calls import Awaiting, Blocking, Mode
from tidings_client.campaigns import Campaigns
from tidings_client.channels import Channels
from tidings_client.confirmations import Confirmations
from tidings_client.contacts import Contacts
from tidings_client.conversions import Conversions
from tidings_client.decisions import Decisions
from tidings_client.deliveries import Deliveries
from tidings_client.editing import Editing
from tidings_client.health import Health
from tidings_client.mailbox import Mailbox
from tidings_client.models import Models
from tidings_client.replies import Replies
from tidings_client.segments import Segments
from tidings_client.sending import Sending
from tidings_client.sequences import Sequences
from tidings_client.transport import TIMEOUT_S, AwaitingTransport, BlockingTransport, trust

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class _Resources(Generic[Mode]):
    """Everything the server offers, by noun."""

    def __init__(self, transport: BlockingTransport | AwaitingTransport) -> None:
        self.campaigns = Campaigns[Mode](transport)
        self.accounts = Accounts[Mode](transport)
        self.activity = Activity[Mode](transport)
        self.agents = Agents[Mode](transport)
        self.analytics = Analytics[Mode](transport)
        self.approvals = Approvals[Mode](transport)
        self.attachments = Attachments[Mode](transport)
        self.brands = Brands[Mode](transport)
        self.channels = Channels[Mode](transport)
        self.briefs = Briefs[Mode](transport)
        self.confirmations = Confirmations[Mode](transport)
        self.contacts = Contacts[Mode](transport)
        self.conversions = Conversions[Mode](transport)
        self.decisions = Decisions[Mode](transport)
        self.deliveries = Deliveries[Mode](transport)
        self.editing = Editing[Mode](transport)
        self.health = Health[Mode](transport)
        self.mailbox = Mailbox[Mode](transport)
        self.models = Models[Mode](transport)
        self.replies = Replies[Mode](transport)
        self.audit = Audit[Mode](transport)
        self.segments = Segments[Mode](transport)
        self.sending = Sending[Mode](transport)
        self.sequences = Sequences[Mode](transport)
        self.tokens = Tokens[Mode](transport)


class Tidings(_Resources[Blocking]):
    """A client whose methods return when the answer is there. Close it, or use it in a `with` block.

    `ca` names a PEM file to trust beside the system's authorities. Retries what is safe to retry.
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        ca: Path | str | None = None,
        *,
        timeout: float = TIMEOUT_S,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._client = httpx2.Client(verify=trust(ca), timeout=timeout, transport=transport)
        super().__init__(BlockingTransport(base_url, token, self._client))

    def close(self) -> None:
        """Closes its connections."""
        self._client.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes its connections."""
        self.close()


class AsyncTidings(_Resources[Awaiting]):
    """The same for asynchronous programs: every method is awaited, every list iterated with `async for`."""

    def __init__(
        self,
        base_url: str,
        token: str = "",
        ca: Path | str | None = None,
        *,
        timeout: float = TIMEOUT_S,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx2.AsyncClient(verify=trust(ca), timeout=timeout, transport=transport)
        super().__init__(AwaitingTransport(base_url, token, self._client))

    async def close(self) -> None:
        """Closes its connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes its connections."""
        await self.close()
