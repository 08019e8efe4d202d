"""The only file that knows DBOS: it gives it our database, keeps it quiet, and starts and stops it.

DBOS keeps its tables in the same encrypted file (on PostgreSQL in the schema `dbos` of the same database), so a
job and the change that asks for it are one transaction.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event

from tidings.store.database import Database

if TYPE_CHECKING:
    from dbos import DBOSClient

APPLICATION = "tidings"
# Workers take only jobs of their own version; the default, a hash of the code, would strand jobs at every upgrade.
# What a job's arguments mean is versioned by the job's name instead.
VERSION = "tidings-1"
UNFINISHED = ["ENQUEUED", "DELAYED", "PENDING"]
FINISHED = ["SUCCESS", "ERROR", "CANCELLED"]
_THREADS = 48

JobBody = Callable[[list[Any], int], None]


class Orchestrator:
    """DBOS on our database. One per process may be launched; any number may enqueue."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._engine: Engine | None = None
        self._client: DBOSClient | None = None
        self.launched = False

    def prepare(self) -> None:
        """Creates or upgrades the engine's own tables; harmless to repeat and from several processes at once."""
        from dbos._sys_db import SystemDatabase

        _log_through_ours()
        system = SystemDatabase.create(
            system_database_url=_kind(self._db), engine_kwargs={}, engine=self._own_engine(), schema="dbos",
            serializer=_serializer(), executor_id=None, use_listen_notify=False,
        )  # fmt: skip
        system.run_migrations()

    def enqueue(
        self, conn: Connection, name: str, queue: str, args: tuple[list[Any], int], *, key: str, delay_ms: int
    ) -> None:
        """Adds a job in the caller's transaction. A key that is already known changes nothing."""
        from dbos import EnqueueOptions

        options = EnqueueOptions(workflow_name=name, queue_name=queue, workflow_id=key, app_version=VERSION)
        if delay_ms > 0:
            options["delay_seconds"] = delay_ms / 1000
        self.client().enqueue_in_transaction(conn, options, *args)

    def client(self) -> DBOSClient:
        """What may enqueue and look, but runs nothing: all that a face needs."""
        if self._client is None:
            from dbos import DBOSClient

            _log_through_ours()
            self._client = DBOSClient(
                system_database_engine=self._own_engine(), serializer=_serializer(), application_name=APPLICATION,
                lazy=True,
            )  # fmt: skip
        return self._client

    def launch(
        self, executor: str, queues: Sequence[str], jobs: Mapping[str, JobBody], *, poll: float, at_once: int
    ) -> None:
        """Starts taking jobs from these queues and takes up again what this executor had in hand."""
        from dbos import DBOS

        _log_through_ours()
        DBOS(config={
            "name": APPLICATION, "system_database_engine": self._own_engine(), "application_version": VERSION,
            "executor_id": executor, "log_level": "WARNING", "enable_otlp": False, "use_listen_notify": False,
            "serializer": _serializer(), "max_executor_threads": _THREADS,
            "notification_listener_polling_interval_sec": 0.2, "scheduler_polling_interval_sec": 3600.0,
        })  # fmt: skip
        for name, body in jobs.items():
            DBOS.workflow(name=name)(body)
        for queue in queues:  # before the launch, which otherwise would notice them a second later
            self.client().register_queue(queue, polling_interval_sec=poll, worker_concurrency=at_once)
        DBOS.listen_queues(list(queues))
        self.launched = True
        DBOS.launch()

    def take_over(self, executors: Sequence[str]) -> int:
        """Puts the jobs that dead executors had in hand back into their queues; returns how many.

        Each row moves only while it still belongs to the dead, so two observers cannot start a job twice.
        """
        from dbos import DBOS

        # The public resume_workflows lacks that condition.
        return len(DBOS._recover_pending_workflows(list(executors)))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def step(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """Runs the function once within a job and remembers its JSON result for when the job runs again."""
        from dbos import DBOS

        return DBOS.run_step({"name": name}, function, *args)

    def job_id(self) -> str:
        """The id of the job that is running in this thread."""
        from dbos import DBOS

        return DBOS.workflow_id or ""

    def stop(self, seconds: float) -> None:
        """Stops taking jobs, waits up to so many seconds for those in hand; the rest is taken up at the next start."""
        if self.launched:
            from dbos import DBOS

            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=math.ceil(seconds))
            self.launched = False
        if self._client is not None:
            self._client.destroy()
            self._client = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _own_engine(self) -> Engine:
        if self._engine is None:
            self._engine = _engine_beside(self._db)
        return self._engine


def _engine_beside(db: Database) -> Engine:
    """A second engine on the same database: DBOS manages transactions its own way and must not empty our pool."""
    if not db.is_sqlite:
        return create_engine(db.engine.url, pool_size=6, max_overflow=6, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(
        "sqlite://", module=db.engine.dialect.dbapi, pool=db.engine.pool.recreate(), hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _take_the_lock_at_once(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = "IMMEDIATE"  # a deferred transaction that turns to writing can fail half way

    return engine


def _kind(db: Database) -> str:
    return "sqlite://" if db.is_sqlite else "postgresql://"


def _serializer() -> Any:
    from dbos import DBOSPortableJSONSerializer

    return DBOSPortableJSONSerializer()  # the default is pickle, which would run whatever stands in the table


def _log_through_ours() -> None:
    """DBOS installs a console handler of its own unless its logger has one; ours decides where lines go."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.WARNING)
