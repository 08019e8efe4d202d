"""What the faces are given: every use case of the house, wired by `app.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidings.access.service import AccessService
    from tidings.access.trail import AuditTrail
    from tidings.agents.service import AgentService
    from tidings.analytics.service import AnalyticsService
    from tidings.audience.service import AudienceService
    from tidings.campaigns.asking import AskService
    from tidings.campaigns.attaching import AttachmentService
    from tidings.campaigns.commenting import CommentService
    from tidings.campaigns.confirming.service import ConfirmationService
    from tidings.campaigns.deliveries import DeliveryService
    from tidings.campaigns.editing import EditingService
    from tidings.campaigns.personal_data.service import PersonalDataService
    from tidings.campaigns.records import RecordService
    from tidings.campaigns.sequences.service import SequenceService
    from tidings.campaigns.service import CampaignService
    from tidings.campaigns.suggesting import SuggestionService
    from tidings.campaigns.templating import TemplateService
    from tidings.campaigns.trying import TestSendService
    from tidings.content.briefing.service import BriefService
    from tidings.content.images import ImageService
    from tidings.content.models.service import ModelService
    from tidings.content.proposing.service import ProposalService
    from tidings.content.service import BrandService
    from tidings.distribution.accounts.service import ChannelService
    from tidings.distribution.conversions import Conversions
    from tidings.distribution.postback import Postbacks
    from tidings.distribution.returns.replies import ReplyService
    from tidings.distribution.service import DistributionService
    from tidings.domain.instant import Clock
    from tidings.events.activity import ActivityFeed
    from tidings.health import HealthService
    from tidings.store.database import Database


@dataclass(frozen=True, slots=True)
class Services:
    """One field a use-case class. Each checks the actor's rights itself, whatever face asks."""

    db: Database
    clock: Clock
    access: AccessService
    audit: AuditTrail
    agents: AgentService
    brands: BrandService
    channels: ChannelService
    replies: ReplyService
    audience: AudienceService
    campaigns: CampaignService
    sequences: SequenceService
    asking: AskService
    attachments: AttachmentService
    deliveries: DeliveryService
    distribution: DistributionService
    analytics: AnalyticsService
    activity: ActivityFeed
    health: HealthService
    models: ModelService
    base_url: str
    conversions: Conversions
    postbacks: Postbacks
    proposals: ProposalService
    briefs: BriefService

    editing: EditingService
    comments: CommentService
    suggestions: SuggestionService
    templates: TemplateService
    images: ImageService
    test_sends: TestSendService
    records: RecordService
    confirmations: ConfirmationService
    personal_data: PersonalDataService
