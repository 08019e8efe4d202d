"""The words of what a reader can choose beside leaving: a pause, the other channels, and the language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidings.domain.channel import Channel
from tidings.domain.instant import Instant, to_datetime

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}


@dataclass(frozen=True, slots=True)
class ChoiceWords:
    """One language. `{brand}` is the sender's name, `{kind}` one of `kinds`, `{until}` a day."""

    pause_words: str
    pause: str
    paused: str
    paused_words: str
    resume: str
    others: str
    gets: str
    stopped: str
    language: str
    language_words: str
    save: str
    saved: str
    day: str
    names: Mapping[Channel, str]
    kinds: Mapping[Channel, str]


CHOICES: dict[str, ChoiceWords] = {
    "en": ChoiceWords(
        "Or take a break: nothing comes for that long, and then it goes on by itself.",
        "Pause for {days} days",
        "Paused until {until}",
        "You will get no marketing {kind} from {brand} until then. After that they come again by themselves.",
        "Send them again now",
        "What else you get from us",
        "You get these messages.",
        "You no longer get these messages.",
        "Your language",
        "Messages come in this language where they are written in it.",
        "Save",
        "Saved.",
        "%d %B %Y",
        {Channel.EMAIL: "E-mails", Channel.SMS: "Text messages", Channel.PUSH: "Notifications"},
        {Channel.EMAIL: "e-mails", Channel.SMS: "text messages", Channel.PUSH: "notifications"},
    ),
    "de": ChoiceWords(
        "Oder machen Sie eine Pause: So lange kommt nichts, danach geht es von selbst weiter.",
        "{days} Tage Pause",
        "Pause bis {until}",
        "Bis dahin erhalten Sie keine {kind} von {brand}. Danach kommen sie von selbst wieder.",
        "Ab sofort wieder senden",
        "Was Sie noch von uns erhalten",
        "Sie erhalten diese Nachrichten.",
        "Sie erhalten diese Nachrichten nicht mehr.",
        "Ihre Sprache",
        "Nachrichten kommen in dieser Sprache, sofern es sie in ihr gibt.",
        "Speichern",
        "Gespeichert.",
        "%d.%m.%Y",
        {Channel.EMAIL: "E-Mails", Channel.SMS: "SMS", Channel.PUSH: "Mitteilungen"},
        {Channel.EMAIL: "Werbe-E-Mails", Channel.SMS: "Werbe-SMS", Channel.PUSH: "Werbe-Mitteilungen"},
    ),
    "fr": ChoiceWords(
        "Ou faites une pause : rien n’arrive pendant ce temps, puis l’envoi reprend de lui-même.",
        "Pause de {days} jours",
        "En pause jusqu’au {until}",
        "D’ici là, {brand} ne vous enverra pas {kind}. Ensuite, l’envoi reprendra de lui-même.",
        "Reprendre l’envoi maintenant",
        "Ce que vous recevez aussi de nous",
        "Vous recevez ces messages.",
        "Vous ne recevez plus ces messages.",
        "Votre langue",
        "Les messages arrivent dans cette langue lorsqu’ils y sont rédigés.",
        "Enregistrer",
        "Enregistré.",
        "%d/%m/%Y",
        {Channel.EMAIL: "E-mails", Channel.SMS: "SMS", Channel.PUSH: "Notifications"},
        {Channel.EMAIL: "d’e-mails commerciaux", Channel.SMS: "de SMS commerciaux",
         Channel.PUSH: "de notifications commerciales"},
    ),
    "es": ChoiceWords(
        "O haga una pausa: durante ese tiempo no llega nada y después el envío continúa por sí solo.",
        "Pausa de {days} días",
        "En pausa hasta el {until}",
        "Hasta entonces {brand} no le enviará {kind}. Después el envío continuará por sí solo.",
        "Reanudar el envío ahora",
        "Qué más recibe de nosotros",
        "Recibe estos mensajes.",
        "Ya no recibe estos mensajes.",
        "Su idioma",
        "Los mensajes llegan en este idioma cuando están escritos en él.",
        "Guardar",
        "Guardado.",
        "%d/%m/%Y",
        {Channel.EMAIL: "Correos", Channel.SMS: "SMS", Channel.PUSH: "Notificaciones"},
        {Channel.EMAIL: "correos comerciales", Channel.SMS: "SMS comerciales",
         Channel.PUSH: "notificaciones comerciales"},
    ),
}  # fmt: skip


def day_of(language: str, at: Instant) -> str:
    """A day as the language writes it, in UTC."""
    return f"{to_datetime(at):{CHOICES[language].day}}".lstrip("0")
