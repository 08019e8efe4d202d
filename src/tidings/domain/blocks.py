"""A message is a list of typed blocks; every channel renders the same blocks its own way."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidings.domain.readers import Readers


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    # Left out where it is not set, so that a block is written as it was before there were such, and what was approved
    # stays approved.
    only: Readers | None = Field(default=None, exclude_if=lambda only: only is None)
    """The readers it is for; None: everybody."""


class Heading(_Block):
    """A heading of the message."""

    kind: Literal["heading"] = "heading"
    text: str


class Text(_Block):
    """One paragraph. May hold merge fields such as `{{ contact.first_name | default: "there" }}`."""

    kind: Literal["text"] = "text"
    text: str


class Image(_Block):
    """A picture; the alternative text is not optional."""

    kind: Literal["image"] = "image"
    url: str = Field(pattern=r"^https://")
    alt: str = Field(min_length=1)
    width: int = Field(default=600, ge=1, le=1200)


class Button(_Block):
    """The call to action."""

    kind: Literal["button"] = "button"
    label: str
    url: str = Field(pattern=r"^https?://")


class Columns(_Block):
    """Two or three texts side by side; one below the other on a phone."""

    kind: Literal["columns"] = "columns"
    texts: tuple[str, ...] = Field(min_length=2, max_length=3)


class Product(_Block):
    """A product with its own link."""

    kind: Literal["product"] = "product"
    name: str
    text: str
    url: str = Field(pattern=r"^https?://")


class Divider(_Block):
    """A quiet line."""

    kind: Literal["divider"] = "divider"


class Quote(_Block):
    """Somebody's words and whose they are."""

    kind: Literal["quote"] = "quote"
    text: str
    source: str


class Footer(_Block):
    """Postal address and the way out; every marketing mail ends with one."""

    kind: Literal["footer"] = "footer"
    text: str


Block = Annotated[
    Heading | Text | Image | Button | Columns | Product | Divider | Quote | Footer, Field(discriminator="kind")
]


def texts_of(block: Block) -> list[str]:
    """All a reader reads of a block, in order."""
    found: list[str]
    match block:
        case Divider():
            found = []
        case Button():
            found = [block.label]
        case Image():
            found = [block.alt]
        case Columns():
            found = list(block.texts)
        case Product():
            found = [block.name, block.text]
        case Quote():
            found = [block.text, block.source]
        case _:
            found = [block.text]
    return found
