"""What waits for a person's yes."""

from __future__ import annotations

from tidings_client.calls import Call, Endpoint, Mode, Page, Resource
from tidings_client.campaigns import CampaignRow


class Approvals(Resource[Mode]):
    """The approvals inbox. The verdict itself is a verb of the campaign."""

    @Endpoint
    def list(self) -> Call[Page[CampaignRow]]:
        """Campaigns in review, oldest first."""
        return Call("GET", "/approvals", Page[CampaignRow])
