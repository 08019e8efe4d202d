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
from tidings.engine.process import executor_name
from tidings.keys.served import ServedCertificate, server_context

if TYPE_CHECKING:
    from tidings.settings import Settings

log = logging.getLogger("tidings.app")
_GC_OBJECTS = 20_000
ALL_AGENTS = tuple(name.value for name in AgentName)


def start_logging(level: int = logging.INFO) -> None:
    """One line a record on stderr, which the supervisor keeps; line breaks in a message cannot forge a record."""

    class OneLine(logging.Formatter):
        def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
            return super().formatMessage(record).replace("\n", "\\n").replace("\r", "\\r")

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
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


def work(settings: Settings, roles: Sequence[str]) -> None:
    """A worker process: the jobs of these agents and, for Distribution, the sender. Returns when asked to stop."""
    executor = executor_name("worker" if set(roles) == set(ALL_AGENTS) else "worker-" + "-".join(roles))
    house = open_house(settings, executor=executor)
    try:
        asyncio.run(_work(house, executor, roles))
    finally:
        house.close()


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
