"""Whether somebody who answers wants no more mail: said so that nobody can mistake it, perhaps, or not at all."""

from __future__ import annotations

import re
from enum import StrEnum


class Wish(StrEnum):
    """What a reply says about going on."""

    NONE = ""
    MAYBE = "maybe"  # words of it stand there: a person decides
    CLEAR = "clear"  # nothing else stands there


_WORD = (
    r"stop|stopp|unsubscribe|remove|opt[- ]?out|abmelden|abmeldung|abbestellen|austragen|d[ée]sabonner|d[ée]sinscrire"
    r"|d[ée]sinscription|d[ée]sabonnement|stop pub|baja|darme de baja|cancelar suscripci[óo]n|cancellami|disiscrivimi"
    r"|cancella iscrizione|descadastrar|cancelar inscri[çc][ãa]o|remover|uitschrijven|afmelden|wypisz|wypisz mnie"
    r"|rezygnuj[ęe]|配信停止|退会|退订|отписаться"
)
_CLEAR = re.compile(
    rf"(?:please |bitte |kindly )?(?:{_WORD})(?: me| mich)?(?: (?:please|bitte|thanks|danke|merci|por favor))?",
    re.IGNORECASE,
)
_MAYBE = re.compile(
    rf"(?<!\w)(?:{_WORD}|take me off|no more (?:e-?mails?|mails?)|stop (?:sending|writing|e-?mailing)"
    r"|remove (?:me|my)|don't (?:write|e-?mail|send)|keine (?:weiteren )?(?:e-?mails|mails|newsletter)|ne plus recevoir"
    r"|no quiero recibir|non voglio (?:più )?ricevere|n[ãa]o quero receber|geen (?:e-?)?mails? meer)(?!\w)",
    re.IGNORECASE,
)
_QUOTES = re.compile(
    r"(?im)^[ \t]*(?:>|on .{5,120} wrote:|am .{5,120} schrieb|le .{5,120} a écrit|el .{5,120} escribió"
    r"|il .{5,120} ha scritto|em .{5,120} escreveu|op .{5,120} schreef|-{2,} ?(?:original|ursprüngliche|message)|_{10,}"
    r"|-- ?$|(?:from|von|de): )"
)
_EDGES = " \t\r\n.!,;:*_\"'“”„()[]"
_FORWARD = re.compile(r"(?i)^\s*(?:re|aw|sv|antw|odp|res|r|fwd?|wg)\s*:")


def own_words(text: str) -> str:
    """What the person wrote, above what they quote and their signature."""
    found = _QUOTES.search(text)
    return text[: found.start()].strip() if found else text.strip()


def wish_of(subject: str, text: str) -> Wish:
    """Clear only when the own text is nothing but the wish, or is empty below a subject that is nothing but it.

    An answer's subject is ours: it says nothing about what the person wants.
    """
    own = own_words(text)
    lines = [line.strip(_EDGES) for line in own.splitlines() if line.strip(_EDGES)]
    bare = "" if _FORWARD.match(subject) else subject.strip(_EDGES)
    if len(lines) == 1 and _CLEAR.fullmatch(lines[0]):
        return Wish.CLEAR
    if bare and _CLEAR.fullmatch(bare) and (not lines or (len(lines) == 1 and lines[0].lower() == bare.lower())):
        return Wish.CLEAR
    return Wish.MAYBE if _MAYBE.search(own) or (bare and _MAYBE.search(bare)) else Wish.NONE
