"""A brief: what a campaign is to say, to whom and when. The only source of facts beside the brand's claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from tidings.domain.brand import Brand
from tidings.domain.channel import Channel
from tidings.domain.errors import InvalidInputError
from tidings.domain.fact import Fact, check_whole, from_plain_sentences
from tidings.domain.invitation import Invitation
from tidings.domain.version import MOST_VERSIONS, Version, check_versions, language_tag
from tidings.domain.wording import problem_of, spoken

CampaignType = Literal[
    "announcement", "event", "offer", "newsletter", "welcome", "win_back", "feedback", "update"
]  # fmt: skip
LatePolicy = Literal["send", "replan", "drop"]
LATE_WORDS: Mapping[str, str] = {
    "send": "sent all the same", "replan": "planned anew for the next day", "drop": "dropped",
}  # fmt: skip
"""What becomes of late messages, in words."""
CAMPAIGN_TYPES: tuple[str, ...] = CampaignType.__args__  # type: ignore[attr-defined]

_MOST_FACTS = 30
_OF_A_LANGUAGE = frozenset({"product", "must_say"})
"""What a version in another language does not take over from the brief, because nothing is translated."""

EXAMPLE = """\
name: Autumn workshop
type: event
goal: Fill the bread workshop
brand: Northwind Bakery
audience: newsletter readers
facts:
  - It is a bread workshop for beginners.
  - You get a sourdough starter to take home.
call_to_action: Reserve a place
link: https://example.com/workshop
"""


class Brief(BaseModel):
    """A typed brief. Everything a draft may state comes from `facts` and the brand's approved claims."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    type: CampaignType = "announcement"
    goal: str = Field(min_length=3, max_length=300)
    brand: str = Field(min_length=1, description="The brand's name or id")
    audience: str = Field(default="everyone", description="A segment's name or id, or `everyone`")
    product: str = Field(default="", max_length=80, description="What the campaign is about, in one to five words")
    facts: tuple[Fact, ...] = Field(min_length=1, max_length=_MOST_FACTS)
    call_to_action: str = Field(min_length=2, max_length=40)
    other_calls: tuple[Annotated[str, Field(min_length=2, max_length=40)], ...] = Field(
        default=(), max_length=3, description="Other wordings of the call to action; each is tested as a variant"
    )
    link: str = Field(pattern=r"^https?://[^\s<>\"]+$")
    channels: tuple[Channel, ...] = Field(default=(Channel.EMAIL,), min_length=1, max_length=len(Channel))
    """Where it is to be said: by e-mail, and in every other channel that has an account."""
    picture: str = Field(
        default="", pattern=r"^(https://[^\s<>\"]+)?$", description="A picture for postings: a JPEG's https address"
    )
    picture_alt: str = Field(
        default="", max_length=300, description="What the picture shows, for those who cannot see it"
    )
    tone: Literal["friendly", "professional", "bold"] | None = None
    sender: str = Field(default="", max_length=254, description="Address of one of the brand's senders; else its first")
    must_say: tuple[str, ...] = ()
    must_not_say: tuple[str, ...] = ()
    send_after: str | None = Field(default=None, description="ISO date from which it may be sent")
    send_within_days: int = Field(default=3, ge=1, le=30)
    late: LatePolicy | None = Field(
        default=None, description="After an interruption: send, replan or drop what is late; else as the agent is set"
    )
    late_after_hours: int | None = Field(
        default=None, ge=1, le=720, description="Hours after its time from which a message is late"
    )
    subjects: int = Field(default=2, ge=1, le=5, description="How many subject lines to test")
    invitation: Invitation | None = Field(default=None, description="An event for the readers' calendars")
    bodies: int = Field(
        default=1, ge=1, le=5, description="How many bodies to test, each different in one stated way: full, short, …"
    )
    language: str = Field(default="", description="A code such as de or fr; empty: the brand's own language")
    versions: tuple[Version, ...] = Field(
        default=(), max_length=MOST_VERSIONS,
        description="Other words for some readers: the first version that fits a reader is theirs",
    )  # fmt: skip

    @property
    def late_in_words(self) -> str:
        """What becomes of its late messages after an interruption; empty where it leaves that to the agent."""
        what = LATE_WORDS[self.late] if self.late else "as the Distribution agent is set" * bool(self.late_after_hours)
        return f"{what}, from {self.late_after_hours} hours on" if self.late_after_hours else what

    @field_validator("facts", mode="before")
    @classmethod
    def _plain_sentences(cls, value: Any) -> Any:
        return from_plain_sentences(value)

    @field_validator("facts")
    @classmethod
    def _whole_sentences(cls, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        return check_whole(facts)

    @field_validator("language")
    @classmethod
    def _a_language(cls, value: str) -> str:
        return language_tag(value)

    @field_validator("other_calls")
    @classmethod
    def _worded_once(cls, calls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(call.strip() for call in calls))

    @field_validator("channels")
    @classmethod
    def _each_once(cls, channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
        return tuple(dict.fromkeys(channels))

    @field_validator("send_after")
    @classmethod
    def _a_date(cls, value: str | None) -> str | None:
        if value is not None:
            from datetime import date

            try:
                date.fromisoformat(value)
            except ValueError as error:
                raise ValueError("is not a date; an example: 2026-12-01") from error
        return value

    @property
    def calls(self) -> tuple[str, ...]:
        """Every wording of the call to action, the main one first."""
        return tuple(dict.fromkeys((self.call_to_action.strip(), *self.other_calls)))

    @model_validator(mode="after")
    def _no_contradiction(self) -> Brief:
        clash = {word.casefold() for word in self.must_say} & {word.casefold() for word in self.must_not_say}
        if clash:
            raise ValueError(f"must_say and must_not_say both name {', '.join(sorted(clash))}")
        return self

    @field_validator("versions")
    @classmethod
    def _versions_for_somebody(cls, versions: tuple[Version, ...], info: ValidationInfo) -> tuple[Version, ...]:
        check_versions(versions, info.data.get("language", ""))
        own = len(info.data.get("facts", ()))
        for version in versions:
            if own + len(version.more_facts) > _MOST_FACTS:
                raise ValueError(f"{version.name} has more than {_MOST_FACTS} facts, the brief's own among them")
        return versions

    def for_version(self, name: str) -> Brief:
        """The brief as one of its versions has it; itself under any other name."""
        version = next((each for each in self.versions if each.name == name), None)
        if version is None:
            return self
        translated = not version.shares_words(self.language)
        own = {
            name: value
            for name in ("facts", "product", "call_to_action", "link", "tone", "must_say")
            if (value := getattr(version, name)) or (translated and name in _OF_A_LANGUAGE)
        }
        more: dict[str, object] = {"facts": (*self.facts, *version.more_facts)} if version.more_facts else {}
        if version.call_to_action:  # the other wordings are of the brief's call, in the brief's language
            more["other_calls"] = ()
        forbidden = tuple(dict.fromkeys((*self.must_not_say, *version.must_not_say)))
        language = version.language or self.language
        return self.model_copy(update={**own, **more, "must_not_say": forbidden, "language": language, "versions": ()})


def language_of(brief: Brief, brand: Brand) -> str:
    """What a message from this brief is in: the brief's language, else the brand's."""
    return brief.language or brand.locale or "en"


class InvalidBriefError(InvalidInputError):
    """A brief that cannot be used. `problems` holds each wrong field's path with the sentence about it."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__(
            "The brief cannot be used: " + "; ".join(sentence for _, sentence in problems) + ".",
            remedy=f"A complete example:\n{EXAMPLE}",
            field=problems[0][0],
        )
        self.problems = problems


def parse_brief(raw: object) -> Brief:
    """The typed brief of a mapping (from YAML, JSON or a form); blanks around its texts do not count.

    Raises InvalidBriefError that names each field that is wrong, why, and shows a whole valid example.
    """
    if not isinstance(raw, dict):
        raise InvalidInputError(
            "The brief is not a list of named fields.", remedy=f"Write it like this:\n{EXAMPLE}", field="brief"
        )
    try:
        given = cast("dict[object, object]", raw)
        return Brief.model_validate({name: _trimmed(value) for name, value in given.items()})
    except ValidationError as error:
        items = [cast("Mapping[str, Any]", item) for item in error.errors()]
        raise InvalidBriefError(tuple(_problem(item) for item in items if not _follows(item, items))) from None


def _trimmed(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _follows(item: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a list counts as too short only because of its own entries that are wrong."""
    place = item["loc"]
    return item["type"] == "too_short" and any(
        each["loc"][: len(place)] == place and len(each["loc"]) > len(place) for each in items
    )


def _problem(item: Mapping[str, Any]) -> tuple[str, str]:
    """The path of a brief's field, lists counted from 0, and what is wrong with it in words: its place, then why."""
    place = tuple(part for part in cast("tuple[int | str, ...]", item["loc"]) if part != "sentence")
    path = ".".join(map(str, place)) or "brief"
    if item["type"] == "extra_forbidden":
        if not place[1:]:
            return path, f"`{path}` is not a field of a brief"
        return path, f"{spoken(place[:-1])} has no field `{place[-1]}`"
    if item["type"] == "string_pattern_mismatch":
        return path, f"{_named(place)} must be a web address that begins with https:// or http://"
    wanted = _wanted(place) if item["type"] == "string_too_short" else ""
    return path, f"{_named(place)} is too short: {wanted}" if wanted else problem_of(_named(place), item)


def _named(place: tuple[int | str, ...]) -> str:
    """A field of the brief itself by its name, one further in as people say where it stands."""
    return spoken(place) if place[1:] else f"`{place[0] if place else 'brief'}`"


def _wanted(place: tuple[int | str, ...]) -> str:
    """What to write where a few letters say nothing; empty for other fields."""
    if place == ("goal",):
        return "say what the campaign is to bring about, as in “Fill the autumn workshop”"
    if len(place) > 1 and place[-2] in {"facts", "more_facts"}:
        return "write a whole sentence, as in “The workshop is on 5 October.”"
    return ""
