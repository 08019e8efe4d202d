"""Jinja environment: templates, filters, icons and addresses of static files."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from tidings.domain.delivery import server_said
from tidings.domain.instant import Instant, iso
from tidings.web import charts, drafts, formats

HERE = Path(__file__).parent
STATIC = HERE / "static"

# Short notices after a form. A cookie carries the key alone, so that no page can be made to say anything else.
FLASHES = {
    "created": "The campaign is created. The Content agent is writing its drafts.",
    "approved": "Approved. The send plan stands.",
    "sequence_made": "The sequence is made. The Content agent is writing its messages.",
    "sequence_edited": "Saved. What changed is written and then waits for approval.",
    "sequence_approved": "Approved, every step and every message.",
    "sequence_started": "Started. People enter from now on.",
    "changes": "Changes requested. The campaign goes back to drafting.",
    "sent": "Sending starts as planned.",
    "sent_now": "Sending starts now.",
    "paused": "Paused. Nothing more goes out until you resume.",
    "resumed": "Resumed.",
    "cancelled": "Cancelled. What was sent stays sent; nothing more goes out.",
    "channel_dropped": "Taken out. What has not left by that channel never does; the rest goes on.",
    "replanned": "A new send plan is being made.",
    "retried": "Tried again.",
    "edited": "Saved as a new revision. It needs its own approval.",
    "rescheduled": "The send time is set.",
    "posting_confirmed": "Noted: it is there.",
    "posting_again": "It is posted again.",
    "all_paused": "All sending is paused.",
    "all_resumed": "Sending goes on.",
    "lifted": "The hold is lifted. What waited for it goes out now.",
    "configured": "The agent's configuration is saved.",
    "overridden": "The decision is overridden. The agent has noted it.",
    "decided": "Noted.",
    "saved": "Saved.",
    "model_added": "The model is there. Let it take the exam.",
    "model_removed": "The model is removed.",
    "exam_started": "It takes the exam now.",
    "exam_stopped": "The exam is stopped.",
    "attached": "Attached. The campaign needs approval with it.",
    "detached": "Taken off. The campaign needs approval without it.",
    "invited": "The invitation goes with every mail. It needs approval.",
    "uninvited": "The invitation is out.",
    "settled_arrived": "Noted: it arrived.",
    "settled_again": "It goes out again, with the same Message-ID.",
    "reply_done": "Done.",
    "reply_open": "Open again.",
    "unsubscribed": "This person gets no more mail.",
    "channel_added": "The account is set up. Check it, or send a test.",
    "channel_saved": "The account is saved.",
    "channel_works": "The account works.",
    "channel_on": "The account is on.",
    "channel_off": "The account is off. What waits for it stays.",
    "channel_removed": "The account and its secrets are forgotten.",
    "brand_saved": "The brand is saved. A campaign approved before must be approved again if its mail changes by it.",
    "claim_added": "The claim is added.",
    "claim_approved": "Approved in your name.",
    "claim_reworded": "Saved. The new sentence waits for an approval; nothing says it before.",
    "claim_retired": "Retired. No draft that says it can be sent.",
    "claims_confirmed": "Confirmed in your name. Drafts may say it from now on.",
    "asked_to_confirm": "Asked. Each of them gets one mail; whoever does not confirm gets nothing more.",
    "reminded_to_confirm": "Reminded. Nobody is asked again after that.",
    "person_erased": "The person is erased. Only a keyed hash of the address stays, so that no import brings it back.",
    "sample_removed": "The sample data are gone.",
}

STATE_TONES = {
    "drafting": "plain", "planning": "plain", "review": "warn", "approved": "good", "sending": "good",
    "done": "quiet", "blocked": "bad", "cancelled": "quiet", "working": "quiet", "idle": "plain",
    "paused": "warn", "stopped": "bad", "ok": "good", "warn": "warn", "fail": "bad", "error": "bad",
    "warning": "warn", "info": "plain", "proposed": "warn", "accepted": "good", "rejected": "quiet",
    "delivered": "good", "failed": "bad", "uncertain": "warn", "held": "warn", "planned": "plain",
    "suppressed": "quiet", "bounced": "bad", "complained": "bad", "deferred": "warn", "subscribed": "good",
    "no_consent": "plain", "changes_requested": "warn", "noted": "quiet", "writer": "good", "suggester": "plain",
    "judge": "plain", "none": "quiet", "unexamined": "warn", "up": "good", "resting": "warn", "valid": "good",
    "expiring": "warn", "expired": "bad", "retired": "quiet", "granted": "good", "withdrawn": "quiet",
    "pending": "warn",
}  # fmt: skip


class Pages:
    """Renders templates. One for the whole process; safe to share between threads."""

    def __init__(self) -> None:
        self._versions: dict[str, str] = {}
        env = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        cast("dict[str, Any]", env.filters).update(
            number=formats.number, percent=formats.percent, words=formats.words, held_words=formats.held_words,
            plural=formats.plural, when=_when, dated=_dated, time_of_day=_time_of_day, ago=_ago,
            local_input=_local_input, attribute_json=_attribute_json, iso=iso, shown=formats.shown, merged=_merged,
            draft_key=drafts.draft_key, draft_name=drafts.draft_name, as_short=drafts.as_short,
            channel_title=drafts.channel_title, lower_first=drafts.lower_first, of_brief=drafts.of_brief,
            variant_name=drafts.variant_name, variant_letter=drafts.variant_letter, version_name=drafts.version_name,
            server_said=server_said,
        )  # fmt: skip
        cast("dict[str, Any]", env.globals).update(
            icon=self._icon, static=self.static, tone=_tone, histogram=_histogram, folded_days=_folded_days,
            parts=charts.parts, parts_bar=charts.parts_bar, interval=charts.interval,
        )  # fmt: skip
        self._env = env

    def render(self, template: str, **values: Any) -> str:
        """One template as text. Raises on a name the template uses and nobody gave."""
        return self._env.get_template(template).render(**values)

    def static(self, name: str) -> str:
        """The address of a static file, with a version that changes with its content."""
        if name not in self._versions:
            self._versions[name] = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
        return f"/static/{name}?v={self._versions[name]}"

    def _icon(self, name: str, classes: str = "") -> Markup:
        """One icon of the sprite; decoration, so hidden from screen readers."""
        address = self.static("icons.svg")
        return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
            classes, address, name
        )


@cache
def shared_pages() -> Pages:
    """The process's one set of templates; compiling them again for each application would only cost."""
    return Pages()


_MERGE = re.compile(r"\{\{\s*contact\.(\w+)(?:\s*\|\s*default:\s*\"([^\"]*)\")?\s*\}\}")


def _merged(text: str) -> Markup:
    """A text whose merge fields are shown by name, as the places they are."""
    parts: list[Markup] = []
    end = 0
    for found in _MERGE.finditer(text):
        name = found[1].replace("_", " ")
        title = f"The contact’s {name}" + (f", else “{found[2]}”" if found[2] else "")
        place = Markup('<span class="merge" title="{}">{}</span>').format(title, name)
        parts += [escape(text[end : found.start()]), place]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _tone(code: object) -> str:
    return STATE_TONES.get(str(getattr(code, "value", code)), "plain")


@pass_context
def _when(context: Context, instant: Instant | None) -> Markup:
    return _timed(instant, formats.when(instant, context["look"].zone))


@pass_context
def _dated(context: Context, instant: Instant | None) -> Markup:
    return _timed(instant, formats.dated(instant, context["look"].zone))


def _timed(instant: Instant | None, words: str) -> Markup:
    if instant is None:
        return escape(words)
    return Markup('<time datetime="{}">{}</time>').format(iso(instant), words)


@pass_context
def _time_of_day(context: Context, instant: Instant) -> str:
    return formats.time_of_day(instant, context["look"].zone)


@pass_context
def _ago(context: Context, instant: Instant | None) -> Markup:
    if instant is None:
        return Markup("never")
    title = formats.when(instant, context["look"].zone)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        iso(instant), title, formats.ago(instant, context["now"])
    )


@pass_context
def _local_input(context: Context, instant: Instant | None) -> str:
    return formats.local_input(instant, context["look"].zone)


@pass_context
def _histogram(context: Context, by_hour: dict[Instant, int]) -> Markup:
    return charts.histogram(by_hour, context["look"].zone)


@pass_context
def _folded_days(context: Context, by_hour: dict[Instant, int]) -> int:
    return charts.folded_days(by_hour, context["look"].zone)


def _attribute_json(value: Any) -> Markup:
    """JSON for a data attribute."""
    return escape(json.dumps(value, separators=(",", ":")))
