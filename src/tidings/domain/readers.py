"""Which readers a block of a mail is for: one plain condition on a field of the contact, in the mail as Liquid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Operator = Literal["is", "is_not", "known", "unknown"]
FIELDS = ("country", "locale", "first_name", "last_name")
_VALUE = re.compile(r"[^\"'{}%<>\\\r\n]{1,60}")


class Readers(BaseModel):
    """Readers whose field is, or is not, a value; or of whom it is known, or not. What is not known is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: Literal["country", "locale", "first_name", "last_name"]
    op: Operator
    value: str = Field(default="", max_length=60)

    @model_validator(mode="after")
    def _is_whole(self) -> Readers:
        if self.op in {"known", "unknown"}:
            if self.value:
                raise ValueError(f"`{self.op}` takes no value")
        elif not _VALUE.fullmatch(self.value.strip()) or self.value != self.value.strip():
            raise ValueError("needs a value such as AT, without quotation marks and braces")
        return self

    @property
    def liquid(self) -> str:
        """The condition as Liquid has it."""
        sign = "==" if self.op in {"is", "unknown"} else "!="
        return f'contact.{self.field} {sign} "{self.value}"'

    def hold(self, fields: Mapping[str, object]) -> bool:
        """Whether a contact with these fields is one of them."""
        same = str(fields.get(self.field) or "") == self.value
        return same is (self.op in {"is", "unknown"})

    @property
    def words(self) -> str:
        """The condition in words, after “readers”."""
        name = {"locale": "language"}.get(self.field, self.field.replace("_", " "))
        if self.op in {"known", "unknown"}:
            return f"whose {name} is {'known' if self.op == 'known' else 'not known'}"
        return f"whose {name} is {'' if self.op == 'is' else 'not '}{self.value}"


def readers_of(field: str, *, equal: bool, value: str) -> Readers:
    """The readers a Liquid comparison means. Raises ValueError for a field or value that is not allowed."""
    if value:
        return Readers.model_validate({"field": field, "op": "is" if equal else "is_not", "value": value})
    return Readers.model_validate({"field": field, "op": "unknown" if equal else "known"})
