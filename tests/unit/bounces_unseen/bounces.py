"""Bounces in the manner of mail systems of the world, in several languages."""

# ruff: noqa: E501  # what servers say is not broken where they do not

from __future__ import annotations

from tests.unit.bounces_unseen.build import Case, plain, report

from tidings.distribution.returns.report import Kind, Reason

R = Reason
DAEMON = "MAILER-DAEMON@mx.example (Mail Delivery System)"
POSTFIX = (
    "This is the mail system at host out.example.\n\nI'm sorry to have to inform you that your message could not\n"
    "be delivered to one or more recipients. It's attached below.\n\n{line}\n"
)


def _postfix(name: str, to: str, status: str, said: str, reason: Reason, *, hard: bool = False) -> Case:
    line = f"<{to}>: host mx.{to.partition('@')[2]}[192.0.2.7] said: {said} (in reply to RCPT TO command)"
    fields = (
        "Reporting-MTA: dns; out.example\nX-Postfix-Queue-ID: 4F1\nArrival-Date: Mon,  2 Mar 2026 10:00:00 +0000\n\n"
        f"Final-Recipient: rfc822; {to}\nOriginal-Recipient: rfc822;{to}\nAction: failed\nStatus: {status}\n"
        f"Remote-MTA: dns; mx.{to.partition('@')[2]}\nDiagnostic-Code: smtp; {said}\n"
    )
    raw = report(DAEMON, "Undelivered Mail Returned to Sender", POSTFIX.format(line=line), fields, to=to)
    return Case(name, raw, Kind.BOUNCE, to, reason, hard)


def _text(
    name: str, sender: str, subject: str, words: str, to: str, reason: Reason, *, hard: bool = False,
    charset: str = "us-ascii", copy: bool = True, **more: str,
) -> Case:  # fmt: skip
    raw = plain(sender, subject, words, to=to if copy else "", charset=charset, **more)
    return Case(name, raw, Kind.BOUNCE, to, reason, hard)


SAID = [
    _postfix("gmail-unknown", "vera.novak@gmail.com", "5.1.1", "550-5.1.1 The email account that you tried to reach"
        " does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos or 550-5.1.1"
        " unnecessary spaces. For more information, go to 550 5.1.1 https://support.google.com/mail/?p=NoSuchUser"
        " a1-20020a17sm.55 - gsmtp", R.ADDRESS, hard=True),
    _postfix("gmail-disabled", "jan@gmail.com", "5.2.1", "550-5.2.1 The email account that you tried to reach is"
        " inactive. For more information, go to 550 5.2.1 https://support.google.com/mail/?p=DisabledUser x7 - gsmtp",
        R.MAILBOX),
    _postfix("gmail-full", "ola@gmail.com", "5.2.2", "552-5.2.2 The recipient's inbox is out of storage space and"
        " inactive. Please direct the recipient to 552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm - gsmtp",
        R.MAILBOX),
    _postfix("gmail-unauthenticated", "ben@gmail.com", "5.7.26", "550-5.7.26 Your email has been blocked because the"
        " sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM. - gsmtp",
        R.POLICY),
    _postfix("gmail-rate", "eva@gmail.com", "4.7.28", "421-4.7.28 Gmail has detected an unusual rate of unsolicited"
        " mail originating from your IP address. To protect our users, mail has been temporarily rate limited. - gsmtp",
        R.TEMPORARY),
    _postfix("gmail-spam", "pia@gmail.com", "5.7.1", "550-5.7.1 [192.0.2.9 12] Our system has detected that this"
        " message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been 550"
        " 5.7.1 blocked. - gsmtp", R.POLICY),
    _postfix("m365-unknown", "sara@fabrikam.example", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient"
        " sara@fabrikam.example not found by SMTP address lookup", R.ADDRESS, hard=True),
    _postfix("m365-lookup", "leo@contoso.example", "5.4.1", "550 5.4.1 Recipient address rejected: Access denied."
        " [AM0EUR02FT013.eop-EUR02.prod.protection.outlook.com 2026-03-02T10:00:00Z]", R.ADDRESS, hard=True),
    _postfix("m365-restricted", "team@contoso.example", "5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForG"
        "roup; authentication required; Delivery restriction check failed because the sender was not authenticated when"
        " sending to this group", R.POLICY),
    _postfix("outlook-blocked", "amy@outlook.com", "5.7.1", "550 5.7.1 Unfortunately, messages from [192.0.2.9] weren't"
        " sent. Please contact your Internet service provider since part of their network is on our block list"
        " (S3140).", R.POLICY),
    _postfix("outlook-unknown", "tim@hotmail.com", "5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable"
        " (S2017062302).", R.ADDRESS, hard=True),
    _postfix("outlook-full", "tom@live.com", "5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceeded"
        "Exception.MapiExceptionShutoffQuotaExceeded; Failed to process message due to a permanent exception",
        R.MAILBOX),
    _postfix("yahoo-unknown", "kim@yahoo.com", "5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com"
        " account (kim@yahoo.com) [0] - mta4101.mail.bf1.yahoo.com", R.ADDRESS, hard=True),
    _postfix("yahoo-disabled", "zoe@yahoo.com", "5.0.0", "554 30 Sorry, your message to zoe@yahoo.com cannot be"
        " delivered. This mailbox is disabled (554.30).", R.MAILBOX),
    _postfix("yahoo-dmarc", "max@yahoo.com", "5.0.0", "554 5.7.9 Message not accepted for policy reasons. See"
        " https://senders.yahooinc.com/error-codes", R.POLICY),
    _postfix("yahoo-ts04", "ida@yahoo.com", "4.0.0", "421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred"
        " due to unexpected volume or user complaints - 4.16.55.1", R.TEMPORARY),
    _postfix("icloud-unknown", "lars@icloud.com", "5.1.1", "550 5.1.1 <lars@icloud.com>: user does not exist",
        R.ADDRESS, hard=True),
    _postfix("icloud-full", "mia@me.com", "5.2.2", "552 5.2.2 <mia@me.com>: user is over quota", R.MAILBOX),
    _postfix("icloud-policy", "rob@icloud.com", "5.7.1", "554 5.7.1 [CS01] Message rejected due to local policy. Please"
        " visit https://support.apple.com/en-us/HT204137", R.POLICY),
    _postfix("mimecast-unknown", "ann@mimecast-user.example", "5.0.0", "550 Invalid Recipient -"
        " https://community.mimecast.com/docs/DOC-1369#550 [q1w2]", R.ADDRESS, hard=True),
    _postfix("mimecast-greylist", "joe@mimecast-user.example", "4.0.0", "451 Internal resource temporarily unavailable"
        " - https://community.mimecast.com/docs/DOC-1369#451 [abcd]", R.TEMPORARY),
    _postfix("mimecast-spam", "sue@mimecast-user.example", "5.0.0", "554 Email rejected due to security policies -"
        " https://community.mimecast.com/docs/DOC-1369#554 [zzzz]", R.POLICY),
    _postfix("proofpoint-unknown", "bob@pphosted.example", "5.1.1", "550 5.1.1 <bob@pphosted.example>: Recipient"
        " address rejected: User unknown in relay recipient table", R.ADDRESS, hard=True),
    _postfix("proofpoint-blocked", "kay@pphosted.example", "5.7.1", "554 Blocked - see"
        " https://ipcheck.proofpoint.com/?ip=192.0.2.9", R.POLICY),
    _postfix("barracuda-unknown", "ned@cuda.example", "5.1.1", "550 permanent failure for one or more recipients"
        " (ned@cuda.example:550 5.1.1 No such user)", R.ADDRESS, hard=True),
    _postfix("barracuda-rep", "fay@cuda.example", "5.0.0", "554 Service unavailable; Client host [out.example] blocked"
        " using Barracuda Reputation; https://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.9", R.POLICY),
    _postfix("zimbra-unknown", "guy@zimbra.example", "5.1.1", "550 5.1.1 <guy@zimbra.example>: Recipient address"
        " rejected: zimbra.example", R.ADDRESS, hard=True),
    _postfix("zimbra-quota", "ivy@zimbra.example", "4.2.2", "452 4.2.2 Over quota", R.MAILBOX),
    _postfix("dovecot-quota", "uwe@dovecot.example", "5.2.2", "552 5.2.2 <uwe@dovecot.example> Quota exceeded (mailbox"
        " for user is full)", R.MAILBOX),
    _postfix("greylisted", "liz@grey.example", "4.2.0", "450 4.2.0 <liz@grey.example>: Recipient address rejected:"
        " Greylisted, see http://postgrey.schweikert.ch/help/grey.example.html", R.TEMPORARY),
    _postfix("spamhaus", "ray@dnsbl.example", "5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked"
        " using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.9", R.POLICY),
    _postfix("too-big", "bea@small.example", "5.3.4", "552 5.3.4 Message size exceeds fixed limit", R.CONTENT),
    _postfix("virus", "cal@clam.example", "5.7.1", "550 5.7.1 This message was infected with Win.Test.EICAR and has been"
        " refused", R.CONTENT),
    _postfix("gmx-unknown", "olaf@gmx.example", "5.1.1", "550 Requested action not taken: mailbox unavailable. For"
        " explanation visit https://postmaster.gmx.net/en/error-messages", R.ADDRESS, hard=True),
    _postfix("t-online-unknown", "heinz@t-online.de", "5.0.0", "550-5.1.1 unknown user / Teilnehmer existiert nicht",
        R.ADDRESS, hard=True),
    _postfix("orange-full", "luc@orange.fr", "5.2.2", "552 5.2.2 Boite du destinataire pleine. Recipient mailbox full."
        " OFR_417 [417]", R.MAILBOX),
    _postfix("orange-unknown", "guy@orange.fr", "5.1.1", "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid"
        " recipient. OFR_416 [416]", R.ADDRESS, hard=True),
    _postfix("libero-unknown", "gina@libero.it", "5.1.1", "550 RCPT TO:<gina@libero.it> User unknown [smtp-17.iol]",
        R.ADDRESS, hard=True),
    _postfix("qq-unknown", "li@qq.com", "5.0.0", "550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?id=1",
        R.ADDRESS, hard=True),
    _postfix("mailru-unknown", "ivan@mail.ru", "5.0.0", "550 Message was not accepted -- invalid mailbox.  Local mailbox"
        " ivan@mail.ru is unavailable: user not found", R.ADDRESS, hard=True),
    _postfix("wp-unknown", "ewa@wp.pl", "5.1.1", "550 sorry, no mailbox here by that name (#5.1.1)", R.ADDRESS,
        hard=True),
    _postfix("docomo-unknown", "taro@docomo.ne.jp", "5.0.0", "550 Unknown user taro@docomo.ne.jp", R.ADDRESS,
        hard=True),
    _postfix("no-ptr", "pat@strict.example", "5.7.25", "550 5.7.25 Client host rejected: cannot find your reverse"
        " hostname, [192.0.2.9]", R.POLICY),
    _postfix("relay-denied", "sid@moved.example", "5.7.1", "554 5.7.1 <sid@moved.example>: Relay access denied",
        R.POLICY),
    _postfix("left-company", "ella@firm.example", "5.1.6", "550 5.1.6 Recipient no longer on server: ella@firm.example",
        R.ADDRESS, hard=True),
]  # fmt: skip
