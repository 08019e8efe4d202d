"""What the page behind an unsubscribe link offers beside leaving, drawn from how everything stands with the reader."""

from __future__ import annotations

from html import escape

from tidings.audience.preferences import PAUSES, Preferences, Standing
from tidings.distribution import pages
from tidings.distribution.page_texts_short import words_for
from tidings.distribution.pages import Opens
from tidings.distribution.preference_texts import CHOICES, LANGUAGES, day_of
from tidings.domain.channel import Channel


def preference_page(
    language: str, brand: str, known: Preferences, *, channel: Channel, opens: Opens, saved: bool = False
) -> bytes:
    """The whole page for somebody who comes by that channel: it begins with what they have come for."""
    words, own = CHOICES[language], known.channels.get(channel)
    more = _others(language, known, channel) + _language(language, known.locale)
    notice = f'<p role="status">{escape(words.saved)}</p>' if saved else ""
    if own is not None and own.paused_until is not None:
        title = words.paused.replace("{until}", day_of(language, own.paused_until))
        told = words.paused_words.replace("{kind}", words.kinds[channel]).replace("{brand}", brand)
        leave = _form(words_for(language, channel).leave, quiet=True)
        both = f'<div class="row">{_form(words.resume, quiet=True, what="resume")}{leave}</div>'
        return pages.page(title, f"{notice}<p>{escape(told)}</p>{both}{more}", language)
    if own is not None and own.gets:
        return pages.ask(language, brand, opens=opens, channel=channel, rest=pause(language), more=more, notice=notice)
    back = own is not None and own.may_return
    return pages.done(language, brand, again=back, channel=channel, more=more, notice=notice)


def pause(language: str) -> str:
    """The offer to pause."""
    words = CHOICES[language]
    buttons = (
        f'<button type="submit" class="quiet" name="days" value="{days}">'
        f"{escape(words.pause.replace('{days}', str(days)))}</button>"
        for days in PAUSES
    )
    what = '<input type="hidden" name="what" value="pause">'
    return f'<hr><p>{escape(words.pause_words)}</p><form method="post" class="row">{what}{"".join(buttons)}</form>'


def resume_words(language: str, channel: Channel) -> str:
    """What somebody agrees to who ends a pause early."""
    return f"{CHOICES[language].names[channel]}: {CHOICES[language].resume}"


def _others(language: str, known: Preferences, here: Channel) -> str:
    rows = [
        _other(language, channel, known.channels[channel]) for channel in Channel
        if channel in known.channels and channel is not here
    ]  # fmt: skip
    return f"<hr><h2>{escape(CHOICES[language].others)}</h2>{''.join(rows)}" if rows else ""


def _other(language: str, channel: Channel, standing: Standing) -> str:
    """Another channel: how it stands, and the one button that changes it."""
    words, texts = CHOICES[language], words_for(language, channel)
    if standing.paused_until is not None:
        told = f"{words.paused.replace('{until}', day_of(language, standing.paused_until))}."
        what, label = "resume", words.resume
    elif standing.gets:
        told, what, label = words.gets, "leave", texts.leave
    else:
        told, what, label = words.stopped, "again", texts.again
    name = words.names[channel]
    form = _form(label, what=what, channel=channel.value, quiet=True, about=name)
    return f'<div class="row"><p><strong>{escape(name)}</strong><br>{escape(told)}</p>{form}</div>'


def _language(language: str, locale: str) -> str:
    """A choice for whoever has a language; one we do not offer stays until another is chosen."""
    if not locale:
        return ""
    words, theirs = CHOICES[language], locale.replace("_", "-").partition("-")[0].lower()
    named = LANGUAGES if theirs in LANGUAGES else {theirs: locale, **LANGUAGES}
    options = "".join(
        f'<option value="{escape(code)}" lang="{escape(code)}"{" selected" if code == theirs else ""}>{escape(name)}'
        "</option>"
        for code, name in named.items()
    )
    return (
        f'<hr><form method="post"><input type="hidden" name="what" value="language">'
        f'<label for="language">{escape(words.language)}</label><p>{escape(words.language_words)}</p>'
        f'<div class="row"><select id="language" name="language">{options}</select>'
        f'<button type="submit" class="quiet">{escape(words.save)}</button></div></form>'
    )


def _form(label: str, *, quiet: bool = False, about: str = "", **fields: str) -> str:
    hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    kind, said = ' class="quiet"' if quiet else "", f' aria-label="{escape(about)}: {escape(label)}"' if about else ""
    return f'<form method="post">{hidden}<button type="submit"{kind}{said}>{escape(label)}</button></form>'
