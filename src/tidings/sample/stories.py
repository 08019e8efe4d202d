"""The sample's nine past campaigns: what each said, to whom, and how well it went down."""

from __future__ import annotations

from typing import NamedTuple

from tidings.domain.blocks import Block, Button, Footer, Heading, Text
from tidings.domain.brief import Brief, parse_brief
from tidings.domain.draft import Draft, Trace
from tidings.sample.organisation import NEWSLETTER, POSTAL_ADDRESS, WEBSITE

WRITER = "sample data"
"""Named as the author wherever a draft's writer is shown: neither a model nor the composer wrote these."""
GREETING = 'Hello {{ contact.first_name | default: "there" }},'


class Story(NamedTuple):
    """One past campaign. `appeal` is the share of people who click at their best hour; `b_over_a` how B compares."""

    name: str
    type: str
    goal: str
    audience: str
    product: str
    facts: tuple[str, ...]
    action: str
    path: str
    subjects: tuple[str, str]
    preheader: str
    interest: str
    appeal: float
    b_over_a: float


STORIES: tuple[Story, ...] = (
    Story(
        "Stone-milled rye is back", "announcement", "Sell the first rye of the year", NEWSLETTER, "stone-milled rye",
        ("It is whole-grain rye from two farms near the coast.", "You can order it in bags of one and five kilos.",
         "You get a recipe for a dark pan loaf with every bag."),
        "See the rye", "rye", ("The rye is back", "Two farms, one mill: our new rye"),
        "Whole-grain rye, milled to order.", "bread", 0.18, 1.24,
    ),
    Story(
        "Starter care evening", "event", "Fill one free online evening", "Weekend bakers", "starter care evening",
        ("It is a free online evening about keeping a sourdough starter.",
         "You can bring your own starter to the screen.", "You get a feeding plan to print."),
        "Join the evening", "starter-evening", ("Is your starter hungry?", "One free evening for your starter"),
        "Bring it to the screen, however tired it looks.", "sourdough", 0.25, 0.93,
    ),
    Story(
        "Bread club open days", "offer", "Win new members for the bread club", NEWSLETTER, "bread club",
        ("Members of the bread club pay no postage.", "The bread club costs 6 euros a month.",
         "You can leave the bread club at the end of any month."),
        "Look at the club", "club", ("No postage for club members", "Six euros a month, no postage"),
        "What the bread club is, and how to leave it again.", "bread", 0.13, 1.31,
    ),
    Story(
        "Reader survey", "feedback", "Learn what readers want to bake", NEWSLETTER, "reader survey",
        ("It is a survey of five questions.", "You can answer it in three minutes.",
         "You get the results by e-mail two weeks later."),
        "Answer five questions", "survey", ("Five questions, three minutes", "What shall we bake next?"),
        "Your answers decide the next recipes.", "coffee", 0.16, 1.05,
    ),
    Story(
        "Plum cake recipe", "newsletter", "Bring readers back to the recipe pages", NEWSLETTER, "plum cake recipe",
        ("It is our grandmother’s plum cake with a crumble of rye.", "You can bake it in one hour.",
         "You get the recipe for two tin sizes."),
        "Open the recipe", "plum-cake", ("Plum cake, with a rye crumble", "One hour to plum cake"),
        "The recipe, for two tin sizes.", "cake", 0.23, 0.88,
    ),
    Story(
        "New proofing baskets", "announcement", "Sell the new proofing baskets", "Weekend bakers", "proofing baskets",
        ("It is a set of two baskets made of willow.", "You can wash them by hand.",
         "You get a linen cloth with each basket."),
        "See the baskets", "baskets", ("Willow baskets for your loaves", "Two baskets, two linen cloths"),
        "Made of willow, with a linen cloth each.", "tools", 0.15, 1.12,
    ),
    Story(
        "Ask a baker week", "event", "Show that real bakers answer", NEWSLETTER, "ask a baker week",
        ("It is a week in which four bakers answer questions.", "You can send a photo of your loaf.",
         "You get a reply from a baker within one working day."),
        "Ask a question", "ask", ("Show us your loaf", "Four bakers, one week of answers"),
        "Send a photo, get a reply.", "bread", 0.20, 1.18,
    ),
    Story(
        "Croissant weekend", "event", "Fill the croissant workshop", NEWSLETTER, "croissant weekend",
        ("It is a two-day online workshop on croissants.", "You can watch both days again for 30 days.",
         "You get the shopping list one week ahead."),
        "Reserve a place", "croissants", ("Two days, one croissant", "Learn croissants at home"),
        "A two-day workshop in your own kitchen.", "pastry", 0.18, 0.80,
    ),
    Story(
        "Flour by post, faster", "update", "Tell customers about the new parcel service", NEWSLETTER, "parcel service",
        ("It is a new parcel service for all orders.", "You can follow every parcel online.",
         "You get your flour within three working days in Europe."),
        "See how it works", "parcels", ("Your flour travels faster now", "Three working days to your door"),
        "You can follow every parcel online.", "tools", 0.12, 1.09,
    ),
)  # fmt: skip


def brief_of(story: Story) -> Brief:
    """The brief a person would have written for it."""
    return parse_brief(
        {
            "name": story.name,
            "type": story.type,
            "goal": story.goal,
            "brand": "Northwind Bakery",
            "audience": story.audience,
            "product": story.product,
            "facts": list(story.facts),
            "call_to_action": story.action,
            "link": f"{WEBSITE}/{story.path}",
            "send_within_days": 2,
        }
    )


def drafts_of(story: Story) -> tuple[Draft, ...]:
    """Its two variants: the same message under two subjects."""
    blocks: tuple[Block, ...] = (
        Heading(text=story.name),
        Text(text=GREETING),
        *(Text(text=fact) for fact in story.facts),
        Button(label=story.action, url=f"{WEBSITE}/{story.path}"),
        Footer(text=POSTAL_ADDRESS),
    )
    traces = tuple(Trace(sentence=fact, source="brief") for fact in story.facts)
    return tuple(
        Draft(
            variant=variant, channel="email", subject=subject, preheader=story.preheader, blocks=blocks,
            writer=WRITER, traces=traces,
        )
        for variant, subject in zip("AB", story.subjects, strict=True)
    )  # fmt: skip
