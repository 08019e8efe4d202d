"""By what signs a mail is a notice of failure, a complaint, an automatic answer or a person's reply."""

from __future__ import annotations

import re

from tidings.distribution.returns.parts import Parts, one_line

_DAEMON = re.compile(
    r"(?i)mailer-?\s?daemon|\bmdaemon\b|mail deliver[y]? (?:sub)?system|post_?-?master|mail-daemon|mail\.delivery"
    r"|internet mail|system administrator|content-filter|(?<![a-z])daemon@|(?:mmsc|mail) ndr"
)
_PERHAPS = re.compile(r"(?i)no-?_?reply|-admin@|administrator@|mail(?:er)?@|sysadmin@")
_CODE = re.compile(r"(?<![\d.])[45](?:\d\d[ -]|\.\d{1,3}\.\d{1,3}(?![\d.]))")
_SUBJECT = re.compile(
    r"(?i)undeliver|non[- ]?deliver|not deliver|deliver(?:y|ies)[ _-]*(?:status|fail|notif|problem"
    r"|report|error|has)"
    r"|returned (?:e-?)?mail|mail (?:could not|failed|failure|fail|delivery|system error"
    r"|delivery failed)|failure notice"
    r"|message (?:status|delivery|not)|error sending your mail"
    r"|could ?n.t be delivered|can(?:not|'t) (?:be )?deliver"
    r"|warning: (?:could not|message)|mail could not|returning message|message you sent blocked|rejected mail"
    r"|mail error|user unknown|loop alert|considered unsolicited|delivery error|delivery incomplete"
    r"|unzustellbar|zustellung|nicht zugestellt|falha (?:na|no|de) entrega|não (?:foi )?entreg|onbestelbaar"
    r"|niet (?:af)?gelever|niedostarcz|nie dostarcz|nie można dostarczyć|nedoruč|nepodařilo se doruč|olevererbar"
    r"|ikke lever|kan ikke lever|teslim edilem"
    r"|no (?:se )?(?:pudo|ha podido) (?:ser )?entreg|non recapitat|consegna (?:non|fallita)"
    r"|remise (?:du message )?(?:impossible|échou)|unzustellbarkeit|non remis|non distribu|échec de"
    r"|mancata consegna|não entregue"
    r"|no se pudo entregar|no entregado|impossibile recapitare|niet bezorg|kunde inte|недостав|не доставлено"
    r"|配信不能|配信でき|送信エラー|メールエラー|エラー通知|エラーメール|配送失败|退信|系统退信"
)
_BODY = re.compile(
    r"(?i)could ?n[o']t (?:be )?deliver|trouble delivering|invalid user|unable to deliver"
    r"|cannot be delivered|was not delivered|not been delivered"
    r"|delivery (?:has |to the following )?(?:failed|recipients?)|undeliverable|permanent (?:fatal )?error"
    r"|following (?:address|recipient)|did not reach|delivery errors?|failed to (?:send|deliver)"
    r"|not (?:be )?delivered"
    r"|transcript of session|returned message|failure reasons|user unknown|non.?deliver|no such user"
    r"|mailbox (?:is )?full"
    r"|an error (?:has )?occurred|could not (?:deliver|send)|(?:was|were) (?:rejected|not relayed)|giving up|"
    r"delivery (?:status )?notification|message (?:has been|was) (?:blocked|rejected)|not delivered"
    r"|送信できません|配信できません|送信に失敗|届けられません|無法投遞|无法投递|无法发送|退回|не может быть доставлено"
    r"|nicht (?:\w+ )?zugestellt|nicht erreicht|nicht erreichbar|konnte[n]? nicht|nie mog\w+ zostać"
    r"|kon(?:den)? niet|niet (?:worden )?bezorgd"
    r"|não foi possível entregar|impossibile (?:recapitare|consegnare)|impossible de (?:remettre|distribuer)"
    r"|n'a pu être|n'a pas pu être|no se ha podido|non è stato possibile|não pôde ser"
    r"|duplicated message-id|blocked by our|smtp error|mail server .{0,40}said"
)
_AUTO_SUBJECT = re.compile(
    r"(?i)^\s*(?:re:\s*)?(?:out of (?:the )?office|auto(?:matic|mated)?[ _-]*(?:reply|response|answer"
    r"|matische)|autoreply"
    r"|auto:|automatische|abwesen|vacation|on vacation|on leave|away (?:from|until)|i am away|i'm away|absence|absent"
    r"|r[ée]ponse automatique|réponse auto|respuesta autom|risposta automatica|fuori sede|fuori ufficio"
    r"|resposta autom|fuera de la oficina|ausente|afwezig|frånvar|fravær|poissa|automaattinen|autosvar"
    r"|automatyczna odpowied|nieobecno|автоответ|отсутств|自動応答|自動返信|不在|自动回复|自動回覆|休暇"
    r"|\[?auto[- ]?reply\]?|out-of-office|thank you for (?:contacting|your (?:e-?mail|message|enquiry|inquiry)))"
)
_RE = re.compile(r"(?i)^\s*(?:re|aw|sv|vs|antw|odp|ynt|res|rv|rif|回复|答复|回覆)\s*(?:\[\d+\])?\s*[:：]")


def is_complaint(parts: Parts) -> bool:
    """A feedback report, in the standard form or in Microsoft's."""
    if parts.feedback or "message/feedback-report" in parts.kinds or "report-type=feedback-report" in parts.kinds:
        return (parts.feedback.get("feedback-type") or ["abuse"])[0].lower() != "not-spam"
    subject = one_line(parts.headers.get("subject", "")).lower()
    return subject.startswith("complaint about message from") or "x-hmxmroriginalrecipient" in parts.headers


def is_bounce(parts: Parts) -> bool:
    """A notice of failure that is not written for machines: who wrote it, its subject and its words must fit.

    A person who forwards a notice, or writes about one, is no mail system.
    """
    headers = parts.headers
    if "x-failed-recipients" in headers:
        return True
    sender, subject = one_line(headers.get("from", "")), one_line(headers.get("subject", ""))
    if _RE.match(subject) and not _DAEMON.search(sender):
        return False
    named, worded = bool(_SUBJECT.search(subject)), bool(_BODY.search(parts.notice))
    proof = bool(parts.copied or parts.original or parts.attached or _CODE.search(parts.notice))
    if _DAEMON.search(sender) or sender in {"", "<>"}:
        return named or (worded and proof)
    empty_path = headers.get("return-path", "x").strip() in {"<>", ""}
    if not (worded and proof and (empty_path or _PERHAPS.search(sender))):
        return False
    return named or (empty_path and parts.attached is not None)


def _auto_header(headers: dict[str, str]) -> bool:
    return headers.get("auto-submitted", "no").split(";")[0].strip().lower() in {"auto-replied", "auto-generated"}


def is_auto_reply(parts: Parts) -> bool:
    """An automatic answer, by its headers or by a subject in one of many languages."""
    headers = parts.headers
    if headers.get("auto-submitted", "no").split(";")[0].split("(")[0].strip().lower() == "auto-replied":
        return True
    if any(name in headers for name in ("x-autoreply", "x-autorespond", "x-auto-response", "x-autoreply-from")):
        return True
    if headers.get("precedence", "").strip().lower() in {"auto_reply", "auto-reply"}:
        return True
    if headers.get("x-auto-response-suppress", "") and ("in-reply-to" in headers) and _auto_header(headers):
        return True
    return bool(_AUTO_SUBJECT.match(one_line(headers.get("subject", ""))))


def is_reply(parts: Parts) -> bool:
    """A person's answer: it refers to another mail, or its subject says so; mails of programs do not count."""
    headers = parts.headers
    if _auto_header(headers) or headers.get("precedence", "").strip().lower() in {"bulk", "list", "junk"}:
        return False
    if "list-id" in headers or "list-unsubscribe" in headers:
        return False
    refers = "in-reply-to" in headers or "references" in headers
    return refers or bool(_RE.match(one_line(headers.get("subject", ""))))
