"""The words of the pages a reader meets, in the message's language; English where there is no translation.

They speak of e-mails; `page_texts_short.py` has what is said instead where a text message or a notification led here.
"""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_WISH = 300


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
    see_words: str
    see: str
    seen: str
    seen_words: str


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
        "If you like, you can let {brand} see whether and when you open its e-mails, so that they come at times that "
        "suit you. You can forbid it here again at any time.",
        "Yes, you may see whether I open",
        "Thank you",
        "{brand} may now see whether and when you open its e-mails. You can forbid it again on this page at any time.",
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
        "Wenn Sie möchten, darf {brand} sehen, ob und wann Sie die E-Mails öffnen, damit sie zu Zeiten kommen, die "
        "Ihnen passen. Das können Sie hier jederzeit wieder untersagen.",
        "Ja, das Öffnen darf erfasst werden",
        "Vielen Dank",
        "{brand} darf jetzt sehen, ob und wann Sie die E-Mails öffnen. Das können Sie auf dieser Seite jederzeit "
        "wieder untersagen.",
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
        "Si vous le souhaitez, {brand} peut voir si et quand vous ouvrez ses e-mails, afin de les envoyer à des "
        "moments qui vous conviennent. Vous pourrez l’interdire ici à tout moment.",
        "Oui, vous pouvez suivre mes ouvertures",
        "Merci",
        "{brand} peut désormais voir si et quand vous ouvrez ses e-mails. Vous pouvez l’interdire à tout moment sur "
        "cette page.",
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
        "Si lo desea, {brand} puede ver si abre sus correos y cuándo, para enviárselos a horas que le convengan. Puede "
        "prohibirlo aquí en cualquier momento.",
        "Sí, pueden registrar si los abro",
        "Gracias",
        "{brand} ya puede ver si abre sus correos y cuándo. Puede prohibirlo en esta página en cualquier momento.",
    ),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is said, in one language, where nothing is known of the message."""

    not_valid: str
    not_valid_words: str
    later: str
    later_words: str
    not_allowed: str
    not_allowed_words: str


TROUBLE: dict[str, Trouble] = {
    "en": Trouble(
        "This link is not valid",
        "It may have been cut off on its way. Please open the message again and follow the link from there, or simply "
        "reply to the sender.",
        "Please try again in a moment",
        "We could not write down your wish just now. Nothing was changed.",
        "This cannot be done here",
        "Please open the link in a browser.",
    ),
    "de": Trouble(
        "Dieser Link ist nicht gültig",
        "Vielleicht wurde er unterwegs abgeschnitten. Bitte öffnen Sie die Nachricht noch einmal und folgen Sie dem "
        "Link von dort, oder antworten Sie einfach dem Absender.",
        "Bitte versuchen Sie es gleich noch einmal",
        "Wir konnten Ihren Wunsch gerade nicht festhalten. Es wurde nichts geändert.",
        "Das geht hier nicht",
        "Bitte öffnen Sie den Link in einem Browser.",
    ),
    "fr": Trouble(
        "Ce lien n’est pas valable",
        "Il a peut-être été coupé en route. Rouvrez le message et suivez le lien à partir de là, ou répondez "
        "simplement à l’expéditeur.",
        "Veuillez réessayer dans un instant",
        "Nous n’avons pas pu enregistrer votre souhait. Rien n’a été modifié.",
        "Ce n’est pas possible ici",
        "Ouvrez le lien dans un navigateur.",
    ),
    "es": Trouble(
        "Este enlace no es válido",
        "Puede que se haya cortado por el camino. Abra el mensaje de nuevo y siga el enlace desde allí, o simplemente "
        "responda al remitente.",
        "Inténtelo de nuevo en un momento",
        "Ahora mismo no hemos podido anotar su deseo. No se ha cambiado nada.",
        "Aquí no es posible",
        "Abra el enlace en un navegador.",
    ),
}


def language_asked(accepted: str) -> str:
    """The language of `WORDS` that a browser's Accept-Language (RFC 9110, 12.5.4) asks for first."""
    wishes: list[tuple[float, str]] = []
    for wish in accepted[:_LONGEST_WISH].split(","):
        tag, _, weight = wish.strip().partition(";")
        try:
            wishes.append((float(weight.strip().removeprefix("q=") or 1), tag))
        except ValueError:
            continue
    ranked = (tag for weight, tag in sorted(wishes, key=lambda wish: -wish[0]) if weight > 0)
    return next((language_of(tag) for tag in ranked if _primary(tag) in WORDS), "en")


def language_of(tag: str) -> str:
    """The language of `WORDS` for a tag like `de-AT`."""
    primary = _primary(tag)
    return primary if primary in WORDS else "en"


def _primary(tag: str) -> str:
    return tag.partition("-")[0].partition("_")[0].strip().lower()
