"""The form of a sequence: its fields as a definition's plain values, and a definition as the form's fields.

What the form does not show (a rule, a brief's further fields) travels with each step and is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from starlette.datastructures import FormData

from tidings.domain.sequence import END
from tidings.web import version_form
from tidings.web.visit import text_of, texts_of

KINDS = ("send", "wait", "branch", "exit")
CONDITIONS = ("clicked", "opened", "converted", "nothing", "segment", "rule")
EXITS = (("converted", "They convert"), ("left_segment", "They leave the segment"))
_BRIEF = ("type", "goal", "call_to_action", "link")
Raw = dict[str, Any]


def steps_of(fields: FormData) -> list[Raw]:
    """The steps as they stand in the form, in order."""
    return [_step(fields, f"s{number}_") for number in texts_of(fields, "step")]


def raw_of(fields: FormData) -> Raw:
    """The whole definition as it stands in the form."""
    raw = _kept(fields, "rest")
    trigger: Raw = {"kind": text_of(fields, "kind"), "audience": text_of(fields, "audience", "everyone")}
    if trigger["kind"] == "date":
        trigger["at"] = text_of(fields, "at") or None
    limits = {name: _number(text_of(fields, name)) for name in ("per_hour", "per_day")}
    raw |= {
        "name": text_of(fields, "name"), "brand": text_of(fields, "brand"), "trigger": trigger,
        "steps": steps_of(fields), "exits": texts_of(fields, "exits"),
        "limits": {name: value for name, value in limits.items() if value != ""},
        "ends": text_of(fields, "ends") or None,
    }  # fmt: skip
    after = text_of(fields, "again_after")
    raw["again"] = {"after": after, "at_most": _number(text_of(fields, "again_at_most")) or 1} if after else None
    return {name: value for name, value in raw.items() if value is not None}


def changed(steps: list[Raw], act: str) -> list[Raw]:
    """The steps after one press of a button: `add-send`, `remove-2`, `up-2`, `down-2`, `version-2`.

    Other words change nothing.
    """
    verb, _, what = act.partition("-")
    if verb == "add" and what in KINDS:
        return [*steps, _new(what, steps)]
    if not what.isdigit() or int(what) >= len(steps):
        return steps
    at, found = int(what), list(steps)
    if verb == "remove":
        del found[at]
    if verb == "version" and (brief := _within(_within(found[at], "send"), "brief")):
        more: list[Any] = [*(brief.get("versions") or ()), {}]
        found[at] = {**found[at], "send": {**found[at]["send"], "brief": {**brief, "versions": more}}}
    to = {"up": at - 1, "down": at + 1}.get(verb, -1)
    if 0 <= to < len(found):
        found[at], found[to] = found[to], found[at]
    return found


def shown(steps: list[Raw]) -> list[Raw]:
    """The steps as the template shows them: flat texts, with everything else in `rest`."""
    return [_shown(step) for step in steps]


def whole(raw: Raw) -> Raw:
    """The fields of the sequence itself as the template shows them, every one of them there."""
    trigger, limits, again = (_within(raw, name) for name in ("trigger", "limits", "again"))
    return {
        "name": raw.get("name") or "", "brand": raw.get("brand") or "", "kind": trigger.get("kind") or "import",
        "audience": trigger.get("audience") or "everyone", "at": trigger.get("at") or "",
        "ends": raw.get("ends") or "", "exits": raw.get("exits") or [], "per_hour": limits.get("per_hour") or "",
        "per_day": limits.get("per_day") or "", "again_after": again.get("after") or "",
        "again_at_most": again.get("at_most") or "",
        "rest": json.dumps({name: value for name, value in raw.items() if name != "steps"}, default=str),
    }  # fmt: skip


def _new(kind: str, steps: list[Raw]) -> Raw:
    taken = {step.get("id") for step in steps}
    base = {"send": "message", "wait": "wait", "branch": "question", "exit": "leave"}[kind]
    name = next(f"{base}-{number}" for number in range(1, 100) if f"{base}-{number}" not in taken)
    sends = [str(step["id"]) for step in steps if step.get("send")]
    empty: Raw = {
        "send": {"brief": {"type": "update", "goal": "", "facts": [], "call_to_action": "", "link": "https://"}},
        "wait": {"at_least": "3 days"},
        "branch": {"when": {"clicked": sends[-1] if sends else ""}, "then": END, "otherwise": ""},
        "exit": "enough",
    }
    return {"id": name, kind: empty[kind]}


def _step(fields: FormData, at: str) -> Raw:
    rest, kind = _kept(fields, f"{at}rest"), text_of(fields, f"{at}kind")
    step: Raw = {**rest, "id": text_of(fields, f"{at}id")}
    following = text_of(fields, f"{at}next")
    step.pop("next", None)
    if following:
        step["next"] = following
    if kind == "send":
        step["send"] = _send(fields, at, _within(rest, "send"))
    elif kind == "wait":
        step["wait"] = _wait(fields, at)
    elif kind == "branch":
        step["branch"] = _branch(fields, at, _within(rest, "branch"))
    elif kind == "exit":
        step["exit"] = text_of(fields, f"{at}exit")
    return step


def _send(fields: FormData, at: str, rest: Raw) -> Raw:
    if rest.get("draft"):
        return rest
    brief = {**_within(rest, "brief"), **{name: text_of(fields, f"{at}{name}") for name in _BRIEF}}
    brief["facts"] = [line.strip() for line in text_of(fields, f"{at}facts").splitlines() if line.strip()]
    versions = version_form.versions_of(fields, at, brief.pop("versions", None))
    if versions:
        brief["versions"] = versions
    return {**rest, "brief": brief}


def _wait(fields: FormData, at: str) -> Raw:
    least, hour, weekday = (text_of(fields, f"{at}{name}") for name in ("at_least", "hour", "weekday"))
    until: Raw = {"hour": _number(hour)} if hour else {}
    if weekday:
        until["weekday"] = weekday
    return {"at_least": least or None, "until": until or None}


def _branch(fields: FormData, at: str, rest: Raw) -> Raw:
    condition = text_of(fields, f"{at}condition")
    when: Raw = {"rule": _within(rest, "when").get("rule")} if condition == "rule" else {}
    if condition != "rule":
        when = {condition: text_of(fields, f"{at}of"), "within": text_of(fields, f"{at}within") or None}
    return {"when": when, "then": text_of(fields, f"{at}then"), "otherwise": text_of(fields, f"{at}otherwise")}


def _shown(step: Raw) -> Raw:
    kind = next((name for name in KINDS if step.get(name) is not None), "")
    found: Raw = {
        "kind": kind,
        "id": step.get("id", ""),
        "next": step.get("next") or "",
        "rest": json.dumps(step, default=str),
    }
    if kind == "send":
        send = _within(step, "send")
        brief = _within(send, "brief")
        facts = [_sentence(fact) for fact in brief.get("facts") or ()]
        found |= (
            {name: brief.get(name, "") for name in _BRIEF}
            | {"type": brief.get("type") or "announcement"}
            | {
                "facts": "\n".join(facts),
                "draft": send.get("draft"),
                "versions": version_form.shown(brief.get("versions")),
            }
        )
    elif kind == "wait":
        wait = _within(step, "wait") or {"at_least": step["wait"]}
        until = _within(wait, "until")
        hour = until.get("hour", "")
        found |= {"at_least": wait.get("at_least") or "", "hour": hour, "weekday": until.get("weekday") or ""}
    elif kind == "branch":
        branch = _within(step, "branch")
        when = _within(branch, "when")
        condition = next((name for name in CONDITIONS if when.get(name) is not None), "clicked")
        found |= {
            "condition": condition, "of": when.get(condition, "") if condition != "rule" else "",
            "within": when.get("within") or "", "then": branch.get("then", ""),
            "otherwise": branch.get("otherwise", ""),
        }  # fmt: skip
    elif kind == "exit":
        found["exit"] = step["exit"]
    return found


def _sentence(fact: Any) -> str:
    return str(cast("Raw", fact).get("sentence", "")) if isinstance(fact, Mapping) else str(fact)


def _within(raw: Raw, name: str) -> Raw:
    value = raw.get(name)
    return dict(cast("Raw", value)) if isinstance(value, Mapping) else {}


def _kept(fields: FormData, name: str) -> Raw:
    """What travelled with the form. It comes back from the browser, so that it is checked like everything typed."""
    try:
        found: Any = json.loads(text_of(fields, name) or "{}")
    except ValueError:
        return {}
    return cast("Raw", found) if isinstance(found, dict) else {}


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text
