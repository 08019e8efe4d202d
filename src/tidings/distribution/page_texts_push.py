"""The words of the page on which a person allows notifications, in the languages of `page_texts.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PushWords:
    """One language. Texts end up in HTML and in attributes, and hold no HTML themselves."""

    title: str
    ask_words: str
    on: str
    """What the person says by pressing the button: kept word for word as the proof of the consent."""
    off: str
    said_on: str
    said_off: str
    no_push: str
    denied: str
    failed: str
    not_offered: str
    not_offered_words: str


PUSH_WORDS: dict[str, PushWords] = {
    "en": PushWords(
        "Notifications",
        "Press the button and this browser shows you our news. You can turn it off here at any time.",
        "Yes, show me notifications in this browser.",
        "Turn them off",
        "Notifications are on in this browser.",
        "Notifications are off in this browser.",
        "This browser shows no notifications. On an iPhone, put this page on the home screen first.",
        "The browser does not allow it. Its settings for this site can change that.",
        "That did not work. Please try again later.",
        "Notifications are not offered",
        "Nobody has set them up here.",
    ),
    "de": PushWords(
        "Benachrichtigungen",
        "Nach einem Klick auf die Schaltfläche zeigt Ihnen dieser Browser unsere Neuigkeiten. Sie können das hier "
        "jederzeit ausschalten.",
        "Ja, zeigen Sie mir Benachrichtigungen in diesem Browser.",
        "Ausschalten",
        "Benachrichtigungen sind in diesem Browser eingeschaltet.",
        "Benachrichtigungen sind in diesem Browser ausgeschaltet.",
        "Dieser Browser zeigt keine Benachrichtigungen. Legen Sie diese Seite auf einem iPhone zuerst auf den "
        "Home-Bildschirm.",
        "Der Browser erlaubt es nicht. Das lässt sich in seinen Einstellungen für diese Website ändern.",
        "Das hat nicht geklappt. Bitte versuchen Sie es später noch einmal.",
        "Benachrichtigungen werden nicht angeboten",
        "Hier hat sie niemand eingerichtet.",
    ),
    "fr": PushWords(
        "Notifications",
        "Cliquez sur le bouton et ce navigateur vous montrera nos nouvelles. Vous pouvez les désactiver ici à tout "
        "moment.",
        "Oui, montrez-moi des notifications dans ce navigateur.",
        "Les désactiver",
        "Les notifications sont activées dans ce navigateur.",
        "Les notifications sont désactivées dans ce navigateur.",
        "Ce navigateur ne montre pas de notifications. Sur un iPhone, placez d’abord cette page sur l’écran d’accueil.",
        "Le navigateur ne le permet pas. Ses réglages pour ce site permettent de changer cela.",
        "Cela n’a pas fonctionné. Veuillez réessayer plus tard.",
        "Les notifications ne sont pas proposées",
        "Personne ne les a mises en place ici.",
    ),
    "es": PushWords(
        "Notificaciones",
        "Pulse el botón y este navegador le mostrará nuestras novedades. Puede desactivarlas aquí en "
        "cualquier momento.",
        "Sí, quiero ver notificaciones en este navegador.",
        "Desactivarlas",
        "Las notificaciones están activadas en este navegador.",
        "Las notificaciones están desactivadas en este navegador.",
        "Este navegador no muestra notificaciones. En un iPhone, ponga primero esta página en la pantalla de inicio.",
        "El navegador no lo permite. Puede cambiarlo en sus ajustes para este sitio.",
        "No ha funcionado. Inténtelo de nuevo más tarde.",
        "No se ofrecen notificaciones",
        "Aquí nadie las ha configurado.",
    ),
}


def words_in(language: str) -> PushWords:
    """The texts of a language; English where there is no translation."""
    return PUSH_WORDS.get(language, PUSH_WORDS["en"])
