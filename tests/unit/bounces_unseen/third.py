"""A third set of bounces, of systems and answers the first two do not have: what is doubtful is soft."""

# ruff: noqa: E501  # what servers say is not broken where they do not

from __future__ import annotations

from tests.unit.bounces_unseen.bounces import R, _postfix, _text
from tests.unit.bounces_unseen.build import Case
from tests.unit.bounces_unseen.more import _dsn, _exim


def _exchange(name: str, to: str, human: str, status: str, said: str, reason: R, *, hard: bool = False) -> Case:
    host = to.partition("@")[2]
    words = (
        f"Delivery has failed to these recipients or groups:\n\n{to}\n{human}\n\nDiagnostic information for"
        f" administrators:\n\nGenerating server: AM0PR01MB0001.eurprd01.prod.exchangelabs.com\n\n{to}\n{said}\n"
    )
    fields = (
        f"Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.exchangelabs.com\n\nFinal-Recipient: rfc822;{to}\nAction: failed"
        f"\nStatus: {status}\nDiagnostic-Code: smtp;{said}\nRemote-MTA: dns;{host}\n"
    )
    sender = "postmaster@contoso.onmicrosoft.com"
    return _dsn(name, sender, "Undeliverable: Fresh bread on Saturday", words, fields, to, reason, hard=hard)


def _gmail(name: str, to: str, title: str, why: str, status: str, said: str, reason: R, *, hard: bool = False) -> Case:
    words = f"\n** {title} **\n\nYour message wasn't delivered to {to} because {why}\n\nThe response was:\n\n{said}\n"
    fields = (
        f"Reporting-MTA: dns; googlemail.com\n\nFinal-Recipient: rfc822; {to}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}\n"
    )
    sender, subject = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)"
    return _dsn(name, sender, subject, words, fields, to, reason, hard=hard, X_Failed_Recipients=to)


MORE = [
    # Unknown for good
    _postfix("exo-bydomain", "ana@tailspin.example", "5.4.1", "550 5.4.1 [ana@tailspin.example]: Recipient address rejected: Access denied. AS(201806281) [DB5EUR03FT010.eop-EUR03.prod.protection.outlook.com]", R.ADDRESS, hard=True),
    _postfix("yandex-none", "oleg@yandex.ru", "5.7.1", "550 5.7.1 No such user!", R.ADDRESS, hard=True),
    _postfix("zoho-none", "priya@zohouser.example", "5.1.1", "550 5.1.1 User does not exist - <priya@zohouser.example>", R.ADDRESS, hard=True),
    _postfix("163-none", "wang@163.com", "5.0.0", "550 User not found: wang@163.com", R.ADDRESS, hard=True),
    _postfix("naver-none", "minji@naver.com", "5.1.1", "550 5.1.1 Recipient address rejected: User unknown in local recipient table", R.ADDRESS, hard=True),
    _postfix("uol-none", "joana@uol.com.br", "5.1.1", "550 5.1.1 <joana@uol.com.br>: Recipient address rejected: Usuario desconhecido", R.ADDRESS, hard=True),
    _postfix("seznam-none", "petr@seznam.cz", "5.1.1", "550 5.1.1 Sorry, no mailbox here by that name: petr@seznam.cz", R.ADDRESS, hard=True),
    _postfix("laposte-none", "lise@laposte.net", "5.5.0", "550 5.5.0 Service refuse. Veuillez essayer plus tard. service refused, please try later. LPN007_510", R.POLICY),
    _postfix("fastmail-none", "sam@fastmail.example", "5.1.1", "550 5.1.1 <sam@fastmail.example>: Recipient address rejected: User unknown in virtual mailbox table", R.ADDRESS, hard=True),
    _postfix("proton-none", "nia@proton.example", "5.1.1", "550 5.1.1 <nia@proton.example>: Recipient address rejected: Address does not exist", R.ADDRESS, hard=True),
    _postfix("comcast-none", "bill@comcast.net", "5.1.1", "550 5.1.1 Not our Customer", R.ADDRESS, hard=True),
    _postfix("att-none", "jo@att.net", "5.2.0", "551 not our customer", R.ADDRESS, hard=True),
    _postfix("strato-none", "anke@strato.example", "5.0.0", "550 Ungueltiger Empfaenger / Invalid recipient", R.ADDRESS, hard=True),
    _postfix("ionos-nomailbox", "kurt@ionos.example", "5.1.1", "550 Requested action not taken: mailbox unavailable invalid DNS MX or A/AAAA resource record", R.POLICY),
    _postfix("exim-callout-none", "tove@cpanel.example", "5.0.0", "550 No Such User Here\"", R.ADDRESS, hard=True),
    _postfix("hmail-none", "igor@hmail.example", "5.0.0", "550 Unknown user", R.ADDRESS, hard=True),
    _postfix("kerio-none", "dirk@kerio.example", "5.1.1", "550 5.1.1 User or Alias not found", R.ADDRESS, hard=True),
    _postfix("sophos-none", "emma@sophos.example", "5.0.0", "550 Address emma@sophos.example verification failed: recipient is not on file", R.ADDRESS, hard=True),
    _postfix("left-the-firm", "karl@firm.example", "5.1.1", "550 5.1.1 This employee has left the company and the address is not in use any more", R.ADDRESS, hard=True),
    _postfix("null-mx", "info@parked.example", "5.1.10", "556 5.1.10 Recipient address has null MX", R.ADDRESS, hard=True),
    # Not for good, though the code or a word says so
    _postfix("preferences-511", "deb@social.example", "5.1.1", "550 5.1.1 RCP-P4 Refused because of what the member chose to receive", R.POLICY),
    _postfix("policy-511", "ulf@bank.example", "5.1.1", "550 5.1.1 Message blocked by administrator policy for this recipient group", R.POLICY),
    _postfix("spam-511", "hal@shield.example", "5.1.1", "550 5.1.1 Message considered to be unwanted by the recipient's content filter", R.POLICY),
    _postfix("verify-later", "ole@verify.example", "4.1.1", "450 4.1.1 <ole@verify.example>: Recipient address rejected: unverified address: Address verification in progress", R.TEMPORARY),
    _postfix("verify-unreachable", "odd@verify.example", "4.1.1", "450 4.1.1 <odd@verify.example>: Recipient address rejected: unverified address: connect to mx.verify.example[192.0.2.44]:25: Connection timed out", R.TEMPORARY),
    _postfix("verify-550-unreachable", "ove@verify.example", "5.1.1", "550 5.1.1 <ove@verify.example>: Recipient address rejected: undeliverable address: host mx2.verify.example[192.0.2.45] said: 452 4.2.2 Mailbox full", R.MAILBOX),
    _postfix("sender-unknown", "ria@callback.example", "5.1.8", "550 5.1.8 <b@northwind.example>: Sender address rejected: Domain not found", R.POLICY),
    _postfix("sender-callback", "rik@callback.example", "5.0.0", "550-Callback setup failed while verifying <b@northwind.example>\n 550-The initial connection, or a HELO or MAIL FROM:<> command was rejected\n 550 Sender verify failed", R.POLICY),
    _postfix("qq-frequency", "chen@qq.com", "5.0.0", "550 Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726", R.POLICY),
    _postfix("qq-suspend", "mei@qq.com", "5.0.0", "550 The recipient's mailbox has been suspended because the account was not used", R.MAILBOX),
    _postfix("yandex-spam", "ira@yandex.ru", "5.7.1", "554 5.7.1 [2] Message rejected under suspicion of SPAM; https://ya.cc/1IrBc", R.POLICY),
    _postfix("mailru-spam", "egor@mail.ru", "5.0.0", "550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=x or report details to abuse@corp.mail.ru.", R.POLICY),
    _postfix("gmx-badpolicy", "udo@gmx.net", "5.0.0", "554-Transaction failed 554-Reject due to policy restrictions. 554 For explanation visit https://postmaster.gmx.net/en/case?c=hi", R.POLICY),
    _postfix("gmx-quota", "evi@gmx.net", "5.2.2", "552-Requested mail action aborted: exceeded storage allocation 552-Quota exceeded. The recipient mailbox is full.", R.MAILBOX),
    _postfix("orange-limits", "remi@orange.fr", "4.0.0", "421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104 [104]", R.TEMPORARY),
    _postfix("free-greylist", "theo@free.fr", "4.2.0", "451 too many errors detected from your IP (192.0.2.9), please visit http://postmaster.free.fr/", R.TEMPORARY),
    _postfix("trend-block", "gil@trendmicro.example", "5.7.1", "550 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using Trend Micro Email Reputation Service. Please see http://www.mail-abuse.com/", R.POLICY),
    _postfix("cisco-policy", "lou@ironport.example", "5.0.0", "554-esa1.ironport.example 554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.", R.POLICY),
    _postfix("cisco-ldap", "moe@ironport.example", "4.0.0", "451 #4.3.0 LDAP recipient validation error, temporary failure", R.TEMPORARY),
    _postfix("broken-disk", "abe@disk.example", "4.3.1", "452 4.3.1 Insufficient system storage", R.TEMPORARY),
    _postfix("proofpoint-access", "eve@pphosted.example", "5.7.0", "550 5.7.0 Local Policy Violation - this sender may not write to that person", R.POLICY),
    _postfix("mimecast-dkim", "ken@mimecast-user.example", "5.0.0", "550 DKIM Sender Invalid - DKIM record not found https://community.mimecast.com/docs/DOC-1369#550", R.POLICY),
    _postfix("hold", "una@quarantine.example", "5.0.0", "550 Your message is being held until the recipient releases it", R.POLICY),
    # Reports of Exchange Online and Gmail
    _exchange("exo-restricted", "all@contoso.example", "Your message can't be delivered because delivery to this address is restricted.", "5.7.129", "550 5.7.129 RESOLVER.RST.RestrictedToRecipientsPermission; not authorized to send to recipient because the sender isn't on the recipient's list of senders to accept mail from", R.POLICY),
    _exchange("exo-group", "staff@contoso.example", "The group staff only accepts messages from people in its organization or on its allowed senders list, and your email address isn't on the list.", "5.7.124", "550 5.7.124 RESOLVER.RST.SenderNotAuthenticatedForGroup; sender not in allowed-senders list", R.POLICY),
    _exchange("exo-full", "ben@contoso.example", "The recipient's mailbox is full and can't accept messages now. Please try resending your message later.", "5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded", R.MAILBOX),
    _exchange("exo-5.1.10", "gone@contoso.example", "Your message couldn't be delivered. The email address could not be found, or was misspelled.", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient gone@contoso.example not found by SMTP address lookup", R.ADDRESS, hard=True),
    _exchange("exo-nodomain", "mo@nowhere.example", "Your message couldn't be delivered to the recipient because the recipient's domain name system (DNS) reported an error.", "5.4.310", "550 5.4.310 DNS domain nowhere.example does not exist [Message=InfoDomainNonexistent] [LastAttemptedServerName=nowhere.example]", R.ADDRESS, hard=True),
    _exchange("exo-loop", "pam@loop.example", "A mail loop was detected: your message passed too many servers.", "5.4.14", "554 5.4.14 Hop count exceeded - possible mail loop ATTR34", R.TEMPORARY),
    _gmail("gmail-host-gone", "jim@vanished.example", "Address not found", "the domain vanished.example couldn't be found. Check for typos or unnecessary spaces and try again.", "4.0.0", "DNS Error: DNS type 'mx' lookup of vanished.example responded with code NXDOMAIN Domain name not found: vanished.example", R.TEMPORARY),
    _gmail("gmail-message-blocked", "sia@corp.example", "Message blocked", "the remote server has blocked it.", "5.7.1", "550 5.7.1 Email rejected per DMARC policy for northwind.example", R.POLICY),
    _gmail("gmail-inbox-full", "cy@gmail.com", "Recipient inbox full", "their inbox is full, or it's getting too much mail right now.", "5.2.2", "552 5.2.2 The email account that you tried to reach is over quota.", R.MAILBOX),
    # Texts of their own
    _exim("exim-lowest-mx", "fay@self.example", "lowest numbered MX record points to local host", R.TEMPORARY),
    _exim("exim-mailbox-none", "gia@exim-user.example", "host mx.exim-user.example [192.0.2.4]\n    SMTP error from remote mail server after RCPT TO:<gia@exim-user.example>:\n    550 5.1.1 <gia@exim-user.example>: Account is not there", R.ADDRESS, hard=True),
    _exim("exim-verify", "hal@exim-user.example", "host mx.exim-user.example [192.0.2.4]\n    SMTP error from remote mail server after RCPT TO:<hal@exim-user.example>:\n    550 Verification failed for <b@northwind.example>\n    550 Sender verify failed", R.POLICY),
    _text("domino-none", "Postmaster <postmaster@domino.example>", "DELIVERY FAILURE: User heidi (heidi@domino.example) not listed in Domino Directory", "Your message\n\n  Subject: Fresh bread on Saturday\n\nwas not delivered to:\n\n  heidi@domino.example\n\nbecause:\n\n  User heidi (heidi@domino.example) not listed in Domino Directory\n", "heidi@domino.example", R.ADDRESS, hard=True, copy=False),
    _text("groupwise-none", "Mailer-Daemon <Mailer-Daemon@groupwise.example>", "Message status - undeliverable", "The message that you sent was undeliverable to the following:\n\n\tfrida@groupwise.example (user not found)\n\n{copy}", "frida@groupwise.example", R.ADDRESS, hard=True),
    _text("groupwise-full", "Mailer-Daemon <Mailer-Daemon@groupwise.example>", "Message status - undeliverable", "The message that you sent was undeliverable to the following:\n\n\tgus@groupwise.example (mailbox over size limit)\n\n{copy}", "gus@groupwise.example", R.MAILBOX),
    _text("imail-none", "Postmaster <postmaster@imail.example>", "Undeliverable Mail", "Unknown user: hugo@imail.example\n\n\nOriginal message follows.\n\n{copy}", "hugo@imail.example", R.ADDRESS, hard=True),
    _text("imail-full", "Postmaster <postmaster@imail.example>", "Undeliverable Mail", "User mailbox exceeds allowed size: ida@imail.example\n\n\nOriginal message follows.\n\n{copy}", "ida@imail.example", R.MAILBOX),
    _text("mdaemon-none", "MDaemon at mdaemon.example <MDaemon@mdaemon.example>", "Permanent Delivery Failure", "The attached message had PERMANENT fatal delivery errors!\n\nAfter one or more unsuccessful delivery attempts the attached message has\nbeen removed from the mail queue on this server.\n\nFailed address: jan@mdaemon.example\n\n--- Session Transcript ---\nMon 2026-03-02 10:00:00: <-- 250 Ok\nMon 2026-03-02 10:00:00: --> RCPT To:<jan@mdaemon.example>\nMon 2026-03-02 10:00:00: <-- 550 <jan@mdaemon.example>, Recipient unknown\n--- End Transcript ---\n\n{copy}", "jan@mdaemon.example", R.ADDRESS, hard=True),
    _text("mercury-none", "Electronic Postmaster <postmaster@mercury.example>", "Postmaster Notify: Delivery Failure.", "The following addresses could not be resolved:\n\n   kim@mercury.example   (User not known at this site.)\n\n{copy}", "kim@mercury.example", R.ADDRESS, hard=True),
    _text("qmail-quota", "MAILER-DAEMON@vpopmail.example", "failure notice", "Hi. This is the qmail-send program at vpopmail.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<lea@vpopmail.example>:\nuser is over quota\n\n--- Below this line is a copy of the message.\n{copy}", "lea@vpopmail.example", R.MAILBOX),
    _text("qmail-chkuser", "MAILER-DAEMON@vpopmail.example", "failure notice", "Hi. This is the qmail-send program at vpopmail.example.\n\n<max@vpopmail.example>:\n192.0.2.5 does not like recipient.\nRemote host said: 511 sorry, no mailbox here by that name (#5.1.1 - chkuser)\nGiving up on 192.0.2.5.\n\n--- Below this line is a copy of the message.\n{copy}", "max@vpopmail.example", R.ADDRESS, hard=True),
    _text("qmail-refused-later", "MAILER-DAEMON@vpopmail.example", "failure notice", "Hi. This is the qmail-send program at vpopmail.example.\n\n<pia@shop.example>:\n192.0.2.6 failed after I sent the message.\nRemote host said: 550 user unknown to our filter, message refused\n\n--- Below this line is a copy of the message.\n{copy}", "pia@shop.example", R.POLICY),
    _text("cjk-full", "邮件系统 <postmaster@youxiang.example>", "系统退信", "抱歉，您的邮件被退回来了……\n\n收件人： zhang@youxiang.example\n退信原因： 收件人邮箱空间已满，无法接收邮件。\n", "zhang@youxiang.example", R.MAILBOX, charset="utf-8", copy=False),
]  # fmt: skip
