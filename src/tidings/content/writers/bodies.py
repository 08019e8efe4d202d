"""Other bodies by a model: each differs from A's in one stated way, passes alone, or gives way to the Composer's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tidings.content.composer.body import GAINS, Shape
from tidings.content.composer.choice import Chooser
from tidings.content.composer.material import Unit, stems
from tidings.content.composer.versions import Version, binding
from tidings.content.sentences import sentences, words
from tidings.content.writers.base import Assignment, variant_letter
from tidings.content.writers.composer import Composed, composed, others
from tidings.content.writers.page import page_of, trace_of
from tidings.content.writers.plan import MessagePlan, facts_of, parse_plan, prompt_for
from tidings.domain.claim import ClaimKind
from tidings.domain.draft import Draft, Trace
from tidings.domain.errors import UnavailableError
from tidings.llm.base import BadAnswerError, Completion, Prompt

TRIES = 2
SHORTER = 0.75
"""A short body has at most this share of the full one's words."""
_SAID = 0.5
"""A fact counts as said where this share of its telling words is."""


@dataclass(frozen=True, slots=True)
class OtherBodies:
    """Writes them for one plan that passed. `unsound` verifies one draft: what blocks it, in words."""

    ask: Callable[[Prompt, int, int], Completion]
    assignment: Assignment
    plan: MessagePlan
    first: Draft
    unsound: Callable[[Draft, Assignment], tuple[str, ...]]

    def write(self) -> tuple[list[Draft], str]:
        """The drafts under A's subject line, and what is to be said of them; nothing where one body was asked for."""
        brief = self.assignment.brief
        if brief.bodies == 1:
            return [], ""
        chooser = Chooser(self.assignment)
        whole = composed(self.assignment, chooser)
        framed = replace(whole, page=replace(whole.page, frame=page_of(self.plan, self.assignment).frame))
        drafts: list[Draft] = []
        told: list[str] = []
        for version in others(framed, self.assignment, chooser):
            draft, dropped = self._one(version, whole)
            if draft is None:
                told.append(f"“{version.shape.name}” was dropped: {dropped}")
                continue
            drafts.append(draft.model_copy(update={"variant": variant_letter(brief.subjects + len(drafts))}))
            told.append(f"{drafts[-1].variant} {draft.differs.removeprefix('body: ')}")
        lacking = brief.bodies - 1 - len(told)
        said = f" The body, under A's subject: {'; '.join(told)}." if told else ""
        return drafts, said + (" The brief holds too little for more bodies that differ." if lacking > 0 else "")

    def _one(self, version: Version, whole: Composed) -> tuple[Draft | None, str]:
        """The body of one shape by the model, else by the Composer, else none and why."""
        draft, why = self._own(version.shape, whole)
        if draft is not None:
            return draft, ""
        words_of = f"body: {version.shape.words} (the Composer's, for {self.first.writer}'s did not pass: {why})"
        draft = self._draft(version.page.blocks, version.page.traces, words_of)
        against = self.unsound(draft, self.assignment)
        return (None, f"{why}; the Composer's: {against[0]}") if against else (draft, "")

    def _own(self, shape: Shape, whole: Composed) -> tuple[Draft | None, str]:
        if shape.button_first:  # code moves the button; every word stays
            page = page_of(self.plan, self.assignment, button_first=True)
            return self._checked(page.blocks, page.traces, shape)
        complaints: tuple[str, ...] = ("",)
        for attempt in range(TRIES):
            prompt = prompt_for(
                self.assignment, tuple(filter(None, complaints)), _wanted(shape, self.plan, whole, self.assignment)
            )
            try:
                answer = self.ask(prompt, self.assignment.seed + 10 + attempt, 1)
                other = parse_plan(answer.text)
            except BadAnswerError as error:
                complaints = (error.message,)
                continue
            except UnavailableError as error:
                return None, error.message.rstrip(".")
            complaints = _strays(shape, other, self.plan, whole, self.assignment)
            if not complaints:
                plan = self.plan.model_copy(update={"paragraphs": other.paragraphs})
                page = page_of(plan, self.assignment)
                draft, why = self._checked(page.blocks, page.traces, shape)
                if draft is not None:
                    return draft, ""
                complaints = (why,)
        return None, complaints[0].rstrip(".")

    def _checked(self, blocks: Sequence[object], traces: Sequence[Trace], shape: Shape) -> tuple[Draft | None, str]:
        draft = self._draft(blocks, traces, f"body: {shape.words}")
        if draft.blocks == self.first.blocks:
            return None, "It is the same body."
        against = self.unsound(draft, self.assignment)
        return (None, against[0]) if against else (draft, "")

    def _draft(self, blocks: Sequence[object], traces: Sequence[Trace], differs: str) -> Draft:
        head = [trace_of(text, self.assignment) for text in (self.first.subject, *sentences(self.first.preheader))]
        every = tuple(dict.fromkeys((*head, *traces)))
        return self.first.model_copy(
            update={"blocks": tuple(blocks), "traces": every, "differs": differs, "ranked": "", "findings": ()}
        )


def _wanted(shape: Shape, plan: MessagePlan, whole: Composed, assignment: Assignment) -> str:
    """What the model is told about the other body."""
    there = " ".join(plan.body.replace("<", "‹").replace(">", "›").split())
    if shape.ahead is None:
        most = int(len(words(plan.body)) * SHORTER)
        keep = ", ".join(map(str, _numbers(binding(whole.kept, assignment), assignment))) or "the first"
        how = f"Yours is short: at most {most} words. Leave facts out, but never these: {keep}."
    else:
        what = "what others say or what was measured" if shape.ahead is ClaimKind.PROOF else "what the reader gains"
        ahead = ", ".join(map(str, _numbers([unit for unit in whole.kept if shape.takes(unit)], assignment)))
        how = f"Yours begins with {what}: its first paragraph states one of these facts: {ahead}. Then come the others."
    return f"There is a body already: <text>{there}</text> Write another that differs from it in one thing. {how}"


def _strays(
    shape: Shape, other: MessagePlan, plan: MessagePlan, whole: Composed, assignment: Assignment
) -> tuple[str, ...]:
    """Where the body does not differ in the way that was asked for."""
    if shape.ahead is None:
        most = len(words(plan.body)) * SHORTER
        lost = [unit.text for unit in binding(whole.kept, assignment) if not _says(other.body, unit)]
        long = [f"It is not short: {len(words(other.body))} words."] if len(words(other.body)) > most else []
        return (*long, *(f"It leaves out what limits or dates the offer: {text}" for text in lost))
    first = " ".join(sentence.text for sentence in other.paragraphs[0])
    if any(_says(first, unit) for unit in whole.kept if shape.takes(unit)):
        return ()
    return (f"Its first paragraph does not state {'proof' if shape.ahead not in GAINS else 'a benefit'}.",)


def _says(text: str, unit: Unit) -> bool:
    telling = stems(unit.text)
    return not telling or len(telling & stems(text)) >= _SAID * len(telling)


def _numbers(units: Sequence[Unit], assignment: Assignment) -> list[int]:
    said = {trace.sentence for unit in units for trace in unit.traces}
    return [number for number, (sentence, _) in enumerate(facts_of(assignment), 1) if sentence in said]
