"""The editor's form: blocks as fields, fields as blocks, and what its buttons do to their order. Nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.datastructures import FormData

from tidings.content.parsing import BlocksError, parse_blocks
from tidings.domain.blocks import Block, texts_of
from tidings.domain.draft import Finding, Severity

RawBlock = dict[str, Any]
EMPTY: Mapping[str, RawBlock] = {
    "heading": {"text": ""}, "text": {"text": ""}, "image": {"url": "", "alt": "", "width": 600},
    "button": {"label": "", "url": ""}, "columns": {"texts": ["", ""]}, "product": {"name": "", "text": "", "url": ""},
    "divider": {}, "quote": {"text": "", "source": ""}, "footer": {"text": ""},
}  # fmt: skip
KINDS = (
    ("text", "Paragraph"), ("heading", "Heading"), ("image", "Picture"), ("button", "Button"), ("columns", "Columns"),
    ("product", "Product"), ("quote", "Quotation"), ("divider", "Line"), ("footer", "Footer"),
)  # fmt: skip
SHOWN_TO = (
    ("", "Everyone"), ("country is", "Country is"), ("country is_not", "Country is not"), ("locale is", "Language is"),
    ("locale is_not", "Language is not"), ("first_name known", "First name is known"),
    ("first_name unknown", "First name is not known"),
)  # fmt: skip
"""Whom a block can be for: field and operator, and how the editor says it."""
_MOST = 60


class Acted(NamedTuple):
    """The blocks after a button, where the focus goes, and what is said to those who do not see it."""

    blocks: list[RawBlock]
    focus: str
    words: str


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it stands."""

    subject: str
    preheader: str
    blocks: list[RawBlock]
    version: int
    look: str
    contact: str


def typed_of(fields: FormData) -> Typed:
    """What was typed, blocks in their order; texts keep their inner line breaks."""
    version = _text(fields, "version")
    return Typed(
        subject=_text(fields, "subject"), preheader=_text(fields, "preheader"), blocks=_blocks(fields),
        version=int(version) if version.isdigit() else 0, look=_text(fields, "look") or "desktop",
        contact=_text(fields, "contact"),
    )  # fmt: skip


def raw_blocks(blocks: Sequence[Block]) -> list[RawBlock]:
    """Typed blocks as the form shows them."""
    return [block.model_dump(mode="json") for block in blocks]


def acted(blocks: Sequence[RawBlock], act: str) -> Acted:
    """What a button does: `up:2`, `down:2`, `remove:2`, or `add:text`, by the block's index. Anything else nothing."""
    verb, _, rest = act.partition(":")
    found = list(blocks)
    if verb == "add" and rest in EMPTY and len(found) < _MOST:
        at = len(found)
        while at and found[at - 1]["kind"] == "footer" and rest != "footer":  # a footer stays last
            at -= 1
        found.insert(at, {"kind": rest, **EMPTY[rest]})
        return Acted(found, f"block-{at}", f"{dict(KINDS)[rest]} added as block {at + 1}.")
    index = int(rest) if rest.isdigit() else -1
    if not 0 <= index < len(found):
        return Acted(found, "", "")
    if verb == "remove":
        kind = dict(KINDS).get(found.pop(index)["kind"], "Block")
        return Acted(found, f"block-{min(index, len(found) - 1)}" if found else "add", f"{kind} removed.")
    to = index + {"up": -1, "down": 1}.get(verb, 0)
    if to == index or not 0 <= to < len(found):
        return Acted(found, "", "")
    found.insert(to, found.pop(index))
    return Acted(found, f"{verb}-{to}", f"Now block {to + 1} of {len(found)}.")


def unfinished(blocks: Sequence[RawBlock]) -> dict[int, str]:
    """What the blocks that cannot be used yet still lack, by index, in words of the form."""
    try:
        parse_blocks(blocks)
    except BlocksError as error:
        return {index: _to_mend(blocks[index], problem) for index, problem in error.problems.items()}
    return {}


def _to_mend(block: RawBlock, problem: str) -> str:
    if block.get("url") == "":
        wants_picture = block["kind"] == "image"
        return "choose a picture for this block" if wants_picture else "say where it leads, as https://example.com"
    return problem


def by_block(findings: Sequence[Finding], without: Mapping[int, str] | None = None) -> dict[str, list[Finding]]:
    """Findings by their place: `subject`, `preheader`, the block's index as text, and `` for all others.

    With unfinished blocks, which were left `without` being looked at, the others' numbers are those of the form, and
    each of these says what it lacks.
    """
    found = {str(index): [_left_out(problem)] for index, problem in (without or {}).items()}
    numbers = [index for index in range(_MOST) if str(index) not in found]
    for finding in findings:
        number = finding.place.removeprefix("block ")
        place = str(numbers[int(number) - 1]) if number.isdigit() else finding.place
        found.setdefault(place if place in {"subject", "preheader"} or place.isdigit() else "", []).append(finding)
    return found


def _left_out(problem: str) -> Finding:
    return Finding(
        check="unfinished", severity=Severity.INFO, place="", message=f"{problem[0].upper()}{problem[1:]}.",
        remedy="The preview leaves it out until then.",
    )  # fmt: skip


def words_of(block: Block) -> str:
    """How a block begins, for lists of blocks."""
    return " ".join(" ".join(texts_of(block)).split())[:60]


def _blocks(fields: FormData) -> list[RawBlock]:
    names = {name for name in fields if name.startswith("b") and name.endswith("_kind")}
    numbers = sorted(int(name[1:-5]) for name in names if name[1:-5].isdigit())
    return [_block(fields, number) for number in numbers[:_MOST]]


def _block(fields: FormData, number: int) -> RawBlock:
    kind = _text(fields, f"b{number}_kind")
    found: RawBlock = {"kind": kind}
    for name in EMPTY.get(kind, {}):
        key = f"b{number}_{name}"
        if name == "texts":
            found[name] = [_plain(text) for text in fields.getlist(key) if isinstance(text, str)]
            if len(found[name]) == 3 and not found[name][2]:  # the third column is optional
                found[name].pop()
        elif name == "width":
            found[name] = int(_text(fields, key)) if _text(fields, key).isdigit() else 600
        else:
            found[name] = _text(fields, key)
    field, _, operator = _text(fields, f"b{number}_only").partition(" ")
    if operator:
        value = _text(fields, f"b{number}_only_value") if operator in {"is", "is_not"} else ""
        found["only"] = {"field": field, "op": operator, "value": value}
    return found


def _text(fields: FormData, name: str) -> str:
    value = fields.get(name)
    return _plain(value) if isinstance(value, str) else ""


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
