"""What the two serving processes of Tidings do: the faces, and the agents' work."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tidings.app.returning import build_returns
from tidings.app.senders import Senders
from tidings.app.sending import build_postings
from tidings.app.supervisor import SUPERVISOR
from tidings.app.wiring import House, certificates, open_house
from tidings.campaigns.sequences.runner import SequenceRunner
from tidings.domain.actor import AgentName
from tidings.domain.errors import ConflictError, InvalidInputError, UnavailableError
from tidings.engine.process import executor_name
from tidings.keys.served import ServedCertificate, server_context

if TYPE_CHECKING:
    from tidings.settings import Settings

log = logging.getLogger("tidings.app")
_GC_OBJECTS = 20_000
ALL_AGENTS = tuple(name.value for name in AgentName)


class LogLine(logging.Formatter):
    """One line a record: line breaks in a message cannot forge another. A fault of ours has its frames below."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        """The record's line."""
        return super().formatMessage(record).replace("\n", "\\n").replace("\r", "\\r")

    def formatException(self, ei: Any) -> str:  # noqa: N802  # as above
        """What is away is no fault of ours: its frames, every two seconds, would bury whatever else is said."""
        return f"  {ei[1]}" if isinstance(ei[1], UnavailableError) else super().formatException(ei)


def start_logging(level: int = logging.INFO) -> None:
    """A line a record on stderr, which the supervisor keeps."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # aiosmtpd's log names every recipient: addresses never stand in a log.
    for chatty in ("alembic", "dbos", "uvicorn.access", "mail.log", "httpx2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def spare_the_collector() -> None:
    """What is loaded now stays, and a batch in hand is no garbage: looking at both again and again costs a tenth.

    Memory is freed as ever; only cycles, which are few here, wait a little longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_OBJECTS, *gc.get_threshold()[1:])


def end_with_supervisor() -> None:
    """Ends this process in order when the supervisor that started it is gone: an orphan would keep the ports.

    Does nothing where no supervisor did (`tidings worker` by hand). Polls, for only Linux can signal it.
    """
    supervisor = os.environ.get(SUPERVISOR)
    if supervisor is None or os.getppid() != int(supervisor):
        return

    def watch() -> None:
        while os.getppid() == int(supervisor):
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()


def serve_web(settings: Settings) -> None:
    """The web process: pages, API, tracking, and the built-in mailbox's SMTP server. Returns when asked to stop."""
    house = open_house(settings, executor=executor_name("web"))
    try:
        asyncio.run(_serve_web(house))
    finally:
        house.close()


async def _serve_web(house: House) -> None:
    import uvicorn

    from tidings.app.asgi import build_asgi
    from tidings.distribution.mailbox.server import MailboxServer
    from tidings.engine.heartbeat import Heartbeat

    settings = house.settings
    served = ServedCertificate(partial(certificates, house))
    app = build_asgi(house)
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, ssl_certfile=str(served.tls.certificate),
        ssl_keyfile=str(served.tls.private_key), ssl_keyfile_password=served.tls.password,
        ssl_context_factory=lambda _, make: served.attach(make()), log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=3,
    )  # fmt: skip
    context = served.attach(server_context(served.tls))
    mailbox = MailboxServer(house.db, house.clock, settings.host, settings.mailbox_port, context)
    heartbeat = Heartbeat(house.db, house.clock, executor_name("web"), ["web", "mailbox"])
    heartbeat.start()
    await mailbox.start()
    spare_the_collector()
    renewing = asyncio.create_task(served.keep())
    try:
        await uvicorn.Server(config).serve()
    finally:
        renewing.cancel()
        await mailbox.stop()
        heartbeat.stop()


def work(settings: Settings, agents: Sequence[str], name: str = "") -> None:
    """A worker process: the jobs of these agents (all four if empty) and, for Distribution, the sender.

    Returns when asked to stop. `name` tells it from another one of this machine. Raises InvalidInputError for an agent
    that is none, ConflictError for a second worker where the database is a file of this machine.
    """
    roles = _roles(agents)
    some = () if set(roles) == set(ALL_AGENTS) else roles
    executor = executor_name("-".join(filter(None, ("worker", *some, name))))
    house = open_house(settings, executor=executor)
    try:
        if name and house.db.is_sqlite:
            raise ConflictError(
                "The encrypted file takes one worker, which `tidings up` starts.",
                remedy="For several, set TIDINGS_DATABASE_URL; see docs/growing.md.",
            )
        log.info("%s runs %s. Ctrl-C ends it.", executor, ", ".join(roles))
        asyncio.run(_work(house, executor, roles))
    finally:
        house.close()


def _roles(agents: Sequence[str]) -> tuple[str, ...]:
    for each in agents:
        if each not in ALL_AGENTS:
            raise InvalidInputError(f"There is no agent {each!r}.", remedy=f"Name one of {', '.join(ALL_AGENTS)}.")
    return tuple(dict.fromkeys(agents)) or ALL_AGENTS


async def _work(house: House, executor: str, roles: Sequence[str]) -> None:
    from tidings.engine.heartbeat import Heartbeat

    heartbeat = Heartbeat(house.db, house.clock, executor, roles, jobs=house.jobs)
    heartbeat.start()
    await asyncio.to_thread(house.jobs.start, list(roles))
    if AgentName.DISTRIBUTION.value in roles:
        await asyncio.to_thread(house.retention.begin)
    spare_the_collector()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sequences = SequenceRunner(house.db, house.clock, house.run) if AgentName.SCHEDULING.value in roles else None
    if sequences is not None:
        sequences.start()
    try:
        if AgentName.DISTRIBUTION.value in roles:
            sender = Senders(house)
            heartbeat.watch(AgentName.DISTRIBUTION.value, lambda: sender.silent_for)
            returns = build_returns(house)
            if returns is not None:
                returns.start()
            postings = build_postings(house)
            postings.start()
            sending = asyncio.create_task(sender.run())
            await _first(stop.wait(), sending)
            await sender.stop()
            await asyncio.to_thread(postings.stop)
            if returns is not None:
                await asyncio.to_thread(returns.stop)
            await sending
        else:
            await stop.wait()
    finally:
        if sequences is not None:
            await asyncio.to_thread(sequences.stop)
        await asyncio.to_thread(house.jobs.stop)
        heartbeat.stop()  # last: whoever is silent may have its jobs taken over


async def _first(stop: Any, task: asyncio.Task[Any]) -> None:
    """Waits until asked to stop or until the task ended, whichever comes first."""
    waiting = asyncio.ensure_future(stop)
    await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
