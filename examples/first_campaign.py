"""Writes a campaign and sends it with a person's yes, by the SDK: see `docs/integrating.md`.

TIDINGS_URL=https://localhost:8443 TIDINGS_TOKEN=tid_… TIDINGS_CA=var/tls/ca.pem python examples/first_campaign.py
"""

from __future__ import annotations

import os
import sys
import time

from tidings_client import Tidings, TidingsError
from tidings_client.campaigns import Campaign

BRIEF = {
    "name": "Bread school in spring",
    "type": "event",
    "goal": "Fill the bread school",
    "brand": "Northwind Bakery",
    "audience": "everyone",
    "product": "bread school",
    "facts": ["It is a bread school for beginners.", "You get a sourdough starter to take home."],
    "call_to_action": "Reserve a place",
    "link": "https://northwind.example.com/school",
}


def once_in(tidings: Tidings, campaign: Campaign, states: set[str]) -> Campaign:
    """The campaign as soon as it is in one of these states."""
    for _ in range(600):
        campaign = tidings.campaigns.get(campaign.id)
        if campaign.state in states:
            return campaign
        time.sleep(0.5)
    sys.exit(f"The campaign is still {campaign.state}: {campaign.state_reason}")


def main() -> None:
    """Stops after the send was asked for: `tidings campaign status latest --watch` shows the rest."""
    with Tidings(os.environ["TIDINGS_URL"], os.environ["TIDINGS_TOKEN"], ca=os.environ.get("TIDINGS_CA")) as tidings:
        campaign = once_in(tidings, tidings.campaigns.create(BRIEF), {"review", "blocked"})
        if campaign.revision is None or campaign.state == "blocked":
            sys.exit(f"The drafts cannot be sent: {campaign.state_reason}")
        for draft in campaign.revision.drafts:
            print(f"{draft.variant}: {draft.subject}")
        if input(f"Send this to {campaign.people:,} people? Write yes: ") != "yes":
            sys.exit("Nothing was sent. The campaign waits for an approval in Tidings.")
        tidings.campaigns.approve(campaign.id, campaign.revision.id)
        campaign = tidings.campaigns.send(campaign.id, now=True)
        print(f"{campaign.name} ({campaign.id}): {campaign.state}")


if __name__ == "__main__":
    try:
        main()
    except TidingsError as error:
        sys.exit(f"{error.detail} {error.remedy}".strip())
