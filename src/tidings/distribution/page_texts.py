"""The words of the pages a reader of a mail meets, in the mail's language; English where there is no translation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Texts end up in HTML and hold none themselves; `{brand}` is the sender's name."""

    ask: str
    ask_words: str
    leave: str
    opens_words: str
    opens: str
    done: str
    done_words: str
    again_words: str
    again: str
    back: str
    back_words: str
    opens_done: str
    opens_done_words: str
    gone: str
    gone_words: str


WORDS: dict[str, Words] = {
    "en": Words(
        "Stop these e-mails?",
        "Press the button and you will get no more marketing e-mails from {brand} at this address. "
        "It holds at once and for good.",
        "Unsubscribe",
        "Or stay, and only forbid us to see whether you open an e-mail. It holds for e-mails you already have, too.",
        "Do not see whether I open",
        "You are unsubscribed",
        "You will get no more marketing e-mails from {brand} at this address. You can close this page.",
        "Was that a mistake?",
        "Yes, send me these e-mails again",
        "You are subscribed again",
        "You will go on getting marketing e-mails from {brand}. Each of them has a link to stop them.",
        "Done",
        "We no longer see whether you open our e-mails. You will go on getting them.",
        "This can no longer be undone here",
        "Please write to us if you want to get our e-mails again.",
    ),
    "de": Words(
        "Diese E-Mails abbestellen?",
        "Nach einem Klick auf die Schaltfläche erhalten Sie an diese Adresse keine Werbe-E-Mails von {brand} mehr. "
        "Das gilt sofort und auf Dauer.",
        "Abbestellen",
        "Oder bleiben Sie und untersagen uns nur, zu sehen, ob Sie eine E-Mail öffnen. Das gilt auch für E-Mails, die "
        "Sie schon haben.",
        "Öffnen nicht mehr erfassen",
        "Sie sind abgemeldet",
        "Sie erhalten an diese Adresse keine Werbe-E-Mails von {brand} mehr. Sie können diese Seite schließen.",
        "War das ein Versehen?",
        "Ja, bitte senden Sie mir diese E-Mails wieder",
        "Sie sind wieder angemeldet",
        "Sie erhalten weiterhin Werbe-E-Mails von {brand}. In jeder steht ein Link zum Abbestellen.",
        "Erledigt",
        "Wir sehen nicht mehr, ob Sie unsere E-Mails öffnen. Sie erhalten sie weiterhin.",
        "Das lässt sich hier nicht mehr rückgängig machen",
        "Bitte schreiben Sie uns, wenn Sie unsere E-Mails wieder erhalten möchten.",
    ),
    "fr": Words(
        "Ne plus recevoir ces e-mails ?",
        "Cliquez sur le bouton et vous ne recevrez plus d’e-mails commerciaux de {brand} à cette adresse. "
        "Cela prend effet immédiatement et pour toujours.",
        "Me désinscrire",
        "Ou restez inscrit et interdisez-nous seulement de voir si vous ouvrez un e-mail. Cela vaut aussi pour les "
        "e-mails déjà reçus.",
        "Ne plus suivre mes ouvertures",
        "Vous êtes désinscrit",
        "Vous ne recevrez plus d’e-mails commerciaux de {brand} à cette adresse. Vous pouvez fermer cette page.",
        "C’était une erreur ?",
        "Oui, envoyez-moi de nouveau ces e-mails",
        "Vous êtes de nouveau inscrit",
        "Vous continuerez à recevoir des e-mails commerciaux de {brand}. Chacun contient un lien de désinscription.",
        "C’est fait",
        "Nous ne voyons plus si vous ouvrez nos e-mails. Vous continuerez à les recevoir.",
        "Cela ne peut plus être annulé ici",
        "Écrivez-nous si vous souhaitez recevoir de nouveau nos e-mails.",
    ),
    "es": Words(
        "¿Dejar de recibir estos correos?",
        "Pulse el botón y no recibirá más correos comerciales de {brand} en esta dirección. "
        "Vale de inmediato y para siempre.",
        "Darme de baja",
        "O quédese y prohíbanos solo ver si abre un correo. Vale también para los correos que ya tiene.",
        "No registrar si los abro",
        "Se ha dado de baja",
        "No recibirá más correos comerciales de {brand} en esta dirección. Puede cerrar esta página.",
        "¿Fue un error?",
        "Sí, quiero recibir estos correos de nuevo",
        "Se ha suscrito de nuevo",
        "Seguirá recibiendo correos comerciales de {brand}. Cada uno lleva un enlace para darse de baja.",
        "Hecho",
        "Ya no vemos si abre nuestros correos. Seguirá recibiéndolos.",
        "Esto ya no se puede deshacer aquí",
        "Escríbanos si quiere recibir de nuevo nuestros correos.",
    ),
}


def language_of(tag: str) -> str:
    """The language of `WORDS` for a tag like `de-AT`."""
    primary = tag.partition("-")[0].partition("_")[0].lower()
    return primary if primary in WORDS else "en"
