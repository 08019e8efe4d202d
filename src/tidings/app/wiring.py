"""Builds the whole from settings: the only place that knows every room."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tidings.access.service import AccessService
from tidings.access.trail import AuditTrail
from tidings.agents.policy import Policy
from tidings.agents.service import AgentService
from tidings.agents.state import ensure_agents
from tidings.analytics.agent import AnalyticsAgent
from tidings.analytics.service import AnalyticsService
from tidings.app.retention import Retention
from tidings.audience.repository import any_known
from tidings.audience.service import AudienceService
from tidings.campaigns.asking import AskService
from tidings.campaigns.attaching import AttachmentService
from tidings.campaigns.commenting import CommentService
from tidings.campaigns.confirming.service import ConfirmationService
from tidings.campaigns.deliveries import DeliveryService
from tidings.campaigns.editing import EditingService
from tidings.campaigns.personal_data.service import PersonalDataService
from tidings.campaigns.records import RecordService
from tidings.campaigns.run import CampaignRun
from tidings.campaigns.sequences.service import SequenceService
from tidings.campaigns.service import CampaignService
from tidings.campaigns.suggesting import SuggestionService
from tidings.campaigns.templating import TemplateService
from tidings.campaigns.tools.gather import agent_tools
from tidings.campaigns.tools.plain import Kit
from tidings.campaigns.trying import TestSendService
from tidings.content.agent import ContentAgent
from tidings.content.briefing.service import BriefService
from tidings.content.images import PATH as IMAGES
from tidings.content.images import ImageService
from tidings.content.models.desk import ModelDesk
from tidings.content.models.look import look
from tidings.content.models.service import ModelService
from tidings.content.proposing.service import ProposalService
from tidings.content.service import BrandService
from tidings.content.suggest import Suggester
from tidings.distribution.accounts.service import ChannelService
from tidings.distribution.conversions import Conversions
from tidings.distribution.dkim import DkimSigner, parse_dkim
from tidings.distribution.dns.dkim import Selector
from tidings.distribution.dns.doctor import DnsDoctor
from tidings.distribution.mailbox.service import MailboxService
from tidings.distribution.postback import Postbacks
from tidings.distribution.postings.service import PostingService
from tidings.distribution.preflight import Preflight
from tidings.distribution.relay import parse_relays
from tidings.distribution.returns.replies import ReplyService
from tidings.distribution.returns.source import parse_source
from tidings.distribution.service import DistributionService
from tidings.distribution.trial import hand_over
from tidings.domain.attachment import MEGABYTE
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import Clock, to_datetime
from tidings.engine.clock import SystemClock
from tidings.engine.jobs import Jobs
from tidings.events.activity import ActivityFeed
from tidings.health import HealthService
from tidings.keys.certificates import TlsFiles, ensure_certificates
from tidings.keys.master import MasterKey, load_master_key
from tidings.keys.secrets import Secrets, address_hash
from tidings.llm.configured import Models
from tidings.llm.network import Network, Offline
from tidings.net.addresses import AddressRule
from tidings.net.guard import Guard
from tidings.scheduling.agent import SchedulingAgent
from tidings.services import Services
from tidings.store.database import Database
from tidings.store.migrations import migrate
from tidings.store.moving import MOVED, refuse_moved
from tidings.store.open import open_database
from tidings.store.secrets import load_secrets
from tidings.store.settings import get_setting

if TYPE_CHECKING:
    from tidings.net.client import Guard
    from tidings.net.egress import Known
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
    retention: Retention

    def close(self) -> None:
        """Gives the database back."""
        self.db.close()


def open_house(settings: Settings, *, executor: str, create: bool = False, clock: Clock | None = None) -> House:
    """Opens the store and wires every room; with `create` it is made, or brought to this version's shape, first.

    Raises StoreLockedError when the key is wrong or missing.
    """
    master = load_master_key(settings.data_dir, settings.environ, create=create)
    db = open_database(settings.data_dir, master, settings.database_url)
    try:
        if create:
            migrate(db)
            with db.transaction() as conn:
                ensure_agents(conn)
        secrets = load_secrets(db, master)
        if db.is_sqlite:
            with db.reading() as conn:
                refuse_moved(get_setting(conn, MOVED))
    except BaseException:
        db.close()
        raise
    return wire(settings, db, master, secrets, clock or SystemClock(), executor)


def wire(
    settings: Settings, db: Database, master: MasterKey, secrets: Secrets, clock: Clock, executor: str,
    jobs: Jobs | None = None,
) -> House:  # fmt: skip
    """Every room on an open database; used by the product and by the tests alike."""
    jobs = jobs or Jobs(db, clock, executor)
    feed = ActivityFeed(db, clock)
    access = AccessService(db, clock)
    audience = AudienceService(db, clock, secrets)
    network = Network(db, clock, Offline(settings.offline) if settings.offline else None)
    desk = ModelDesk(db, clock, partial(_guard, db, secrets), network=network)
    models_here = ModelService(db, clock, desk, jobs)
    distribution = DistributionService(db, clock, secrets, base_url=settings.links_url)
    channels = ChannelService(db, clock, secrets, guard_of(settings), base_url=settings.base_url)
    postings = PostingService(clock, channels)
    run = CampaignRun(
        db, clock, jobs, feed, content=ContentAgent(
            desk.writers, rank=desk.rank, on_draft=models_here.note_draft, images_at=f"{settings.links_url}{IMAGES}"
        ),
        scheduling=SchedulingAgent(db, clock),
        distribution=distribution, analytics=AnalyticsAgent(db, clock), postings=postings,
    )  # fmt: skip
    run.register()
    models_here.on_online = run.rewriter.look_now
    retention = Retention(db, clock, jobs, settings.keep)
    relay = settings.relay or own_mailbox(settings)
    facts = {
        "relay": f"relay {', '.join(each.name for each in parse_relays(settings.relay))}"
        if settings.relay
        else "built-in mailbox (mail stays here)",
        "returned mail": parse_source(settings.returns).name if settings.returns else "",
        "retention": settings.keep.in_words(),
        "sync": "not configured; this node works alone",
    }
    campaigns = CampaignService(
        db, clock, run, access=access, distribution=distribution, policy=Policy(), feed=feed,
        postings=postings, preflight=preflight_of(settings, relay, channels.mail_account),
    )  # fmt: skip
    brands, analytics, models = (
        BrandService(db, clock),
        AnalyticsService(db, clock, run.rewriter.accept),
        models_of(settings, db, secrets, network),
    )
    editing = EditingService(campaigns, distribution, campaigns.reviser)
    tools = agent_tools(Kit(campaigns, brands, analytics))
    services = Services(
        db=db, clock=clock, access=access, channels=channels,
        audit=AuditTrail(db), replies=ReplyService(db, clock, audience.unsubscribe),
        agents=AgentService(db, clock, on_resume=run.restart_waiting, tools=tools), brands=brands, audience=audience,
        campaigns=campaigns, asking=AskService(db, clock, campaigns, tools, models), distribution=distribution,
        analytics=analytics, activity=feed, models=models_here, attachments=AttachmentService(db, clock, feed,
        limit=settings.attachments_mb * MEGABYTE), deliveries=DeliveryService(db, clock, secrets, feed,
        distribution=distribution), sequences=SequenceService(db, clock, run, campaigns),
        health=HealthService(db, clock, settings.data_dir, distribution, facts, partial(look, desk, models.look,
        answers=models.configured)),
        base_url=settings.base_url, conversions=Conversions(db, clock, secrets),
        postbacks=Postbacks(db, clock, secrets), briefs=BriefService(db, clock), proposals=ProposalService(brands,
        partial(guard_of, settings)), editing=editing, comments=CommentService(db, clock, campaigns.reviser),
        suggestions=SuggestionService(editing, Suggester(desk)), templates=TemplateService(editing),
        records=RecordService(db), confirmations=ConfirmationService(db, clock, distribution, feed),
        images=ImageService(db, clock, settings.links_url), personal_data=PersonalDataService(db, clock, secrets),
        test_sends=TestSendService(
            db, clock, campaigns.reviser, distribution,
            hand_over(lambda: parse_relays(relay)[0], lambda: signer_of(settings)),
        ),
    )  # fmt: skip
    return House(
        settings=settings, db=db, master=master, secrets=secrets, clock=clock, jobs=jobs, run=run, services=services,
        mailbox=MailboxService(db), relay=relay, retention=retention,
    )  # fmt: skip


def own_mailbox(settings: Settings) -> str:
    """The built-in mailbox as a relay."""
    return f"smtp://localhost:{settings.mailbox_port}?tls=starttls&ca={tls_of(settings)}/ca.pem"


def preflight_of(settings: Settings, relay: str, account: Callable[[], str] = str) -> Preflight:
    """What is looked at before a send; `account` names the one by which mail leaves instead of the relay.

    Raises InvalidInputError when the relay, DKIM or spamd settings are wrong.
    """
    signer = signer_of(settings)
    selectors = [Selector(key.selector, key.record) for key in signer.keys] if signer else []
    if settings.dkim_selector and not selectors:
        selectors = [Selector(name.strip()) for name in settings.dkim_selector.split(",") if name.strip()]
    host, _, port = settings.spamd.rpartition(":")
    if not host or not port.isdigit():
        raise InvalidInputError("TIDINGS_SPAMD is no address and port.", remedy="Write it like this: 127.0.0.1:783")
    own = parse_relays("smtp://localhost?tls=none")
    relays = parse_relays(relay) if settings.relay else [replace(own[0], port=settings.mailbox_port)]  # it is ourselves
    doctor = DnsDoctor(relays, selectors, nameserver=settings.nameserver)
    elsewhere = DnsDoctor(own, selectors, nameserver=settings.nameserver)
    return Preflight(doctor, spamd=(host, int(port)), elsewhere=elsewhere, account=account)


def guard_of(settings: Settings) -> Guard:
    """What everything that is sent to providers passes: public addresses, and places of one's own that are allowed."""
    return Guard(AddressRule(allowed=settings.allowed_places))


def signer_of(settings: Settings) -> DkimSigner | None:
    """Who signs mail here; None where the relay does. Raises InvalidInputError when the setting is wrong."""
    return parse_dkim(settings.dkim) if settings.dkim else None


def models_of(settings: Settings, db: Database, secrets: Secrets, network: Network) -> Models:
    """The configured model behind the look at what leaves: a contact's address never does."""
    return Models(settings.model, known_to(db, secrets), network)


def _guard(db: Database, secrets: Secrets) -> Guard:
    """What every request to a model passes; made late, for the HTTP client is heavy."""
    from tidings.net.client import Guard
    from tidings.net.egress import EgressScan

    return Guard(egress=EgressScan(known_to(db, secrets)))


def known_to(db: Database, secrets: Secrets) -> Known:
    """Whether any of these addresses belongs to a contact; asked by keyed hash."""

    def known(addresses: Collection[str]) -> bool:
        with db.reading() as conn:
            return any_known(conn, [address_hash(secrets, address) for address in addresses])

    return known


def tls_of(settings: Settings) -> Path:
    """Where certificates and their sealed keys lie."""
    return settings.data_dir / "tls"


def certificates(house: House) -> TlsFiles:
    """The certificate of this installation's own authority, made or renewed as needed.

    Its keys are sealed with a secret that a change of the master key leaves alone: else everybody would have to
    trust a new authority after it.
    """
    passphrase = hashlib.blake2b(b"tls", key=house.secrets.signing_key, digest_size=32).digest()
    now = to_datetime(house.clock.now())
    return ensure_certificates(tls_of(house.settings), passphrase, house.settings.names, now=now)
