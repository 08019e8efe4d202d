"""`tidings report`: what came of a campaign."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tidings.cli.connection import connected
from tidings.cli.options import AsJson, CampaignRef
from tidings.cli.output import say, show, show_json, show_table
from tidings.cli.references import campaign_id

if TYPE_CHECKING:
    from tidings_client.analytics import Share, VariantLine


def report(campaign: CampaignRef = "latest", as_json: AsJson = False) -> None:
    """Show what came of a campaign, with the uncertainty of each number."""
    with connected() as tidings:
        found = campaign_id(tidings, campaign)
        result = tidings.analytics.report(found)
        name = tidings.campaigns.get(found).name
        proposed = tidings.analytics.recommendations(campaign_id=found).items
    if as_json:
        show_json({"report": result, "recommendations": proposed})
        return
    show(f"{name}\n")
    lines = [*result.lines, result.total] if len(result.lines) > 1 else result.lines
    show_table(
        ["VARIANT", "SUBJECT", "SENT", "DELIVERED", "CLICKED", "UNSUBSCRIBED", "BOUNCED"],
        [_row(line, last=line is result.total) for line in lines],
    )
    for words in _beside(result.total):
        show(f"\n{words}")
    for each in result.versions:
        show(f"\n{each.version or 'base'}: {each.total.delivered} delivered, clicked {share_words(each.total.clicked)}")
        show(f"  {each.verdict}")
    if not result.versions:
        show(f"\n{result.verdict}")
    for each in result.comparisons:
        show(
            f"{each.better.name} over {each.worse.name}: {each.difference:+.1%} "
            f"({each.low:+.1%} to {each.high:+.1%}), q = {each.q:.3f}"
        )
    for each in proposed:
        show(f"\nRecommendation ({each.status}): {each.title}")
    if not result.complete:
        say("It is not complete: mail is still going out, or clicks may still come.")


def _beside(total: VariantLine) -> Iterator[str]:
    """What was earned, and what programs did."""
    if total.conversions:
        worth = ", ".join(f"{each.value} {each.currency}" for each in total.earned if each.currency)
        people = share_words(total.converted) if total.converted is not None else "–"
        yield f"Conversions: {total.conversions} by {people} people" + (f", worth {worth}" if worth else "")
    if total.machine_clicks or total.machine_opens:
        yield (
            f"By programs, and in no share: {total.machine_clicks} clicks, {total.machine_opens} opens "
            f"(people: {total.clicks} clicks)"
        )


def _row(line: VariantLine, *, last: bool) -> tuple[object, ...]:
    shares = (share_words(line.clicked), share_words(line.unsubscribed), share_words(line.bounced))
    return ("all" if last else line.variant, "" if last else line.subject, line.sent, line.delivered, *shares)


def share_words(share: Share) -> str:
    """`12 (3.1 %, 1.8 to 5.3)`: the count, the share and its 95 % interval."""
    if share.share is None or share.low is None or share.high is None:
        return str(share.count)
    return f"{share.count} ({share.share:.1%}, {share.low * 100:.1f} to {share.high * 100:.1f})"
