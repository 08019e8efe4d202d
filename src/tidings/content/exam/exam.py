"""The exam: eight briefs to write and sixteen pairs to judge, the same for every model."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Protocol, runtime_checkable

from tidings.content import truth
from tidings.content.exam.licence import Licence, licence_of
from tidings.content.verifier import verify as verifier
from tidings.content.writers.base import Assignment
from tidings.content.writers.model import ModelWriter
from tidings.content.writers.plan import parse_plan, prompt_for, schema
from tidings.domain.brand import Brand
from tidings.domain.brief import Brief, parse_brief
from tidings.domain.draft import Severity
from tidings.llm.base import BadAnswerError, LanguageModel, ModelRefusedError, Privacy, Prompt, Where

AT = 1_772_445_600_000
"""The instant the exam is set at: its dates lie ahead, today's date must not matter."""
_LINK = "https://harbourhill.example.com/start"
_CONTEXT = "A careful editor picked this clear, correct English sentence:"
_TOKENS = 900
_HOPELESS = 4
"""So many drafts failed and none passed: the others are not asked for any more."""
_SCHEMA = {"type": "object", "properties": {"better": {"type": "string"}}, "required": ["better"],
           "additionalProperties": False}  # fmt: skip


@runtime_checkable
class Scores(Protocol):
    """A model that tells how likely a sentence is."""

    def score(self, context: str, lines: Sequence[str], *, seconds: float = 60.0) -> list[float]:
        """The mean log-likelihood of each line."""
        ...


@dataclass(slots=True)
class Result:
    """The exam's table as far as it has come. `licence` is final when `finished`."""

    drafts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    sentences: int = 0
    sound: int = 0
    pairs: int = 0
    right: int = 0
    steps: int = 0
    of: int = 0
    finished: bool = False
    licence: Licence = Licence.UNEXAMINED
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the page and the store."""
        return {
            "drafts": self.drafts, "sentences": self.sentences, "sound": self.sound, "pairs": self.pairs,
            "right": self.right, "steps": self.steps, "of": self.of, "finished": self.finished,
            "licence": self.licence.value, "reason": self.reason,
        }  # fmt: skip


@cache
def paper() -> tuple[Brand, tuple[Brief, ...], tuple[tuple[str, str], ...]]:
    """Brand, briefs, and pairs of (sound, unsound)."""
    text = (resources.files("tidings.content.exam") / "paper.toml").read_text(encoding="utf-8")
    raw: dict[str, Any] = tomllib.loads(text)
    brand = Brand.model_validate(raw["brand"])
    briefs = tuple(parse_brief({**each, "brand": brand.name, "link": _LINK, "subjects": 1}) for each in raw["brief"])
    return brand, briefs, tuple((each["good"], each["bad"]) for each in raw["pair"])


def sit(model: LanguageModel, model_hash: str, *, stopped: Callable[[], bool] = lambda: False) -> Iterator[Result]:
    """Takes the exam step by step; what is yielded grows, and the last is `finished` unless somebody stopped it.

    A model that cannot be reached raises UnavailableError out of it: that is no failure of the model's writing.
    """
    brand, briefs, pairs = paper()
    result = Result(of=len(briefs) + len(pairs))
    for pair in pairs:
        if stopped():
            return
        result.pairs += 1
        result.right += _prefers(model, pair)
        result.steps += 1
        yield result
    for brief in briefs:
        if stopped():
            return
        _write(model, model_hash, brief, brand, result)
        result.steps += 1
        yield result
        if len(result.drafts) == _HOPELESS and not any(each["passed"] for each in result.drafts):
            break
    result.finished = True
    _grade(result)
    yield result


def _grade(result: Result) -> None:
    passed = sum(1 for each in result.drafts if each["passed"])
    drafts = passed / max(1, len(result.drafts))
    sentences = result.sound / max(1, result.sentences)
    pairs = result.right / max(1, result.pairs)
    result.licence = licence_of(drafts, sentences, pairs)
    result.reason = (
        f"{passed} of {len(result.drafts)} drafts passed{_cut(result)}, {result.sound} of {result.sentences} of its "
        f"own sentences were sound, {result.right} of {result.pairs} pairs were judged rightly."
    )


def _cut(result: Result) -> str:
    return " (the others were spared it)" if result.steps < result.of else ""


def _prefers(model: LanguageModel, pair: tuple[str, str]) -> bool:
    """Whether it finds the sound sentence the better one; by likelihood where it can, else by asking."""
    good, bad = pair
    if isinstance(model, Scores):
        first, second = model.score(_CONTEXT, [good, bad])
        return first > second
    swapped = sum(map(ord, good)) % 2 == 1  # so that "always A" does not win
    first, second = (bad, good) if swapped else (good, bad)
    prompt = Prompt(
        "You are an editor. Answer with one JSON object: better is A or B.",
        f"Which sentence is correct English?\nA: {first}\nB: {second}", Privacy.PUBLIC,
    )  # fmt: skip
    answer = model.complete(prompt, schema=_SCHEMA, max_tokens=64).text
    return ('"B"' if swapped else '"A"') in answer


def _write(model: LanguageModel, model_hash: str, brief: Brief, brand: Brand, result: Result) -> None:
    assignment = Assignment(brief, brand, (), 1)
    prompt = prompt_for(assignment)
    row: dict[str, Any] = {"brief": brief.name, "passed": False, "findings": []}
    result.drafts.append(row)
    form = schema(brief.subjects if model.where is Where.LOCAL else 0)
    try:
        answer = model.complete(prompt, schema=form, max_tokens=_TOKENS, seed=1, seconds=120.0)
        plan = parse_plan(answer.text)
    except (BadAnswerError, ModelRefusedError) as error:
        row["findings"] = [error.message]
        return
    writer = ModelWriter(model.name, lambda _prompt, _seed, _lines: answer, model_hash, lambda: AT)
    drafts = writer.drafts_of(plan, assignment, prompt)
    found = [
        f"{finding.message} {finding.quote}".strip()
        for draft in drafts
        for finding in verifier.verify(draft, brief, brand, (), AT)
        if finding.severity is Severity.ERROR
    ]
    row["passed"], row["findings"] = bool(drafts) and not found, list(dict.fromkeys(found))[:5]
    own = [trace.sentence for draft in drafts for trace in draft.traces if trace.source == "model"]
    ground = (*(fact.sentence for fact in brief.facts), brief.product, brand.name, brief.call_to_action)
    result.sentences += len(own)
    result.sound += sum(1 for sentence in own if not truth.refused(sentence, ground))
