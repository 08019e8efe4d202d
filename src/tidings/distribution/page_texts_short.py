"""What the pages say to somebody who comes from a text message or a notification: only what differs from a mail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from tidings.distribution.page_texts import WORDS, Words
from tidings.domain.channel import Channel


@dataclass(frozen=True, slots=True)
class ShortWords:
    """The texts of `Words` that name the kind of message."""

    ask: str
    ask_words: str
    done_words: str
    again: str
    back_words: str
    gone_words: str


SHORT_WORDS: dict[Channel, dict[str, ShortWords]] = {
    Channel.SMS: {
        "en": ShortWords(
            "Stop these text messages?",
            "Press the button and you will get no more marketing text messages from {brand} at this number. "
            "It holds at once and for good.",
            "You will get no more marketing text messages from {brand} at this number. You can close this page.",
            "Yes, send me these text messages again",
            "You will go on getting marketing text messages from {brand}. Each of them says how to stop them.",
            "Please write to us if you want to get our text messages again.",
        ),
        "de": ShortWords(
            "Diese SMS abbestellen?",
            "Nach einem Klick auf die Schaltfläche erhalten Sie an diese Nummer keine Werbe-SMS von {brand} mehr. "
            "Das gilt sofort und auf Dauer.",
            "Sie erhalten an diese Nummer keine Werbe-SMS von {brand} mehr. Sie können diese Seite schließen.",
            "Ja, bitte senden Sie mir diese SMS wieder",
            "Sie erhalten weiterhin Werbe-SMS von {brand}. In jeder steht, wie man sie abbestellt.",
            "Bitte schreiben Sie uns, wenn Sie unsere SMS wieder erhalten möchten.",
        ),
        "fr": ShortWords(
            "Ne plus recevoir ces SMS ?",
            "Cliquez sur le bouton et vous ne recevrez plus de SMS commerciaux de {brand} à ce numéro. "
            "Cela prend effet immédiatement et pour toujours.",
            "Vous ne recevrez plus de SMS commerciaux de {brand} à ce numéro. Vous pouvez fermer cette page.",
            "Oui, envoyez-moi de nouveau ces SMS",
            "Vous continuerez à recevoir des SMS commerciaux de {brand}. Chacun indique comment les arrêter.",
            "Écrivez-nous si vous souhaitez recevoir de nouveau nos SMS.",
        ),
        "es": ShortWords(
            "¿Dejar de recibir estos SMS?",
            "Pulse el botón y no recibirá más SMS comerciales de {brand} en este número. "
            "Vale de inmediato y para siempre.",
            "No recibirá más SMS comerciales de {brand} en este número. Puede cerrar esta página.",
            "Sí, quiero recibir estos SMS de nuevo",
            "Seguirá recibiendo SMS comerciales de {brand}. Cada uno dice cómo darse de baja.",
            "Escríbanos si quiere recibir de nuevo nuestros SMS.",
        ),
    },
    Channel.PUSH: {
        "en": ShortWords(
            "Stop these notifications?",
            "Press the button and you will get no more marketing notifications from {brand}. "
            "It holds at once and for good.",
            "You will get no more marketing notifications from {brand}. You can close this page.",
            "Yes, show me these notifications again",
            "You will go on getting marketing notifications from {brand}. Your browser’s settings can stop them, too.",
            "Please write to us if you want to get our notifications again.",
        ),
        "de": ShortWords(
            "Diese Mitteilungen abbestellen?",
            "Nach einem Klick auf die Schaltfläche erhalten Sie keine Werbe-Mitteilungen von {brand} mehr. "
            "Das gilt sofort und auf Dauer.",
            "Sie erhalten keine Werbe-Mitteilungen von {brand} mehr. Sie können diese Seite schließen.",
            "Ja, bitte zeigen Sie mir diese Mitteilungen wieder",
            "Sie erhalten weiterhin Werbe-Mitteilungen von {brand}. Auch in den Einstellungen Ihres Browsers lassen "
            "sie sich beenden.",
            "Bitte schreiben Sie uns, wenn Sie unsere Mitteilungen wieder erhalten möchten.",
        ),
        "fr": ShortWords(
            "Ne plus recevoir ces notifications ?",
            "Cliquez sur le bouton et vous ne recevrez plus de notifications commerciales de {brand}. "
            "Cela prend effet immédiatement et pour toujours.",
            "Vous ne recevrez plus de notifications commerciales de {brand}. Vous pouvez fermer cette page.",
            "Oui, affichez-moi de nouveau ces notifications",
            "Vous continuerez à recevoir des notifications commerciales de {brand}. Les réglages de votre navigateur "
            "permettent aussi de les arrêter.",
            "Écrivez-nous si vous souhaitez recevoir de nouveau nos notifications.",
        ),
        "es": ShortWords(
            "¿Dejar de recibir estas notificaciones?",
            "Pulse el botón y no recibirá más notificaciones comerciales de {brand}. Vale de inmediato y para siempre.",
            "No recibirá más notificaciones comerciales de {brand}. Puede cerrar esta página.",
            "Sí, quiero recibir estas notificaciones de nuevo",
            "Seguirá recibiendo notificaciones comerciales de {brand}. También puede detenerlas en los ajustes de su "
            "navegador.",
            "Escríbanos si quiere recibir de nuevo nuestras notificaciones.",
        ),
    },
}


@cache
def words_for(language: str, channel: Channel) -> Words:
    """The texts of a language for whoever comes from that channel."""
    words, short = WORDS[language], SHORT_WORDS.get(channel, {}).get(language)
    if short is None:
        return words
    return replace(
        words, ask=short.ask, ask_words=short.ask_words, done_words=short.done_words, again=short.again,
        back_words=short.back_words, gone_words=short.gone_words,
    )  # fmt: skip
