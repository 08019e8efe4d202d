"""What the language models are good for here, in words for the health page and `tidings doctor`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from tidings.content.exam.licence import Licence
from tidings.content.models.desk import ModelDesk
from tidings.content.models.repository import Configured
from tidings.llm.configured import ModelLook

_DOES = {
    Licence.WRITER: "writes drafts and ranks subject lines (a writer by its exam)",
    Licence.SUGGESTER: "proposes sentences and ranks subject lines (a suggester by its exam)",
    Licence.JUDGE: "ranks subject lines (a judge by its exam)",
    Licence.NONE: "is not used (its exam proved nothing of use)",
    Licence.UNEXAMINED: "is not used before its exam",
}
_WRITER = (
    "the Composer writes. For a model that writes, add one on the page Models or by `tidings models add`; "
    "its exam must make it a writer"
)
_ANSWERS = "for agents that answer questions, set TIDINGS_MODEL"


def look(desk: ModelDesk, answering: Callable[[], ModelLook], *, answers: bool) -> ModelLook:
    """The model that answers questions, as `answering` finds it, and each one that was added with what it may do.

    `answers`: there is one that answers. Where no model writes or answers, it says what would have to be set up.
    """
    found = answering()
    sound = {model.id for model in desk.licensed(Licence.JUDGE)}  # this takes the licence of a file that was changed
    added = desk.configured()
    if not added:
        return found
    parts = [found.message] if answers else []
    parts += in_words(added, sound)
    parts += [] if answers else [_ANSWERS]
    return replace(found, message="; ".join(parts))


def in_words(models: Sequence[Configured], sound: Collection[str]) -> list[str]:
    """Each model with what its licence lets it do, and who writes where none may; `sound`: whose files are there."""
    told = [f"{model.name} {_does(model, sound)}" for model in models]
    writes = any(model.licence is Licence.WRITER and model.id in sound for model in models)
    return told if writes else [*told, _WRITER]


def _does(model: Configured, sound: Collection[str]) -> str:
    licensed = model.licence not in {Licence.NONE, Licence.UNEXAMINED}
    return "is not used (its file cannot be read)" if licensed and model.id not in sound else _DOES[model.licence]
