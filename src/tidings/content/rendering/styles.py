# ruff: noqa: E501 - markup is read whole
"""The style sheet of the mail: dark mode and small screens. Light colours stand inline, for many programs drop this."""

from __future__ import annotations

from tidings.content.rendering.palette import DARK_GROUND, DARK_INK, DARK_MUTED, DARK_PAPER, Palette

FONT = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
WIDTH = 576  # of the sheet; with what stands beside it on a phone, the usual 600


def style_sheet(palette: Palette) -> str:
    """Media queries; what must hold everywhere is inline, or becomes so, as the first rule does."""
    dark = f"""
.ground, .ground > table, .ground > table > tbody > tr > td {{ background-color: {DARK_GROUND} !important; background: {DARK_GROUND} !important; }}
.paper, .paper > table {{ background-color: {DARK_PAPER} !important; background: {DARK_PAPER} !important; }}
.ink div, .ink li {{ color: {DARK_INK} !important; }}
.picture, .picture td {{ color: {DARK_INK} !important; }}
.muted div {{ color: {DARK_MUTED} !important; }}
.accent a, .muted a {{ color: {palette.dark_accent} !important; }}
.button td, .button a {{ background-color: {palette.dark_button} !important; background: {palette.dark_button} !important; color: {palette.on_dark_button} !important; }}
.line p {{ border-top-color: #3a404c !important; }}
.quoted {{ border-color: {palette.dark_accent} !important; }}"""
    outlook = "\n".join(
        _for_outlook(line) for line in dark.strip().splitlines() if line.startswith((".ink", ".picture", ".muted"))
    )
    return f"""
.ground {{ padding: 0 12px; }}
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
@media (prefers-color-scheme: dark) {{
body {{ background-color: {DARK_GROUND} !important; }}{dark}
}}
{outlook}
@media only screen and (max-width: 480px) {{
.heading div {{ font-size: 24px !important; line-height: 1.25 !important; }}
.beside div {{ font-size: 16px !important; }}
.button table {{ width: 100% !important; }}
.button a {{ display: block !important; padding-left: 12px !important; padding-right: 12px !important; }}
}}"""


def _for_outlook(rule: str) -> str:
    """The rule for Outlook's own dark mode, which marks the page with an attribute instead of asking for a media type."""
    selectors, _, body = rule.partition("{")
    marked = ", ".join(f"[data-ogsc] {selector.strip()}" for selector in selectors.split(","))
    return f"{marked} {{{body}"
