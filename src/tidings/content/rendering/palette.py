"""Colours of a mail, computed from the brand's one, so that every text can be read in light and in dark."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

INK, MUTED, PAPER, GROUND = "#1d2430", "#5a6372", "#ffffff", "#f2f3f6"
DARK_INK, DARK_MUTED, DARK_PAPER, DARK_GROUND = "#eceef2", "#a8b0bf", "#1e222b", "#14171d"
READABLE = 4.5  # WCAG 2.2, 1.4.3
_VISIBLE = 3.0  # WCAG 2.2, 1.4.11, for the button's own shape


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours that depend on the brand; the others are constants of this file."""

    button: str
    on_button: str
    accent: str
    dark_button: str
    on_dark_button: str
    dark_accent: str

    def pairs(self) -> dict[str, tuple[str, str]]:
        """Every pair of text and ground in use, by name."""
        return {
            "text": (INK, PAPER),
            "small text": (MUTED, GROUND),
            "button": (self.on_button, self.button),
            "link": (self.accent, PAPER),
            "link in the footer": (self.accent, GROUND),
            "text in dark mode": (DARK_INK, DARK_PAPER),
            "small text in dark mode": (DARK_MUTED, DARK_GROUND),
            "button in dark mode": (self.on_dark_button, self.dark_button),
            "link in dark mode": (self.dark_accent, DARK_PAPER),
            "link in the footer in dark mode": (self.dark_accent, DARK_GROUND),
        }


@lru_cache(maxsize=64)
def palette_of(colour: str) -> Palette:
    """The palette of a brand colour (`#rrggbb`). Too light a colour is darkened for texts, too dark a one lightened."""
    button = _towards(colour, "#000000", PAPER, 1.6)  # a near white brand colour still gives a button one sees
    accent = _towards(colour, "#000000", GROUND, READABLE)
    dark_button = _towards(colour, "#ffffff", DARK_PAPER, _VISIBLE)
    dark_accent = _towards(colour, "#ffffff", DARK_PAPER, READABLE)
    return Palette(button, readable_on(button), accent, dark_button, readable_on(dark_button), dark_accent)


def readable_on(ground: str) -> str:
    """White where it can be read on the ground, else near black; one of the two always reaches 4.5."""
    if contrast("#ffffff", ground) >= READABLE:
        return "#ffffff"
    return INK if contrast(INK, ground) >= READABLE else "#000000"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _towards(colour: str, end: str, ground: str, wanted: float) -> str:
    """The colour, mixed with `end` in steps until it stands out from the ground as wanted."""
    for step in range(21):
        mixed = _mixed(colour, end, step / 20)
        if contrast(mixed, ground) >= wanted:
            return mixed
    return end


def _mixed(one: str, other: str, share: float) -> str:
    parts = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
