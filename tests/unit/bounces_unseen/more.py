"""Bounces of systems that write their own texts, and mails that are none."""

# ruff: noqa: E501  # what servers say is not broken where they do not

from __future__ import annotations

from tests.unit.bounces_unseen.bounces import DAEMON, R, _text
from tests.unit.bounces_unseen.build import Case, plain, report

from tidings.distribution.returns.report import Kind


def _dsn(
    name: str, sender: str, subject: str, words: str, status: str, to: str, reason: R, *, hard: bool = False,
    charset: str = "us-ascii", final: bool = True, **more: str,
) -> Case:  # fmt: skip
    raw = report(sender, subject, words, status, to=to, charset=charset, whole=True, **more)
    return Case(name, raw, Kind.BOUNCE, to, reason, hard, final)


EXIM = (
    "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered"
    " to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  {to}\n"
    "    {why}\n\n------ This is a copy of the message, including all the headers. ------\n{{copy}}"
)


def _exim(name: str, to: str, why: str, reason: R, *, hard: bool = False) -> Case:
    return _text(
        name, "Mail Delivery System <Mailer-Daemon@exim.example>",
        "Mail delivery failed: returning message to sender", EXIM.format(to=to, why=why), to, reason, hard=hard,
        X_Failed_Recipients=to,
    )  # fmt: skip


TEXTS = [
    _exim("exim-unrouteable", "nora@nodomain.example", "Unrouteable address", R.ADDRESS, hard=True),
    _exim("exim-unknown", "otto@exim-user.example", "host mx.exim-user.example [192.0.2.4]\n    SMTP error from remote"
        " mail server after RCPT TO:<otto@exim-user.example>:\n    550 No Such User Here", R.ADDRESS, hard=True),
    _exim("exim-quota", "rita@exim-user.example", "mailbox is full: retry timeout exceeded", R.MAILBOX),
    _exim("exim-timeout", "gus@exim-slow.example", "retry timeout exceeded", R.TEMPORARY),
    _exim("exim-spam", "hugo@exim-user.example", "host mx.exim-user.example [192.0.2.4]\n    SMTP error from remote mail"
        " server after end of data:\n    550 High probability of spam", R.POLICY),
    _dsn("sendmail-unknown", "Mail Delivery Subsystem <MAILER-DAEMON@sendmail.example>", "Returned mail: see transcript"
        " for details", "The original message was received at Mon, 2 Mar 2026 10:00:00 GMT\nfrom out.example [192.0.2.9]"
        "\n\n   ----- The following addresses had permanent fatal errors -----\n<alan@sendmail.example>\n    (reason:"
        " 550 5.1.1 <alan@sendmail.example>... User unknown)\n\n   ----- Transcript of session follows -----\n550 5.1.1"
        " <alan@sendmail.example>... User unknown\n", "Reporting-MTA: dns; sendmail.example\n\nFinal-Recipient: RFC822;"
        " alan@sendmail.example\nAction: failed\nStatus: 5.1.1\n", "alan@sendmail.example", R.ADDRESS, hard=True),
    _dsn("sendmail-hostunknown", "Mail Delivery Subsystem <MAILER-DAEMON@sendmail.example>", "Returned mail: Host"
        " unknown", "   ----- The following addresses had permanent fatal errors -----\n<ruth@gone.example>\n    (reason:"
        " 550 Host unknown)\n", "Reporting-MTA: dns; sendmail.example\n\nFinal-Recipient: RFC822; ruth@gone.example\n"
        "Action: failed\nStatus: 5.1.2\nRemote-MTA: DNS; gone.example\nDiagnostic-Code: SMTP; 550 Host unknown\n",
        "ruth@gone.example", R.ADDRESS, hard=True),
    _text("qmail-unknown", "MAILER-DAEMON@qmail.example", "failure notice", "Hi. This is the qmail-send program at"
        " qmail.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a"
        " permanent error; I've given up. Sorry it didn't work out.\n\n<dora@qmail.example>:\nSorry, no mailbox here by"
        " that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n{copy}", "dora@qmail.example", R.ADDRESS,
        hard=True),
    _text("qmail-cname", "MAILER-DAEMON@qmail.example", "failure notice", "Hi. This is the qmail-send program at"
        " qmail.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<bob@nx.example"
        ">:\nSorry, I couldn't find any host named nx.example. (#5.1.2)\n\n--- Below this line is a copy of the message."
        "\n{copy}", "bob@nx.example", R.ADDRESS, hard=True),
    _text("qmail-busy", "MAILER-DAEMON@qmail.example", "failure notice", "Hi. This is the qmail-send program at"
        " qmail.example.\n\n<ada@qslow.example>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm"
        " not going to try again; this message has been in the queue too long.\n\n--- Below this line is a copy of the"
        " message.\n{copy}", "ada@qslow.example", R.TEMPORARY),
    _dsn("courier-unknown", '"Courier mail server at courier.example" <@>', "NOTICE: mail delivery status.", "This is"
        " a delivery status notification from courier.example,\nrunning the Courier mail server.\n\nThe original message"
        " was received on Mon, 02 Mar 2026\n\nUNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be"
        " delivered:\n\n<ines@courier.example>:\n    550 User unknown.\n", "Reporting-MTA: dns; courier.example\n\n"
        "Final-Recipient: rfc822; ines@courier.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 User"
        " unknown.\n", "ines@courier.example", R.ADDRESS, hard=True),
    _dsn("exchange-en", "postmaster@contoso.example", "Undeliverable: Fresh bread on Saturday", "Delivery has failed to"
        " these recipients or groups:\n\nlisa@contoso.example\nThe email address you entered couldn't be found. Please"
        " check the recipient's email address and try to resend the message.\n\nDiagnostic information for"
        " administrators:\nGenerating server: mail.contoso.example\nlisa@contoso.example\nRemote Server returned '550"
        " 5.1.1 RESOLVER.ADR.RecipNotFound; not found'\n", "Reporting-MTA: dns;mail.contoso.example\n\nFinal-Recipient:"
        " rfc822;lisa@contoso.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;550 5.1.1"
        " RESOLVER.ADR.RecipNotFound; not found\n", "lisa@contoso.example", R.ADDRESS, hard=True),
    _dsn("exchange-de-full", "postmaster@firma.example", "Unzustellbar: Fresh bread on Saturday", "Fehler bei der"
        " Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\nkarl@firma.example\nDas Postfach des Empfängers"
        " ist voll und kann zurzeit keine Nachrichten annehmen.\n", "Reporting-MTA: dns;mail.firma.example\n\n"
        "Final-Recipient: rfc822;karl@firma.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp;554 5.2.2"
        " mailbox full\n", "karl@firma.example", R.MAILBOX, charset="utf-8"),
    _text("exchange-de-text", "Systemadministrator <postmaster@amt.example>", "Unzustellbar: Frisches Brot", "Ihre"
        " Nachricht hat einige oder alle Empfänger nicht erreicht.\n\nFolgende Empfänger konnten nicht erreicht werden:"
        "\n\n  jutta@amt.example\n    Die E-Mail-Adresse wurde im Empfängersystem nicht gefunden. Überprüfen Sie die"
        " Adresse.\n    <mail.amt.example #5.1.1>\n", "jutta@amt.example", R.ADDRESS, hard=True, charset="utf-8",
        copy=False),
    _text("web-de", "Mail Delivery System <mailer-daemon@web.example>", "Mail konnte nicht zugestellt werden", "Diese"
        " Nachricht wurde automatisch erzeugt.\n\nLeider konnte Ihre E-Mail an die folgende Adresse nicht zugestellt"
        " werden:\n\nfritz@web.example\nDer Empfänger ist auf diesem Server nicht bekannt.\n\n---- Kopfzeilen der"
        " Nachricht ----\n{copy}", "fritz@web.example", R.ADDRESS, hard=True, charset="utf-8"),
    _text("fr-unknown", "Postmaster <postmaster@mairie.example>", "Échec de la remise du message", "Votre message n'a"
        " pas pu être remis au destinataire suivant :\n\n  claire@mairie.example\n\nMotif : utilisateur inconnu,"
        " l'adresse n'existe pas.\n", "claire@mairie.example", R.ADDRESS, hard=True, charset="utf-8", copy=False),
    _text("fr-full", "Postmaster <postmaster@poste.example>", "Message non distribué", "Votre message n'a pas pu être"
        " distribué à :\n\n<paul@poste.example>\n\nLa boîte aux lettres du destinataire est pleine.\n",
        "paul@poste.example", R.MAILBOX, charset="utf-8", copy=False),
    _text("es-unknown", "Servidor de correo <mailer-daemon@correo.example>", "No se pudo entregar el mensaje", "No se ha"
        " podido entregar su mensaje a los siguientes destinatarios:\n\n  luisa@correo.example\n\nEl usuario no existe en"
        " este servidor.\n", "luisa@correo.example", R.ADDRESS, hard=True, charset="utf-8", copy=False),
    _text("it-full", "Postmaster <postmaster@posta.example>", "Mancata consegna del messaggio", "Impossibile recapitare"
        " il messaggio al destinatario:\n\n  marco@posta.example\n\nLa casella di posta del destinatario è piena.\n",
        "marco@posta.example", R.MAILBOX, charset="utf-8", copy=False),
    _text("pt-unknown", "Mail Delivery <mailer-daemon@correio.example>", "Falha na entrega da mensagem", "Não foi"
        " possível entregar sua mensagem ao seguinte destinatário:\n\n  joao@correio.example\n\nUsuário inexistente.\n",
        "joao@correio.example", R.ADDRESS, hard=True, charset="utf-8", copy=False),
    _text("nl-unknown", "Postmaster <postmaster@post.example>", "Onbestelbaar: Vers brood", "Uw bericht kon niet worden"
        " bezorgd bij de volgende ontvanger:\n\n  sanne@post.example\n\nHet e-mailadres bestaat niet.\n",
        "sanne@post.example", R.ADDRESS, hard=True, charset="utf-8", copy=False),
    _text("pl-unknown", "Mailer-Daemon <mailer-daemon@poczta.example>", "Niedostarczona wiadomość", "Wiadomość nie mogła"
        " zostać dostarczona do następującego odbiorcy:\n\n  ewa@poczta.example\n\nNie ma takiego użytkownika.\n",
        "ewa@poczta.example", R.ADDRESS, hard=True, charset="utf-8", copy=False),
    _text("ja-unknown", "Mail Delivery System <MAILER-DAEMON@mail.example.jp>", "配信不能通知", "以下の宛先へメールを"
        "配信できませんでした。\n\n  hanako@mail.example.jp\n\n宛先のユーザーが存在しません。\n", "hanako@mail.example.jp",
        R.ADDRESS, hard=True, charset="utf-8", copy=False),
    _dsn("domino", "Postmaster@domino.example", "DELIVERY FAILURE: User greta (greta@domino.example) not listed in Domino"
        " Directory", "Your message\n\n  Subject: Fresh bread on Saturday\n\nwas not delivered to:\n\n"
        "  greta@domino.example\n\nbecause:\n\n  User greta (greta@domino.example) not listed in Domino Directory\n",
        "Reporting-MTA: dns;domino.example\n\nFinal-Recipient: rfc822;greta@domino.example\nAction: failed\nStatus: 5.1.1"
        "\nDiagnostic-Code: X-Notes; User greta (greta@domino.example) not listed in Domino Directory\n",
        "greta@domino.example", R.ADDRESS, hard=True),
    _text("groupwise", "Mailer-Daemon@gwia.example", "Message status - undeliverable", "The message that you sent was"
        " undeliverable to the following:\n\tnils@gwia.example (user not found)\n\nPossibly truncated original message"
        " follows:\n{copy}", "nils@gwia.example", R.ADDRESS, hard=True),
    _text("groupwise-full", "Mailer-Daemon@gwia.example", "Message status - undeliverable", "The message that you sent"
        " was undeliverable to the following:\n\tolga@gwia.example (mailbox size limit exceeded)\n\nPossibly truncated"
        " original message follows:\n{copy}", "olga@gwia.example", R.MAILBOX),
    _text("imail", "Postmaster <postmaster@imail.example>", "Undeliverable Mail", "User mailbox exceeds allowed size:"
        " finn@imail.example\n\nOriginal message follows.\n{copy}", "finn@imail.example", R.MAILBOX),
    _dsn("delayed", DAEMON, "Delayed Mail (still being retried)", "This is the mail system at host out.example.\n\n####"
        "\n# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n\nYour message could not be delivered"
        " for more than 4 hour(s).\nIt will be retried until it is 5 day(s) old.\n\n<amir@slow.example>: connect to"
        " mx.slow.example[192.0.2.5]:25: Connection timed out\n", "Reporting-MTA: dns; out.example\n\nFinal-Recipient:"
        " rfc822; amir@slow.example\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect to"
        " mx.slow.example[192.0.2.5]:25: Connection timed out\nWill-Retry-Until: Sat, 7 Mar 2026 10:00:00 +0000\n",
        "amir@slow.example", R.TEMPORARY, final=False),
    _dsn("expired", DAEMON, "Undelivered Mail Returned to Sender", "<amir@slow.example>: connect to"
        " mx.slow.example[192.0.2.5]:25: Connection timed out\n", "Reporting-MTA: dns; out.example\n\nFinal-Recipient:"
        " rfc822; amir@slow.example\nAction: failed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect to"
        " mx.slow.example[192.0.2.5]:25: Connection timed out\n", "amir@slow.example", R.TEMPORARY),
    _dsn("null-mx", DAEMON, "Undelivered Mail Returned to Sender", "<iris@nullmx.example>: Domain nullmx.example does not"
        " accept mail (nullMX)\n", "Reporting-MTA: dns; out.example\n\nFinal-Recipient: rfc822; iris@nullmx.example\n"
        "Action: failed\nStatus: 5.1.0\nDiagnostic-Code: X-Postfix; Domain nullmx.example does not accept mail (nullMX)"
        "\n", "iris@nullmx.example", R.ADDRESS, hard=True),
    _dsn("no-host", DAEMON, "Undelivered Mail Returned to Sender", "<jo@nx.example>: Host or domain name not found. Name"
        " service error for name=nx.example type=A: Host not found\n", "Reporting-MTA: dns; out.example\n\n"
        "Final-Recipient: rfc822; jo@nx.example\nAction: failed\nStatus: 5.4.4\nDiagnostic-Code: X-Postfix; Host or"
        " domain name not found. Name service error for name=nx.example type=A: Host not found\n", "jo@nx.example",
        R.ADDRESS, hard=True),
    _dsn("loop", DAEMON, "Undelivered Mail Returned to Sender", "<eli@loop.example>: mail for loop.example loops back to"
        " myself\n", "Reporting-MTA: dns; out.example\n\nFinal-Recipient: rfc822; eli@loop.example\nAction: failed\n"
        "Status: 5.4.6\nDiagnostic-Code: X-Postfix; mail for loop.example loops back to myself\n", "eli@loop.example",
        R.TEMPORARY),
    _dsn("ses", "MAILER-DAEMON@eu-west-1.amazonses.com", "Delivery Status Notification (Failure)", "An error occurred"
        " while trying to deliver the mail to the following recipients:\nwim@sesuser.example\n", "Reporting-MTA: dns;"
        " a7-10.smtp-out.eu-west-1.amazonses.com\n\nAction: failed\nFinal-Recipient: rfc822; wim@sesuser.example\n"
        "Diagnostic-Code: smtp; 550 5.1.1 Mailbox does not exist\nStatus: 5.1.1\n", "wim@sesuser.example", R.ADDRESS,
        hard=True),
    _dsn("google-dsn", "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)",
        "** Address not found **\n\nYour message wasn't delivered to hans@gapps.example because the address couldn't be"
        " found, or is unable to receive mail.\n", "Reporting-MTA: dns; googlemail.com\n\nFinal-Recipient: rfc822;"
        " hans@gapps.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you"
        " tried to reach does not exist. gsmtp\n", "hans@gapps.example", R.ADDRESS, hard=True),
    _dsn("google-dns", "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)",
        "** Address not found **\n\nYour message wasn't delivered to una@nosuch.example because the domain nosuch.example"
        " couldn't be found.\n", "Reporting-MTA: dns; googlemail.com\n\nFinal-Recipient: rfc822; una@nosuch.example\n"
        "Action: failed\nStatus: 4.0.0\nDiagnostic-Code: smtp; The recipient server did not accept our requests to"
        " connect. DNS Error: DNS type 'mx' lookup of nosuch.example responded with code NXDOMAIN\n",
        "una@nosuch.example", R.TEMPORARY),
]  # fmt: skip

OTHERS = [
    Case("question-about-a-bounce", plain("Ann <ann@example.com>", "Re: Fresh bread on Saturday", "Hi, my last mail to"
        " you bounced: “550 5.1.1 User unknown”. Did you change your address?\nAnn\n", charset="utf-8"), Kind.REPLY),
    Case("reply-quoting", plain("Bo <bo@example.com>", "AW: Fresh bread on Saturday", "Danke! Bitte zwei Brote.\n\n> If"
        " your mailbox is full of offers, you can unsubscribe\n", In_Reply_To="<0badc0de@northwind.example>"), Kind.REPLY),
    Case("reply-undeliverable-parcel", plain("Cy <cy@example.com>", "Undeliverable parcel", "The courier says the parcel"
        " with the bread was undeliverable to my address. Can you send it again?\n"), Kind.OTHER),
    Case("away-en", plain("Di <di@example.com>", "Automatic reply: Fresh bread", "I am out of the office until 9 March"
        " with no access to my mailbox. For urgent matters contact eve@example.com.\n", Auto_Submitted="auto-replied"),
        Kind.AUTO_REPLY),
    Case("away-de", plain("Eva <eva@example.com>", "Abwesenheitsnotiz: Frisches Brot", "Ich bin bis zum 9. März nicht im"
        " Büro. Ihre Nachricht wird nicht weitergeleitet.\n", charset="utf-8", Auto_Submitted="auto-replied"),
        Kind.AUTO_REPLY),
    Case("away-fr", plain("Luc <luc@example.com>", "Réponse automatique : Pain", "Je suis absent jusqu'au 9 mars.\n",
        charset="utf-8", X_Auto_Response_Suppress="All"), Kind.AUTO_REPLY),
    Case("left-company-auto", plain("Gus <gus@example.com>", "Automatic reply: Fresh bread", "Gus no longer works here."
        " Please write to office@example.com instead.\n", Auto_Submitted="auto-replied"), Kind.AUTO_REPLY),
    Case("newsletter", plain("Shop <news@shop.example>", "Delivery failed? Not with us", "Your order is on its way. Never"
        " again a returned parcel.\n", List_Unsubscribe="<https://shop.example/u>", List_Id="<news.shop.example>"),
        Kind.OTHER),
]  # fmt: skip
