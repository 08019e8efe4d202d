"""Language models that follow a script, for the exam and the writers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tidings.llm.base import Completion, Prompt, Where

Script = Callable[[Prompt], str]


@dataclass
class Scripted:
    """A model whose answers a function gives."""

    script: Script
    name: str = "Scripted"
    where: Where = Where.LOCAL
    host: str = "scripted.local"
    asked: list[Prompt] = field(default_factory=list)

    def complete(
        self, prompt: Prompt, *, schema: dict[str, Any] | None = None, max_tokens: int = 1024, seed: int = 0,
        seconds: float = 60.0,
    ) -> Completion:  # fmt: skip
        self.asked.append(prompt)
        return Completion(self.script(prompt), self.name, 100, 50)


def facts_in(prompt: Prompt) -> list[str]:
    """The numbered facts of a writing prompt."""
    block = prompt.task.partition("<facts>")[2].partition("</facts>")[0]
    return re.findall(r"^\d+\. (.+)$", block, re.MULTILINE)


def plan(prompt: Prompt, **changes: Any) -> str:
    """A sound plan of the facts, word for word, with changes."""
    facts = facts_in(prompt)
    wanted = int(re.search(r"Write (\d+) different", prompt.task)[1])  # type: ignore[index]
    stems = ["Good to know", "Something new for you", "Take a look", "Have a look", "See what is new"]
    body = {
        "subjects": stems[:wanted], "preheader": facts[0], "heading": "", "opening": "We have something new for you.",
        "paragraphs": [[{"text": fact, "facts": [number]}] for number, fact in enumerate(facts, 1)],
        "closing": "See you soon.",
    }  # fmt: skip
    return json.dumps(body | changes)


def sound(prompt: Prompt) -> str:
    """Writes what the facts say, and judges by a look at the grammar it was told."""
    if "Which sentence" in prompt.task:
        first = re.search(r"A: (.*)\nB: (.*)", prompt.task)
        from tidings.content.exam.exam import paper

        good = {pair[0] for pair in paper()[2]}
        return json.dumps({"better": "A" if first and first[1] in good else "B"})
    return plan(prompt)


def liar(prompt: Prompt) -> str:
    """Writes well-formed plans full of inventions."""
    if "Which sentence" in prompt.task:
        return '{"better": "A"}'
    invented = [[{"text": "Our award-winning chef Maria saves you 73% for 40 years.", "facts": [1]}]]
    return plan(prompt, paragraphs=invented)


def babbler(_prompt: Prompt) -> str:
    """Never answers with JSON."""
    return "Sure! Here is your e-mail: Dear friend, …"
