"""A language model as a writer. It fills in a typed plan; code makes the mail of it; the verifier has the last word."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidings.content.composer.body import Page, reason_line
from tidings.content.composer.choice import Chooser
from tidings.content.composer.material import holds
from tidings.content.composer.stock import common_stock
from tidings.content.sentences import folded, sentences
from tidings.content.verifier import verify as verifier
from tidings.content.writers.base import Assignment, UnsoundError, Writing, variant_letter
from tidings.content.writers.plan import MessagePlan, facts_of, parse_plan, prompt_for
from tidings.domain.blocks import Button, Divider, Footer, Heading, Text
from tidings.domain.draft import Draft, Severity, Trace
from tidings.domain.instant import Instant
from tidings.llm.base import BadAnswerError, Completion, Prompt

TRIES = 2
MOST_TOKENS = 1600
Ask = Callable[[Prompt, int], Completion]
"""A prompt and a seed → an answer; through the router, which keeps gates, budget and breaker."""


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """Writes through a model that has passed the exam. Refused drafts are written anew once, with the findings."""

    name: str
    ask: Ask
    model_hash: str
    at: Callable[[], Instant]

    @property
    def deterministic(self) -> bool:
        """Never relied upon: services change under their names."""
        return False

    def write(self, assignment: Assignment) -> Writing:
        """The variants. Raises UnsoundError when no try passes the verifier, with the reason."""
        complaints: tuple[str, ...] = ()
        for attempt in range(TRIES):
            prompt = prompt_for(assignment, complaints)
            answer = self.ask(prompt, assignment.seed + attempt)
            try:
                plan = parse_plan(answer.text)
            except BadAnswerError as error:
                complaints = (error.message,)
                continue
            drafts = self.drafts_of(plan, assignment, prompt)
            complaints = self._errors(drafts, assignment)
            if not complaints:
                return Writing(
                    drafts, self._reason(plan, attempt, assignment.brief.bodies), (), self._left_out(plan, assignment)
                )
        raise UnsoundError("; ".join(complaints[:3]) or "It gave no answer that can be used.")

    def drafts_of(self, plan: MessagePlan, assignment: Assignment, prompt: Prompt) -> tuple[Draft, ...]:
        """One draft a subject line; the body is the same, so that a test of them tests the subject."""
        page = _page(plan, assignment)
        shown = prompt.instructions + "\n" + prompt.task
        prompt_hash = hashlib.sha256(shown.encode()).hexdigest()
        subjects = list(dict.fromkeys(text.strip() for text in plan.subjects if text.strip()))
        drafts: list[Draft] = []
        for index, subject in enumerate(subjects[: assignment.brief.subjects]):
            head = [_trace(text, assignment) for text in (subject, *sentences(plan.preheader))]
            drafts.append(
                Draft(
                    variant=variant_letter(index), channel="email", subject=subject, preheader=plan.preheader,
                    blocks=tuple(page.blocks), writer=self.name, model_hash=self.model_hash, prompt_hash=prompt_hash,
                    seed=assignment.seed, traces=tuple(dict.fromkeys((*head, *page.traces))),
                )
            )  # fmt: skip
        return tuple(drafts)

    def _errors(self, drafts: Sequence[Draft], assignment: Assignment) -> tuple[str, ...]:
        if len(drafts) < assignment.brief.subjects:
            return (f"{assignment.brief.subjects} different subject lines were asked for, {len(drafts)} came.",)
        found: list[str] = []
        for draft in drafts:
            findings = verifier.verify(draft, assignment.brief, assignment.brand, assignment.claims, self.at())
            found += [f"{f.message} {f.quote}".strip() for f in findings if f.severity is Severity.ERROR]
        return tuple(dict.fromkeys(found))

    def _reason(self, plan: MessagePlan, attempt: int, bodies: int) -> str:
        again = " at the second try" if attempt else ""
        count = sum(len(paragraph) for paragraph in plan.paragraphs)
        one = " It wrote one body: only the composer writes several." if bodies > 1 else ""
        return f"{self.name} wrote {count} sentences in its own words{again}; each passed verifier and truth gate.{one}"

    def _left_out(self, plan: MessagePlan, assignment: Assignment) -> tuple[str, ...]:
        used = {number for paragraph in plan.paragraphs for sentence in paragraph for number in sentence.facts}
        own = assignment.brief.facts
        return tuple(fact.sentence for number, fact in enumerate(own, 1) if number not in used)


def _trace(text: str, assignment: Assignment, numbers: Sequence[int] = ()) -> Trace:
    """Word for word from the brief, or the model's own with the claims it leans on."""
    facts = facts_of(assignment)
    for sentence, claim_id in facts:
        if folded(sentence) == folded(text):
            ids = [claim_id] if claim_id else []
            return Trace(sentence=text, source="claim" if claim_id else "brief", claim_ids=tuple(ids))
    ids = [facts[number - 1][1] for number in numbers if 0 < number <= len(facts)]
    return Trace(sentence=text, source="model", claim_ids=tuple(dict.fromkeys(each for each in ids if each)))


def _page(plan: MessagePlan, assignment: Assignment) -> Page:
    """The blocks: what code knows better (greeting, button, sign-off, footer) around what the model wrote."""
    brief, brand = assignment.brief, assignment.brand
    page, chooser, common = Page(), Chooser(assignment), common_stock(assignment.voice, assignment.tongue)
    if plan.heading:
        page.add(Heading(text=plan.heading), _trace(plan.heading, assignment))
    page.paragraph([chooser.pick(common.greetings)])
    if plan.opening:
        page.add(Text(text=plan.opening), *(_trace(each, assignment) for each in sentences(plan.opening)))
    for paragraph in plan.paragraphs:
        text = " ".join(sentence.text for sentence in paragraph)
        if text:
            traced = [_trace(part, assignment, s.facts) for s in paragraph for part in sentences(s.text)]
            page.add(Text(text=text), *traced)
    page.add(Button(label=brief.call_to_action, url=brief.link), Trace(sentence=brief.call_to_action, source="brief"))
    if plan.closing:
        page.add(Text(text=plan.closing), *(_trace(each, assignment) for each in sentences(plan.closing)))
    signoff = chooser.pick(common.signoffs)
    if signoff is not None:
        name = Trace(sentence=brand.sender.name, source="brand")
        page.add(Text(text=f"{signoff.sentence}\n{brand.sender.name}"), signoff, name)
    page.add(Divider())
    said = " ".join(trace.sentence for trace in page.traces)
    missing = [word for word in brand.required_words if not holds(said, (word,))]
    reason = Trace(sentence=reason_line(brand.name, assignment.tongue), source="brand")
    extra = [Trace(sentence=word, source="brand") for word in missing]
    page.add(Footer(text="\n".join([reason.sentence, *missing])), reason, *extra)
    return page
