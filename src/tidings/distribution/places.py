"""The open places of a template: Liquid parsed once into literal text and slots.

Only what `EmailTemplate` promises may stand there: `{{ contact.x }}` with or without `default`, `{{ links[N] }}`,
`{{ unsubscribe_url }}`, and in the parts `{% if contact.country == "AT" %} … {% endif %}` around a block. Anything else
is refused before the send, so nothing can hang or fail for one person in a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from liquid import Environment, Mode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, PositionalArgument
from liquid.builtin.expressions.logical import BooleanExpression, EqExpression, NeExpression
from liquid.builtin.expressions.primitive import StringLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.exceptions import LiquidError
from liquid.stringify import to_liquid_string

from tidings.domain.errors import InvalidInputError
from tidings.domain.readers import Readers, readers_of

STANDARD_FIELDS = frozenset({"first_name", "last_name", "email", "locale", "country"})
ALLOWED = '`{{ contact.first_name | default: "there" }}`, `{{ links[0] }}` and `{{ unsubscribe_url }}`'


@dataclass(frozen=True, slots=True)
class FieldSlot:
    """A merge field; `default` None means the template gives none."""

    name: str
    default: str | None


@dataclass(frozen=True, slots=True)
class LinkSlot:
    """The tracked address of link `no`."""

    no: int


@dataclass(frozen=True, slots=True)
class UnsubscribeSlot:
    """The person's own unsubscribe address."""


@dataclass(frozen=True, slots=True)
class OnlyFor:
    """From here to the next `ForAll` it is for these readers only."""

    readers: Readers


@dataclass(frozen=True, slots=True)
class ForAll:
    """From here on it is for everybody again."""


Slot = FieldSlot | LinkSlot | UnsubscribeSlot
Part = str | Slot | OnlyFor | ForAll


@cache
def _environment() -> Environment:
    return Environment(tolerance=Mode.STRICT, autoescape=True)


def parse(source: str, place: str) -> list[Part]:
    """The parts of a template in order, neighbouring texts joined.

    Raises InvalidInputError that names the place (subject, text or html) and quotes what is not allowed.
    """
    try:
        nodes = _environment().from_string(source).nodes
    except LiquidError as error:
        raise InvalidInputError(
            f"The {place} is not a valid template: {error.message}.", remedy=f"Open places are {ALLOWED}.", field=place
        ) from error
    parts: list[Part] = []
    for node in nodes:
        if isinstance(node, IfNode):
            parts += [OnlyFor(_readers(node, place)), *_plain_parts(node.consequence.nodes, place), ForAll()]
        else:
            parts += _plain_parts([node], place)
    return joined(parts)


def _plain_parts(nodes: Sequence[Node], place: str) -> list[Part]:
    parts: list[Part] = []
    for node in nodes:
        if isinstance(node, ContentNode):
            parts.append(node.text)
        elif isinstance(node, OutputNode) and isinstance(node.expression, FilteredExpression):
            parts.append(_slot(node.expression, str(node), place))
        else:
            raise _refused(str(node), place)
    return parts


def _readers(node: IfNode, place: str) -> Readers:
    """Who an `if` is for: one comparison of one field with a text, nothing else, and no `else`."""
    asked = node.condition.expression if isinstance(node.condition, BooleanExpression) else None
    if not node.alternatives and node.default is None and isinstance(asked, EqExpression | NeExpression):
        match asked.left, asked.right:
            case Path(path=["contact", str(name)]), StringLiteral(value=value):
                try:
                    return readers_of(name, equal=isinstance(asked, EqExpression), value=value)
                except ValueError:
                    pass
            case _:
                pass
    raise _refused(f"{{% if {node.condition} %}}", place)


def _slot(expression: FilteredExpression, shown: str, place: str) -> Part:
    default = _default(expression, shown, place)
    match expression.left:
        case StringLiteral(value=value) if default is None:
            return value
        case Path(path=["contact", str(name)]):
            return FieldSlot(name, default)
        case Path(path=["links", int(no)]) if default is None and no >= 0:
            return LinkSlot(no)
        case Path(path=["unsubscribe_url"]) if default is None:
            return UnsubscribeSlot()
        case _:
            raise _refused(shown, place)


def _default(expression: FilteredExpression, shown: str, place: str) -> str | None:
    """The text of a `default` filter; None without one. Any other filter is refused."""
    filters = expression.filters or []
    if not filters:
        return None
    only = filters[0]
    if len(filters) == 1 and only.name == "default" and len(only.args) == 1:
        argument = only.args[0]
        if isinstance(argument, PositionalArgument) and isinstance(argument.value, StringLiteral):
            return argument.value.value
    raise _refused(shown, place)


def _refused(shown: str, place: str) -> InvalidInputError:
    return InvalidInputError(
        f"The {place} holds `{shown[:120]}`, which cannot be sent.", remedy=f"Open places are {ALLOWED}.", field=place
    )


def joined(parts: Sequence[Part]) -> list[Part]:
    """The same parts with neighbouring texts as one."""
    found: list[Part] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return found


def fields_of(parts: Sequence[Part]) -> list[FieldSlot]:
    """The merge fields among the parts."""
    return [part for part in parts if isinstance(part, FieldSlot)]


def field_text(value: object, default: str | None) -> tuple[str, bool]:
    """A field's value as Liquid would print it, and whether the template's own default was taken.

    The default stands in for nothing, false and the empty text, as the `default` filter of Liquid has it.
    """
    text = value if isinstance(value, str) else str(to_liquid_string(value, autoescape=False))
    if default is not None and (not text or value is False):
        return default, True
    return text, False
