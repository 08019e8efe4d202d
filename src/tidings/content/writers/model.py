"""A language model as a writer. It fills in a typed plan; code makes the mail of it; the verifier has the last word."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidings.content.composer.experience import features
from tidings.content.composer.ranking import Rank, Ranking, ranked
from tidings.content.composer.subjects import Candidate
from tidings.content.sentences import sentences
from tidings.content.verifier import verify as verifier
from tidings.content.writers.base import Assignment, UnsoundError, Writing, variant_letter
from tidings.content.writers.bodies import OtherBodies
from tidings.content.writers.page import page_of, trace_of
from tidings.content.writers.plan import MessagePlan, parse_plan, prompt_for
from tidings.domain.draft import Draft, Severity
from tidings.domain.instant import Instant
from tidings.llm.base import BadAnswerError, Completion, Prompt

TRIES = 2
MOST_TOKENS = 1600
_PROMISE = 0.8
"""What a model's subject line starts with in the ranking: nobody knows what its angle promises."""
Ask = Callable[[Prompt, int, int], Completion]
"""A prompt, a seed and how many subject lines → an answer; through the router, with its gates, budget and breaker."""


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """Writes through a model that has passed the exam. Refused drafts are written anew once, with the findings."""

    name: str
    ask: Ask
    model_hash: str
    at: Callable[[], Instant]
    rank: Rank | None = None

    @property
    def deterministic(self) -> bool:
        """Never relied upon: services change under their names."""
        return False

    def write(self, assignment: Assignment) -> Writing:
        """The variants. Raises UnsoundError when no try passes the verifier, with the reason."""
        complaints: tuple[str, ...] = ()
        for attempt in range(TRIES):
            prompt = prompt_for(assignment, complaints)
            answer = self.ask(prompt, assignment.seed + attempt, assignment.brief.subjects)
            try:
                plan = parse_plan(answer.text)
            except BadAnswerError as error:
                complaints = (error.message,)
                continue
            order = ranked(_candidates(plan), assignment, self.rank)
            plan = plan.model_copy(update={"subjects": [line.text for line in order.lines]})
            drafts = self.drafts_of(plan, assignment, prompt)
            complaints = self._errors(drafts, assignment)
            if not complaints:
                return self._writing(plan, drafts, order, assignment, attempt)
        raise UnsoundError("; ".join(complaints[:3]) or "It gave no answer that can be used.")

    def drafts_of(self, plan: MessagePlan, assignment: Assignment, prompt: Prompt) -> tuple[Draft, ...]:
        """One draft a subject line; the body is the same, so that a test of them tests the subject."""
        page = page_of(plan, assignment)
        shown = prompt.instructions + "\n" + prompt.task
        prompt_hash = hashlib.sha256(shown.encode()).hexdigest()
        subjects = list(dict.fromkeys(text.strip() for text in plan.subjects if text.strip()))
        drafts: list[Draft] = []
        for index, subject in enumerate(subjects[: assignment.brief.subjects]):
            head = [trace_of(text, assignment) for text in (subject, *sentences(plan.preheader))]
            drafts.append(
                Draft(
                    variant=variant_letter(index), channel="email", subject=subject, preheader=plan.preheader,
                    blocks=tuple(page.blocks), writer=self.name, model_hash=self.model_hash, prompt_hash=prompt_hash,
                    seed=assignment.seed, traces=tuple(dict.fromkeys((*head, *page.traces))),
                    differs=_differs(subject, subjects[0]) if index else "",
                )
            )  # fmt: skip
        return tuple(drafts)

    def _writing(
        self, plan: MessagePlan, drafts: Sequence[Draft], order: Ranking, assignment: Assignment, attempt: int
    ) -> Writing:
        """The drafts with their places in the ranking, and the other bodies that were asked for."""
        placed = [
            draft.model_copy(update={"ranked": order.place_of(line)})
            for draft, line in zip(drafts, order.lines, strict=False)
        ]
        bodies, told = OtherBodies(self.ask, assignment, plan, placed[0], self._unsound).write()
        again = " at the second try" if attempt else ""
        count = sum(len(paragraph) for paragraph in plan.paragraphs)
        reason = f"{self.name} wrote {count} sentences in its own words{again}; each passed verifier and truth gate."
        weighed = [{"what": "subject", "text": line.text, "score": line.score, "chosen": True} for line in order.lines]
        left_out = self._left_out(plan, assignment)
        return Writing(
            (*placed, *bodies), f"{reason}{told}{order.reason}", tuple(weighed), left_out,
            {"ranking": order.as_json()},
        )  # fmt: skip

    def _errors(self, drafts: Sequence[Draft], assignment: Assignment) -> tuple[str, ...]:
        if len(drafts) < assignment.brief.subjects:
            return (f"{assignment.brief.subjects} different subject lines were asked for, {len(drafts)} came.",)
        return tuple(dict.fromkeys(said for draft in drafts for said in self._unsound(draft, assignment)))

    def _unsound(self, draft: Draft, assignment: Assignment) -> tuple[str, ...]:
        findings = verifier.verify(draft, assignment.brief, assignment.brand, assignment.claims, self.at())
        found = (f"{f.message} {f.quote}".strip() for f in findings if f.severity is Severity.ERROR)
        return tuple(dict.fromkeys(found))

    def _left_out(self, plan: MessagePlan, assignment: Assignment) -> tuple[str, ...]:
        used = {number for paragraph in plan.paragraphs for sentence in paragraph for number in sentence.facts}
        own = assignment.brief.facts
        return tuple(fact.sentence for number, fact in enumerate(own, 1) if number not in used)


def _candidates(plan: MessagePlan) -> list[Candidate]:
    lines = dict.fromkeys(text.strip() for text in plan.subjects if text.strip())
    return [Candidate(text, "", "model", _PROMISE) for text in lines]


def _differs(subject: str, first: str) -> str:
    """In what can be seen of it a subject line differs from A's."""
    mine, other = features(subject, ""), features(first, "")
    said = [*sorted(mine - other), *(f"no longer {each}" for each in sorted(other - mine))]
    return f"subject: {', '.join(said) or 'other words'}"
