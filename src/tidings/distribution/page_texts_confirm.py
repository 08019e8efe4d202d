"""The words with which a person is asked to confirm a consent, by mail and on the page, in the pages' languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfirmMailWords:
    """The mail in one language. `{brand}` is who asks, `{days}` how long the link is valid; no HTML."""

    subject: str
    reminder: str
    """The subject of the second mail."""
    why: str
    """Stands around `{address}`."""
    ask: str
    link: str
    nothing: str
    once: str
    last: str


@dataclass(frozen=True, slots=True)
class ConfirmWords:
    """The page in one language."""

    ask: str
    ask_words: str
    yes: str
    otherwise: str
    done: str
    done_words: str
    already: str
    already_words: str
    expired: str
    expired_words: str
    closed: str
    closed_words: str


MAIL: dict[str, ConfirmMailWords] = {
    "en": ConfirmMailWords(
        "Please confirm: e-mails from {brand}",
        "Reminder, please confirm: e-mails from {brand}",
        "The address {address} was registered with {brand} for marketing e-mails. Before we send the first one, we ask "
        "you, whose address it is.",
        "Do you want marketing e-mails from {brand} at this address? Then please confirm it on this page. The link is "
        "valid for {days} days.",
        "Go to the page and confirm",
        "If you do not want them, you need do nothing: without your confirmation you get no marketing e-mails.",
        "We ask once more at most. This e-mail holds no advertising.",
        "This is the only reminder. It holds no advertising.",
    ),
    "de": ConfirmMailWords(
        "Bitte bestätigen: E-Mails von {brand}",
        "Erinnerung, bitte bestätigen: E-Mails von {brand}",
        "Die Adresse {address} wurde bei {brand} für Werbe-E-Mails eingetragen. Bevor wir die erste senden, fragen wir "
        "Sie, deren Adresse es ist.",
        "Möchten Sie an diese Adresse Werbe-E-Mails von {brand} erhalten? Dann bestätigen Sie das bitte auf dieser "
        "Seite. Der Link gilt {days} Tage.",
        "Zur Seite gehen und bestätigen",
        "Wenn Sie das nicht möchten, brauchen Sie nichts zu tun: Ohne Ihre Bestätigung erhalten Sie keine "
        "Werbe-E-Mails.",
        "Wir fragen höchstens noch einmal nach. Diese E-Mail enthält keine Werbung.",
        "Dies ist die einzige Erinnerung. Sie enthält keine Werbung.",
    ),
    "fr": ConfirmMailWords(
        "Veuillez confirmer : e-mails de {brand}",
        "Rappel, veuillez confirmer : e-mails de {brand}",
        "L’adresse {address} a été inscrite auprès de {brand} pour recevoir des e-mails commerciaux. Avant d’envoyer "
        "le premier, nous vous posons la question, à vous dont c’est l’adresse.",
        "Souhaitez-vous recevoir à cette adresse des e-mails commerciaux de {brand} ? Alors confirmez-le sur cette "
        "page. Le lien est valable {days} jours.",
        "Aller à la page et confirmer",
        "Si vous ne le souhaitez pas, vous n’avez rien à faire : sans votre confirmation, vous ne recevrez aucun "
        "e-mail commercial.",
        "Nous vous le demanderons encore une fois au plus. Cet e-mail ne contient aucune publicité.",
        "C’est le seul rappel. Il ne contient aucune publicité.",
    ),
    "es": ConfirmMailWords(
        "Confirme, por favor: correos de {brand}",
        "Recordatorio, confirme, por favor: correos de {brand}",
        "La dirección {address} se registró en {brand} para recibir correos comerciales. Antes de enviar el primero, "
        "le preguntamos a usted, de quien es la dirección.",
        "¿Quiere recibir correos comerciales de {brand} en esta dirección? Entonces confírmelo en esta página. El "
        "enlace es válido durante {days} días.",
        "Ir a la página y confirmar",
        "Si no los quiere, no tiene que hacer nada: sin su confirmación no recibirá ningún correo comercial.",
        "Se lo preguntaremos como mucho una vez más. Este correo no contiene publicidad.",
        "Este es el único recordatorio. No contiene publicidad.",
    ),
}

PAGE: dict[str, ConfirmWords] = {
    "en": ConfirmWords(
        "Do you want these e-mails?",
        "Press the button and {brand} will send marketing e-mails to the address at which you got this link. You can "
        "stop them at any time with a link in each of them.",
        "Yes, send me these e-mails",
        "If you do not want them, simply close this page: then none are sent.",
        "Thank you, it is confirmed",
        "You will get marketing e-mails from {brand}. Each of them has a link to stop them. You can close this page.",
        "It is confirmed already",
        "You get marketing e-mails from {brand} and need do nothing more. Each of them has a link to stop them.",
        "This link is no longer valid",
        "It was valid for {days} days. Nothing was changed, and you get no marketing e-mails. If you still want them, "
        "sign up again, or reply to the e-mail in which you found the link.",
        "This can no longer be confirmed here",
        "Marketing e-mails to this address were stopped, or the address is no longer on file. Nothing was changed. If "
        "you want them after all, reply to the e-mail in which you found the link.",
    ),
    "de": ConfirmWords(
        "Möchten Sie diese E-Mails?",
        "Nach einem Klick auf die Schaltfläche sendet {brand} Werbe-E-Mails an die Adresse, an die dieser Link ging. "
        "Sie können sie jederzeit mit einem Link in jeder E-Mail abbestellen.",
        "Ja, bitte senden Sie mir diese E-Mails",
        "Wenn Sie das nicht möchten, schließen Sie einfach diese Seite: Dann werden keine gesendet.",
        "Vielen Dank, das ist bestätigt",
        "Sie erhalten Werbe-E-Mails von {brand}. In jeder steht ein Link zum Abbestellen. Sie können diese Seite "
        "schließen.",
        "Das ist schon bestätigt",
        "Sie erhalten Werbe-E-Mails von {brand} und brauchen nichts mehr zu tun. In jeder steht ein Link zum "
        "Abbestellen.",
        "Dieser Link gilt nicht mehr",
        "Er galt {days} Tage. Es wurde nichts geändert, und Sie erhalten keine Werbe-E-Mails. Wenn Sie sie noch "
        "möchten, melden Sie sich neu an oder antworten Sie auf die E-Mail, in der Sie den Link gefunden haben.",
        "Das lässt sich hier nicht mehr bestätigen",
        "Werbe-E-Mails an diese Adresse wurden abbestellt, oder die Adresse ist nicht mehr gespeichert. Es wurde "
        "nichts geändert. Wenn Sie sie doch möchten, antworten Sie auf die E-Mail, in der Sie den Link gefunden haben.",
    ),
    "fr": ConfirmWords(
        "Souhaitez-vous ces e-mails ?",
        "Cliquez sur le bouton et {brand} enverra des e-mails commerciaux à l’adresse où vous avez reçu ce lien. Vous "
        "pouvez les arrêter à tout moment grâce à un lien présent dans chacun d’eux.",
        "Oui, envoyez-moi ces e-mails",
        "Si vous ne le souhaitez pas, fermez simplement cette page : aucun ne sera envoyé.",
        "Merci, c’est confirmé",
        "Vous recevrez des e-mails commerciaux de {brand}. Chacun contient un lien de désinscription. Vous pouvez "
        "fermer cette page.",
        "C’est déjà confirmé",
        "Vous recevez des e-mails commerciaux de {brand} et n’avez plus rien à faire. Chacun contient un lien de "
        "désinscription.",
        "Ce lien n’est plus valable",
        "Il était valable {days} jours. Rien n’a été modifié et vous ne recevez aucun e-mail commercial. Si vous les "
        "souhaitez encore, inscrivez-vous de nouveau ou répondez à l’e-mail dans lequel vous avez trouvé le lien.",
        "Cela ne peut plus être confirmé ici",
        "Les e-mails commerciaux à cette adresse ont été arrêtés, ou l’adresse n’est plus enregistrée. Rien n’a été "
        "modifié. Si vous les souhaitez malgré tout, répondez à l’e-mail dans lequel vous avez trouvé le lien.",
    ),
    "es": ConfirmWords(
        "¿Quiere recibir estos correos?",
        "Pulse el botón y {brand} enviará correos comerciales a la dirección en la que recibió este enlace. Puede "
        "darse de baja en cualquier momento con un enlace que lleva cada uno.",
        "Sí, quiero recibir estos correos",
        "Si no los quiere, cierre simplemente esta página: no se enviará ninguno.",
        "Gracias, está confirmado",
        "Recibirá correos comerciales de {brand}. Cada uno lleva un enlace para darse de baja. Puede cerrar esta "
        "página.",
        "Ya está confirmado",
        "Recibe correos comerciales de {brand} y no tiene que hacer nada más. Cada uno lleva un enlace para darse de "
        "baja.",
        "Este enlace ya no es válido",
        "Era válido durante {days} días. No se ha cambiado nada y no recibe correos comerciales. Si aún los quiere, "
        "regístrese de nuevo o responda al correo en el que encontró el enlace.",
        "Esto ya no se puede confirmar aquí",
        "Los correos comerciales a esta dirección se cancelaron, o la dirección ya no está registrada. No se ha "
        "cambiado nada. Si a pesar de todo los quiere, responda al correo en el que encontró el enlace.",
    ),
}
