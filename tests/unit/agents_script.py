"""A chat client that says what a script tells it; the framework's own loop of tools and approvals runs around it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_framework import BaseChatClient, ChatResponse, Content, FunctionInvocationLayer, Message


@dataclass(frozen=True)
class Call:
    """The model asks for a tool."""

    tool: str
    arguments: dict[str, Any]


class ScriptedClient(FunctionInvocationLayer, BaseChatClient):
    """Answers with the next line of the script: a text, or tool calls. Keeps what it was given."""

    def __init__(self, *script: str | Call | Sequence[Call]) -> None:
        super().__init__()
        self.script = list(script)
        self.given: list[tuple[list[Message], dict[str, Any]]] = []

    def _inner_get_response(
        self, *, messages: Sequence[Message], stream: bool, options: Mapping[str, Any], **kwargs: Any
    ) -> Awaitable[ChatResponse]:
        async def answer() -> ChatResponse:
            self.given.append((list(messages), dict(options)))
            line = self.script.pop(0)
            if isinstance(line, str):
                return ChatResponse(messages=[Message("assistant", [line])])
            calls = [line] if isinstance(line, Call) else line
            contents = [
                Content.from_function_call(f"call{number}", call.tool, arguments=json.dumps(call.arguments))
                for number, call in enumerate(calls)
            ]
            return ChatResponse(messages=[Message("assistant", contents)])

        return answer()

    def said(self) -> str:
        """Everything the model was ever given, as one text."""
        return "\n".join(
            str(content.to_dict()) for messages, _ in self.given for item in messages for content in item.contents
        )
