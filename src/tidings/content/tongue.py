# ruff: noqa: E501 - a language's small words are read as one line
"""In which language a text is written, told from its script and its small words. Says nothing where it cannot tell."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache

from tidings.content.sentences import words

# Small words that carry no meaning of their own and that few other languages have.
_SMALL_WORDS = {
    "en": "the and of to is are you your it for with this that from there can will get has have we our be on at by not or was all",
    "de": "der die das und ist sind sie wir uns ihr ihre ihren ihnen ein eine einen nicht mit für auf von zu zum zur bei es auch den dem des im ab bis kostet gibt können kann wird",
    "fr": "le la les de des du et est tu on ne tout mais beaucoup sont vous nous votre vos notre nos un une pas avec pour sur dans chez que qui au aux ce cette il elle être avez",
    "es": "el la los las de te tu nos y es son usted nosotros su sus nuestro nuestra un una no con para por en muy que del al se lo puede hay desde hasta",
    "it": "il lo gli le e è sono voi noi vostro nostro un una non con per di del della dei delle che si da nel nella può ci puoi anche",
    "nl": "de het een en is zijn u wij ons uw je niet met voor op van te bij ook er dat die naar kunt wordt onze tot",
    "pt": "o os as e é são você nós seu sua nosso um uma não com para por em no na que do da dos das pode há até",
    "sv": "och är du ni vi vår en ett inte med för på av till hos det som den från kan har om få din",
    "da": "og er du vi vores en et ikke med for på af til hos det som den fra kan har om får din",
    "pl": "i jest są ty my nasz nie z dla na od do w się to że który oraz jak po przy można",
    "fi": "ja on ovat sinä me ei kanssa se joka myös voit sekä tai kun ovat meidän",
    "cs": "a je jsou vy my náš ne s pro na od do v se to že který nebo jak po při můžete",
    "tr": "ve bir bu için ile değil çok daha olan var da de",
}  # fmt: skip
_NAMES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch",
    "pt": "Portuguese", "sv": "Swedish", "da": "Danish", "pl": "Polish", "fi": "Finnish", "cs": "Czech",
    "tr": "Turkish", "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "el": "Greek", "et": "Estonian",
    "fa": "Persian", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nb": "Norwegian", "no": "Norwegian",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "th": "Thai",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
    "Cjk": "Chinese or Japanese", "Hiragana": "Japanese", "Katakana": "Japanese", "Hangul": "Korean",
}  # fmt: skip
# Scripts as Unicode names them → the languages written in them.
_SCRIPTS = {
    "CYRILLIC": ("ru", "uk", "bg", "sr", "mk", "be", "kk"), "GREEK": ("el",), "ARABIC": ("ar", "fa", "ur"),
    "HEBREW": ("he", "yi"), "CJK": ("zh", "ja"), "HIRAGANA": ("ja",), "KATAKANA": ("ja",), "HANGUL": ("ko",),
    "DEVANAGARI": ("hi", "mr", "ne"), "THAI": ("th",), "ARMENIAN": ("hy",), "GEORGIAN": ("ka",), "BENGALI": ("bn",),
    "TAMIL": ("ta",),
}  # fmt: skip
FEWEST_WORDS = 4
_QUOTED = re.compile(r"[\"“„«].*?[\"”»]")


def name_of(language: str) -> str:
    """The English name of a language's code or of what `foreign` found; one without a name here stays as it is."""
    return _NAMES.get(language, language)


def foreign(text: str, locale: str) -> str:
    """The language or script of a text that is not the locale's; empty when it is, or when that cannot be told.

    Quotations are left aside. A text of fewer than four words is told by its script only.
    """
    own = locale.partition("-")[0].lower()
    bare = _QUOTED.sub(" ", text)
    script = _script(bare)
    if script:
        return "" if own in _SCRIPTS[script] else script.capitalize()
    said = [word.casefold() for word in words(bare)]
    if len(said) < FEWEST_WORDS or (own not in _SMALL_WORDS and own not in {"no", "nb"}):
        return ""
    return _by_small_words(said, own)


def small_words(language: str) -> frozenset[str]:
    """Words of a language that carry no meaning of their own; none for a language not known here."""
    return _small_words().get(language, frozenset())


def _by_small_words(said: list[str], own: str) -> str:
    counts = {language: sum(word in small for word in said) for language, small in _small_words().items()}
    if own in {"no", "nb"}:
        own = "da"  # written so alike that small words do not tell them apart
    best = max(counts, key=lambda language: (counts[language], language == own))
    sure = counts[best] >= 2 and counts[best] >= 2 * counts[own] + 1 and counts[best] / len(said) >= 0.2
    return best if best != own and sure else ""


@cache
def _small_words() -> dict[str, frozenset[str]]:
    return {language: frozenset(small.split()) for language, small in _SMALL_WORDS.items()}


def _script(text: str) -> str:
    """The script that most letters are of, where it is none of Latin's."""
    letters = [letter for letter in text if letter.isalpha()]
    if not letters or text.isascii():
        return ""
    found = Counter(unicodedata.name(letter, "").partition(" ")[0] for letter in letters)
    script, count = found.most_common(1)[0]
    return script if script in _SCRIPTS and count * 2 > len(letters) else ""
