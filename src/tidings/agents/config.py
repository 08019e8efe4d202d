"""Each agent's settings, with the words and limits from which the form and the API's schema are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from tidings.domain.actor import AgentName
from tidings.domain.brief import LatePolicy
from tidings.domain.errors import InvalidInputError
from tidings.domain.wording import problem


class AgentConfig(BaseModel):
    """Common to all: unknown names are refused, so that a typo is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ContentConfig(AgentConfig):
    """How the Content agent writes."""

    subjects: int = Field(2, ge=1, le=5, title="Subject lines", description="How many subject lines to test at least")
    max_words: int = Field(
        220, ge=40, le=600, title="Longest message", description="Words a message may have; a longer one gets a warning"
    )
    voice: Literal["brand", "friendly", "professional", "bold"] = Field(
        "brand", title="Voice", description="The brand's own voice, or one for all brands"
    )


class SchedulingConfig(AgentConfig):
    """When the Scheduling agent may plan messages."""

    quiet_start: int = Field(
        21, ge=0, le=23, title="Quiet hours from", description="Hour of the person's own day from which nothing is sent"
    )
    quiet_end: int = Field(
        8,
        ge=0,
        le=23,
        title="Quiet hours until",
        description="Hour from which it may be sent again; same as the start: none",
    )
    quiet_texts_start: int = Field(
        21, ge=0, le=23, title="Quiet hours of telephones from",
        description="The same for text messages and notifications: hour from which none is sent",
    )  # fmt: skip
    quiet_texts_end: int = Field(
        8, ge=0, le=23, title="Quiet hours of telephones until",
        description="Hour from which text messages and notifications may be sent again",
    )  # fmt: skip
    cap_limit: int = Field(
        3,
        ge=1,
        le=50,
        title="Messages per person",
        description="At most so many across all campaigns in the days below",
    )
    cap_days: int = Field(
        7, ge=1, le=90, title="Within days", description="The number of days the limit above counts over"
    )
    window_hours: int = Field(
        72,
        ge=1,
        le=720,
        title="Plan window",
        description="Hours from its earliest moment within which a campaign goes out",
    )
    max_per_hour: int = Field(
        10_000, ge=1, le=1_000_000, title="People per hour", description="At most so many people of a campaign an hour"
    )
    holdout_share: float = Field(
        0.05, ge=0, le=0.5, title="Random times",
        description="Share of people who get a random allowed hour, so that the gain of chosen times can be measured",
    )  # fmt: skip
    skip_holidays: bool = Field(
        False, title="Skip holidays", description="Leave out national public holidays of the person's country"
    )


_GroupLine = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        pattern=r"^[A-Za-z0-9.-]+ *(= *[a-z-]+|:( *(connections|messages|rate)=\d{1,6}(\.\d{1,3})?)+)$",
    ),
]


class DistributionConfig(AgentConfig):
    """How the Distribution agent sends."""

    connections: int = Field(
        10, ge=1, le=50, title="Connections", description="Connections to the mail relay at the same time"
    )
    max_per_hour: int = Field(
        0,
        ge=0,
        le=1_000_000,
        title="Messages per hour",
        description="At most so many e-mails an hour, by all workers together; 0: no limit",
    )
    warm_up: list[str] = Field(
        default_factory=list[str], max_length=20, title="Warm-up",
        description="Relays (host:port) whose daily volume grows from 50 to 175,000 in 30 days; * for all",
    )  # fmt: skip
    provider_groups: list[_GroupLine] = Field(
        default_factory=list[_GroupLine], max_length=200, title="Mailbox providers",
        description="Changes to the shipped limits: “example.com = google”, or “google: connections=5 rate=20”",
    )  # fmt: skip
    late: LatePolicy = Field(
        "send", title="Late messages",
        description="After an interruption: send them all the same, plan them anew, or drop them; a brief may differ",
    )  # fmt: skip
    late_after_hours: int = Field(
        24, ge=1, le=720, title="Late after", description="Hours after its time from which a message counts as late"
    )


class AnalyticsConfig(AgentConfig):
    """When the Analytics agent dares to say something."""

    min_people: int = Field(
        100, ge=10, le=100_000, title="People per variant", description="Below this many it says “not enough data yet”"
    )
    report_after_hours: int = Field(
        24, ge=1, le=336, title="Report after", description="Hours after a campaign's last delivery until its report"
    )
    confidence: float = Field(
        0.95, ge=0.8, le=0.999, title="Confidence", description="How sure it must be before it names a winner"
    )


CONFIGS: dict[AgentName, type[AgentConfig]] = {
    AgentName.CONTENT: ContentConfig,
    AgentName.SCHEDULING: SchedulingConfig,
    AgentName.DISTRIBUTION: DistributionConfig,
    AgentName.ANALYTICS: AnalyticsConfig,
}


def check_config(agent: AgentName, given: dict[str, Any]) -> dict[str, Any]:
    """The whole settings of an agent, what is not given at its default.

    Raises InvalidInputError that names each setting that is wrong and its limits.
    """
    try:
        return CONFIGS[agent].model_validate(given).model_dump()
    except ValidationError as error:
        found = [cast("Mapping[str, Any]", item) for item in error.errors()]
        place = error.errors()[0]["loc"]
        raise InvalidInputError(
            "; ".join(_problem(agent, item) for item in found) + ".",
            remedy=f"Keep to the names and limits that `tidings agent show {agent.value}` shows.",
            field=str(place[0]) if place else None,
        ) from None


def _problem(agent: AgentName, item: Mapping[str, Any]) -> str:
    name = ".".join(map(str, item["loc"]))
    if item["type"] == "extra_forbidden":
        return f"There is no setting {name}; the settings are {', '.join(CONFIGS[agent].model_fields)}"
    return problem(name, item)


def config_schema(agent: AgentName) -> dict[str, Any]:
    """JSON Schema of the settings, from which a form can be made."""
    return CONFIGS[agent].model_json_schema()
