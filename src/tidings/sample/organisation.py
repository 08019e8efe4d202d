"""Northwind Bakery, an invented organisation: its brand, what it may claim, its segments, and its new campaign."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tidings.domain.brand import Brand, Sender
from tidings.domain.brief import Brief, parse_brief
from tidings.domain.claim import ClaimKind
from tidings.domain.instant import Instant, to_datetime

K = ClaimKind
WEBSITE = "https://northwind.example"
POSTAL_ADDRESS = "Northwind Bakery, 12 Mill Lane, Harbourtown HB1 2NW"
AUTHOR = ("Maya Lindqvist", "maya@northwind.example", "author")
APPROVER = ("Jonas Weber", "jonas@northwind.example", "approver")
NEWSLETTER = "Newsletter readers"

CLAIMS: tuple[tuple[str, ClaimKind, str], ...] = (
    ("Northwind Bakery has been milling its own flour since 1987.", K.PROOF, "Company register entry of 1987"),
    ("It is a family bakery with its own stone mill.", K.WHAT, "Company profile, page 2"),
    ("All our flour is milled within 48 hours of the order.", K.PROOF, "Mill log, audited in spring"),
    ("You can order flour, starters and baking tools in our online shop.", K.ABILITY, "The shop itself"),
    ("You can join our bread evenings live from your own kitchen.", K.ABILITY, "Course page"),
    ("You can ask our bakers a question at any time.", K.ABILITY, "Service description of the bread line"),
    ("You get a printed recipe card with every order.", K.BENEFIT, "Packing instruction 14"),
    ("You get a reply from a baker within one working day.", K.BENEFIT, "Support figures of the last two quarters"),
    (
        "More than 9,000 people have taken part in our online bread school.",
        K.PROOF,
        "Course sign-ups, counted on 1 July",
    ),
    ("Our sourdough starter has been fed every day since 1987.", K.PROOF, "Bakery log"),
    ("Club members pay no postage.", K.OFFER, "Club terms, section 3"),
    ("Club membership costs 6 euros a month.", K.OFFER, "Club terms, section 2"),
    ("You can leave the club at the end of any month.", K.ABILITY, "Club terms, section 7"),
    ("Our shop is open every Saturday in the old harbour.", K.PLACE, "Opening hours, front door"),
)
"""Sentence, kind, evidence. Every one is approved by the sample's approver."""

SEGMENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        NEWSLETTER,
        "Everybody who asked for the newsletter, bread club included",
        {"all": [{"field": "attributes.plan", "op": "in", "value": ["newsletter", "club"]}]},
    ),
    (
        "Weekend bakers",
        "People who told us that they bake bread or sourdough",
        {
            "any": [
                {"field": "attributes.interests", "op": "contains", "value": "bread"},
                {"field": "attributes.interests", "op": "contains", "value": "sourdough"},
            ]
        },
    ),
    ("Bread club members", "Paying members", {"all": [{"field": "attributes.plan", "op": "is", "value": "club"}]}),
    (
        "Not clicked in 60 days",
        "With us for 60 days or more, and no click in that time",
        {
            "all": [
                {"field": "clicked_days", "op": "gt", "value": 60},
                {"field": "joined_days", "op": "gt", "value": 60},
            ]
        },
    ),
    (
        "German speakers",
        "Readers in Germany, Austria and German-speaking Switzerland",
        {"all": [{"field": "locale", "op": "is", "value": "de"}]},
    ),
)
"""Name, description, rule."""

_SEASONS = (
    ("Winter", "Winter", "Spring", "Spring", "Spring", "Summer", "Summer", "Summer") + ("Autumn",) * 3 + ("Winter",)
)
_TUESDAY = 1


def brand(brand_id: str) -> Brand:
    """The sample brand."""
    return Brand(
        id=brand_id,
        name="Northwind Bakery",
        voice="friendly",
        sender=Sender(name="Northwind Bakery", address="hello@northwind.example", reply_to="bakers@northwind.example"),
        postal_address=POSTAL_ADDRESS,
        website=WEBSITE,
        colour="#8a4b12",
        locale="en",
        banned_words=("cheap", "miracle"),
    )


def sample_brief(now: Instant) -> Brief:
    """The brief of the new campaign that waits for approval; its dates lie ahead of `now`."""
    first = to_datetime(now) + timedelta(days=9)
    first += timedelta(days=(_TUESDAY - first.weekday()) % 7)
    season = _SEASONS[first.month - 1]
    day = f"{first.day} {first.strftime('%B %Y')}"
    return parse_brief(
        {
            "name": f"{season} bread school",
            "type": "event",
            "goal": "Fill the four online evenings of the bread school",
            "brand": "Northwind Bakery",
            "audience": NEWSLETTER,
            "product": f"{season.lower()} bread school",
            "facts": [
                "It is a live online bread school with four evenings, from your first starter to a crusty loaf.",
                f"The first evening is on Tuesday, {day}.",
                "You can bake along from your own kitchen and show your dough to a baker.",
                "You get every recipe and a shopping list one week before the first evening.",
                "You can watch each evening again for 30 days.",
                "A place costs 48 euros for all four evenings.",
            ],
            "call_to_action": "Reserve your place",
            "link": f"{WEBSITE}/bread-school",
            "send_within_days": 3,
            "subjects": 2,
        }
    )


SAMPLE_BRIEF: Brief = sample_brief(1_795_305_600_000)
"""The same brief as of 22 November 2026, for documents and tests."""
