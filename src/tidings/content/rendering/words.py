"""The few words a mail's frame says itself, in the reader's language."""

from __future__ import annotations

_UNSUBSCRIBE = {
    "en": "Unsubscribe", "de": "Abmelden", "fr": "Se désabonner", "es": "Darse de baja", "it": "Annulla l’iscrizione",
    "nl": "Afmelden", "pt": "Cancelar a subscrição", "sv": "Avsluta prenumerationen", "da": "Afmeld",
    "nb": "Meld deg av", "fi": "Peruuta tilaus", "pl": "Wypisz się", "cs": "Odhlásit odběr", "tr": "Abonelikten çık",
}  # fmt: skip


def unsubscribe_words(language: str) -> str:
    """What the way out is called; in English where the language is not known here."""
    return _UNSUBSCRIBE.get(language.partition("-")[0].lower(), _UNSUBSCRIBE["en"])
