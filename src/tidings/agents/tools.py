"""A tool is defined once: input, function, effect, words. Each form in which models are told of it comes from that."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from tidings.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from tidings.agents.policy import Effect, Policy
    from tidings.domain.actor import Actor
    from tidings.domain.decision import Autonomy

Input = TypeVar("Input", bound=BaseModel)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Tool(Generic[Input]):
    """Something an agent can do. `function` gets who acts and the checked input; it returns plain JSON values."""

    name: str
    description: str
    effect: Effect
    input: type[Input]
    function: Callable[[Actor, Input], Any]

    def __post_init__(self) -> None:
        """Raises ValueError for a name some model service would refuse."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name for a tool: small letters, digits and underscores, 64 at most")

    def call(
        self, arguments: Mapping[str, Any], *, actor: Actor, policy: Policy, autonomy: Autonomy | None = None,
        approved: bool = False,
    ) -> Any:  # fmt: skip
        """Checks the arguments, asks the policy, then acts. Raises InvalidInputError or ForbiddenError."""
        try:
            checked = self.input.model_validate(dict(arguments))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
            raise InvalidInputError(f"{self.name} cannot use these arguments: {problems}.") from None
        policy.authorise(actor, self.effect, autonomy=autonomy, approved=approved)
        return self.function(actor, checked)

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the input, closed: what is not named is not accepted."""
        return {**self.input.model_json_schema(), "additionalProperties": False}

    def for_models(self) -> dict[str, Any]:
        """As OpenAI-compatible services take it."""
        about = {"name": self.name, "description": self.description, "parameters": self.schema()}
        return {"type": "function", "function": about}

    def for_mcp(self) -> dict[str, Any]:
        """As the Model Context Protocol lists it, with the hint whether it only reads."""
        reads = self.effect.value == "read"
        return {
            "name": self.name,
            "description": self.description,
            "inputSchema": self.schema(),
            "annotations": {"readOnlyHint": reads, "destructiveHint": False},
        }


def tool(name: str, *, effect: Effect, given: type[Input]) -> Callable[[Callable[[Actor, Input], Any]], Tool[Input]]:
    """Makes a tool of a function; the function's docstring is what models read about it."""

    def make(function: Callable[[Actor, Input], Any]) -> Tool[Input]:
        words = " ".join((function.__doc__ or "").split())
        if not words:
            raise ValueError(f"tool {name} needs a docstring: it is all a model knows of it")
        return Tool(name, words, effect, given, function)

    return make
