"""Where a draft's words come from, and how a mail says so where a model wrote them.

The mark is machine-readable twice: as a header `AI-Disclosure`, in the form that draft-abaris-aicdh proposes for HTTP
(a structured dictionary, RFC 9651), and as the IPTC digital source type in the HTML's head. Neither is a standard for
mail yet; the EU's AI Act, article 50, asks for a mark and names no form. The composer arranges sentences that people
wrote, by rules: its drafts carry none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from tidings.domain.draft import Draft

AiPart = Literal["", "ai-modified", "ai-originated"]
HEADER = "AI-Disclosure"
META = "Iptc4xmpExt:DigitalSourceType"
_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_SOURCE_TYPES = {
    "ai-originated": f"{_TYPES}trainedAlgorithmicMedia",
    "ai-modified": f"{_TYPES}compositeWithTrainedAlgorithmicMedia",
}
_UNSAFE = re.compile(r'[^\x20-\x7e]|["\\]')


def models_of(draft: Draft) -> tuple[str, ...]:
    """The models whose words stand in the draft: its writer, and those whose suggestions were accepted."""
    own = [draft.writer for trace in draft.traces if trace.source == "model"]
    proposed = [trace.proposed_by for trace in draft.traces if trace.proposed_by]
    return tuple(dict.fromkeys([*own, *proposed]))


def ai_part(draft: Draft) -> AiPart:
    """What part a model had: it wrote the draft, or only some sentences of a draft that people or the composer made."""
    if not models_of(draft):
        return ""
    return "ai-originated" if any(trace.source == "model" for trace in draft.traces) else "ai-modified"


def disclosure_header(draft: Draft, reviewed_by: Sequence[str] = ()) -> str:
    """The value of `AI-Disclosure`; empty where no model wrote. People's names are not told, that one looked is."""
    part = ai_part(draft)
    if not part:
        return ""
    names = ", ".join(_UNSAFE.sub("?", name)[:60] for name in models_of(draft))
    return f'mode={part}, model="{names}"' + (', reviewed-by="human"' if reviewed_by else "")


def source_type(draft: Draft) -> str:
    """The IPTC digital source type's address; empty where no model wrote."""
    return _SOURCE_TYPES.get(ai_part(draft), "")
