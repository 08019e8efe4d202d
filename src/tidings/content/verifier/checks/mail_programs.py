"""What of HTML from elsewhere most mail programs would not show as meant, and what a mail from here does instead."""

from __future__ import annotations

from tidings.content.rendering.features import features_of
from tidings.content.rendering.support import Level, Support, Use, support_of
from tidings.content.verifier.examined import info
from tidings.domain.draft import Finding

_LIGHT = "Light colours stand inline, and can be read where dark ones are not asked for."
INSTEAD = {
    "css-at-media": "The mail is whole without it: columns stand below one another, and all styles are inline.",
    "css-at-media-prefers-color-scheme": _LIGHT,
    "html-meta-color-scheme": _LIGHT,
    "css-color-scheme": _LIGHT,
    "css-selector-attribute": "Light colours stand inline; only Outlook's dark mode is asked this way.",
    "css-important": "Only style sheets for dark mode and small screens use it; what must hold is inline.",
    "css-word-break": "Very long words are given places to break at.",
    "css-overflow": "It only rounds the sheet's corners; nothing is cut off without it.",
    "css-cursor": "The program's own pointer shows what can be pressed.",
    "html-target": "The link opens where the program opens links.",
    "html-body": "The ground's colour and all styles stand on an element inside it.",
    "css-function-light-dark": "Dark colours come by a media query, light ones are inline.",
    "css-at-font-face": "The device's own fonts are used.",
    "css-at-import": "Styles stand in the mail itself.",
    "html-link": "Styles stand in the mail itself.",
    "css-variables": "Colours are written out.",
    "css-modern-color": "Colours are written as #rrggbb.",
    "css-position": "Blocks stand one after the other.",
    "css-gap": "Padding of table cells keeps blocks apart.",
    "css-grid-template": "Columns stand side by side in tables.",
    "html-form": "A button leads to a page with the form.",
    "html-video": "A picture or a button leads to the film.",
    "html-audio": "A button leads to the recording.",
    "html-svg": "Pictures are PNG, JPEG, GIF or WebP.",
    "html-picture": "One picture fits all widths.",
    "html-srcset": "One picture fits all widths.",
    "html-semantics": "Roles and headings give the structure.",
}
"""By caniemail's name of the feature. For what our own mails use, tests prove it."""
_ELSE = {
    "element": "Its words are kept, the element is not.",
    "attribute": "It is not taken over.",
    "selector": "Styles stand inline, where no selector is needed.",
    "at-rule": "The message does without.",
}
_MOST_NAMED = 12


def outside_majority(html: str) -> dict[Use, Support]:
    """What is used that most mail programs do not support in full, or that nothing is known about (no counts)."""
    found = {use: support_of(use) or Support("") for use in sorted(features_of(html))}
    return {use: support for use, support in found.items() if support.level is not Level.YES or not support.feature}


def unsupported(html: str) -> tuple[Finding, ...]:
    """A finding for each feature of the HTML that most mail programs do not support; the rarest supported first.

    The HTML is `tamed` before.
    """
    known = {support.feature: (use, support) for use, support in outside_majority(html).items() if support.feature}
    ranked = sorted(known.values(), key=lambda each: (each[1].yes / each[1].tested, each[0]))
    return tuple(_finding(use, support) for use, support in ranked[:_MOST_NAMED])


def _finding(use: Use, support: Support) -> Finding:
    how = f"Many mail programs support {_named(use)} in part only"
    if support.level is Level.NO:
        how = f"Few mail programs support {_named(use)}"
    return info(
        "mail_programs", "html", f"{how}: {support.yes} of {support.tested} in full ({support.feature}).",
        quote=use.name, remedy=INSTEAD.get(support.feature) or _ELSE.get(use.kind) or "The message looks plainer.",
    )  # fmt: skip


def _named(use: Use) -> str:
    return {"element": f"<{use.name}>", "attribute": f"the attribute {use.name}"}.get(use.kind, use.name)
