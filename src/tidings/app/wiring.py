"""Builds the whole from settings: the only place that knows every room."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tidings.access.service import AccessService
from tidings.agents.policy import Policy
from tidings.agents.service import AgentService
from tidings.agents.state import ensure_agents
from tidings.analytics.agent import AnalyticsAgent
from tidings.analytics.service import AnalyticsService
from tidings.audience.service import AudienceService
from tidings.campaigns.run import CampaignRun
from tidings.campaigns.service import CampaignService
from tidings.content.agent import ContentAgent
from tidings.content.service import BrandService
from tidings.distribution.mailbox.service import MailboxService
from tidings.distribution.returns.source import parse_source
from tidings.distribution.service import DistributionService
from tidings.domain.instant import Clock
from tidings.engine.clock import SystemClock
from tidings.engine.jobs import Jobs
from tidings.events.activity import ActivityFeed
from tidings.health import HealthService
from tidings.keys.certificates import TlsFiles, ensure_certificates
from tidings.keys.master import MasterKey, load_master_key
from tidings.keys.secrets import Secrets
from tidings.scheduling.agent import SchedulingAgent
from tidings.services import Services
from tidings.store.database import Database
from tidings.store.migrations import migrate
from tidings.store.open import open_database
from tidings.store.secrets import load_secrets

if TYPE_CHECKING:
    from tidings.settings import Settings


@dataclass(frozen=True, slots=True)
class House:
    """One process's view of the whole: database, secrets, every service, and the run of campaigns."""

    settings: Settings
    db: Database
    master: MasterKey
    secrets: Secrets
    clock: Clock
    jobs: Jobs
    run: CampaignRun
    services: Services
    mailbox: MailboxService
    relay: str

    def close(self) -> None:
        """Gives the database back."""
        self.db.close()


def open_house(settings: Settings, *, executor: str, create: bool = False, clock: Clock | None = None) -> House:
    """Opens the store and wires every room; with `create` it is made, or brought to this version's shape, first.

    Raises StoreLockedError when the key is wrong or missing.
    """
    master = load_master_key(settings.data_dir, settings.environ, create=create)
    db = open_database(settings.data_dir, master, settings.database_url)
    if create:
        migrate(db)
        with db.transaction() as conn:
            ensure_agents(conn)
    return wire(settings, db, master, load_secrets(db, master), clock or SystemClock(), executor)


def wire(settings: Settings, db: Database, master: MasterKey, secrets: Secrets, clock: Clock, executor: str) -> House:
    """Every room on an open database; used by the product and by the tests alike."""
    jobs = Jobs(db, clock, executor)
    feed = ActivityFeed(db, clock)
    access = AccessService(db, clock)
    audience = AudienceService(db, clock, secrets)
    distribution = DistributionService(db, clock, secrets, base_url=settings.base_url)
    run = CampaignRun(
        db, clock, jobs, feed, content=ContentAgent(), scheduling=SchedulingAgent(db, clock),
        distribution=distribution, analytics=AnalyticsAgent(db, clock),
    )  # fmt: skip
    run.register()
    relay = settings.relay or f"smtp://localhost:{settings.mailbox_port}?tls=starttls&ca={tls_of(settings)}/ca.pem"
    facts = {
        "relay": f"relay {settings.relay.rpartition('@')[2]}"
        if settings.relay
        else "built-in mailbox (mail stays here)",
        "returned mail": parse_source(settings.returns).name if settings.returns else "",
        "language model": "not configured; the Composer writes",
        "sync": "not configured; this node works alone",
    }
    services = Services(
        db=db, clock=clock, access=access, agents=AgentService(db, clock, on_resume=run.restart_waiting),
        brands=BrandService(db, clock), audience=audience,
        campaigns=CampaignService(
            db, clock, run, access=access, distribution=distribution, policy=Policy(), feed=feed,
        ),
        distribution=distribution, analytics=AnalyticsService(db, clock), activity=feed,
        health=HealthService(db, clock, settings.data_dir, distribution, facts), base_url=settings.base_url,
    )  # fmt: skip
    return House(
        settings=settings, db=db, master=master, secrets=secrets, clock=clock, jobs=jobs, run=run, services=services,
        mailbox=MailboxService(db), relay=relay,
    )  # fmt: skip


def tls_of(settings: Settings) -> Path:
    """Where certificates and their sealed keys lie."""
    return settings.data_dir / "tls"


def certificates(house: House) -> TlsFiles:
    """The certificate of this installation's own authority, made or renewed as needed.

    Its keys are sealed with a secret that a change of the master key leaves alone: else everybody would have to
    trust a new authority after it.
    """
    passphrase = hashlib.blake2b(b"tls", key=house.secrets.signing_key, digest_size=32).digest()
    return ensure_certificates(tls_of(house.settings), passphrase, house.settings.names)
