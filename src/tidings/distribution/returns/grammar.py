"""What a sentence says whose words no table has: who or what, near what is wrong with them, in several languages.

Asked after the phrases and the telling codes, so that systems nobody has seen yet are understood too. Every pattern
looks a bounded number of characters ahead.
"""

# ruff: noqa: E501  # patterns are kept whole where breaking them would hide them

from __future__ import annotations

import re

from tidings.distribution.returns.report import Cause

_WHO = (
    r"(?:users?|usernames?|recipients?|(?:e-?)?mail ?box(?:es)?|mail ?accounts?|accounts?|(?:e-?mail )?address(?:es)?"
    r"|addressees?|customers?|subscribers?|persons?|members?|alias(?:es)?|e-?mails?|local[- ]?part|user ?ids?|logins?"
    r"|employees?|\{a\})"
)
_UNKNOWN = (
    r"(?:unknown|not found|(?:does|do|did)(?: not|n't) (?:currently )?(?:exist|match)|never existed|non-?existent"
    r"|(?:is|are|was|were)?(?: not|n't) (?:a |an |any )?(?:valid|known|existing|recogni[sz]ed|listed|defined"
    r"|local|present|found|on (?:this|our|file))|no longer (?:exists?|valid|available|here|with|works?|in use|employed)"
    r"|invalid|undefined|could(?: not|n't) be (?:found|verified|located)|can ?not be found|has left|(?:been|was) deleted"
    r"|(?:been|was) removed|not exist)"
)
_HOST = r"(?:domains?|hosts?|host ?names?|domain names?|mail server names?)"
_STORE = (
    r"(?:mail ?box|mail ?folder|in ?box|mail ?store|message store|storage|spool|quota|account|user|recipient|folder"
    r"|mail ?drop|disk)"
)
_FULL = (
    r"(?:is |are |has |was )?(?:too |already |currently |almost )?(?:full\b|over (?:its |the |their |disk |mail )*(?:quota"
    r"|limit)|over-?quota|exceed\w*|out of (?:disk |mail |storage )*(?:space|storage|quota)|overflow\w*|overdrawn"
    r"|no (?:more |free )*(?:space|room)|reached (?:its|the|their) (?:\w+ )?(?:limit|quota|maximum))"
)


def _compile(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_GREY = _compile(r"gr[ae]y-?list")
_LATER = _compile(
    r"try (?:again|it) later", r"temporar(?:y|ily) (?:unavailable|deferred|rejected|rate|fail)",
    r"spätere?[nr]? (?:zustell|versuch)", r"vorübergehend", r"réessayer plus tard", r"temporairement",
    r"temporalmente", r"temporaneamente", r"temporariamente", r"tijdelijk", r"tymczasowo",
)  # fmt: skip
_TOO_BIG = _compile(
    r"(?:message|mail|e-?mail|attachments?|content)(?: size| length)? (?:\w+ ){0,3}(?:too (?:big|large|long)|exceeds?"
    r"|larger than|over(?:sized|size)?\b)",
    r"(?:nachricht|e-?mail|anhang)[^.]{0,30}zu groß", r"message (?:est )?trop (?:volumineux|gros)",
    r"mensaje[^.]{0,30}demasiado grande", r"messaggio[^.]{0,30}troppo grande", r"mensagem[^.]{0,30}muito grande",
    r"bericht[^.]{0,30}te groot", r"wiadomość[^.]{0,30}(?:zbyt|za) duż",
)  # fmt: skip
_MAILBOX = _compile(
    rf"{_STORE}(?:'s)?[^.]{{0,50}} {_FULL}", r"(?:over|exceed\w*|insufficient|not enough)[^.]{0,25} (?:quota|mail ?box"
    r"(?: size| space| limit)?)", r"quota[^.]{0,20}(?:exceed|overrun|reached)",
    r"(?:postfach|mailbox|speicher\w*|quota|kontingent)[^.]{0,40}(?:voll\b|überschritten|erschöpft|überfüllt|über quota)",
    r"(?:boî?te|quota|espace|messagerie|bal)[^.]{0,50}(?:plein|dépass|satur)",
    r"(?:buzón|casilla|cuota|espacio|bandeja)[^.]{0,40}(?:llen[oa]|exced|superad)",
    r"(?:casella|quota|spazio)[^.]{0,50}(?:pien[oa]|esaurit|superat)",
    r"(?:caixa|cota|quota|espaço)[^.]{0,50}(?:chei[oa]|exced|lotad)",
    r"(?:postvak|postbus|mailbox|inbox|quotum)[^.]{0,40}(?:\bvol\b|overschreden)",
    r"skrzynk\w*[^.]{0,40}(?:pełn|przepełn)", r"przekroczon\w*[^.]{0,30}(?:limit|pojemno|quot)",
    r"(?:メールボックス|容量|受信箱|受信ボックス).{0,20}(?:いっぱい|一杯|超過|超え|満杯|オーバー)",
    r"(?:邮箱|信箱|郵箱).{0,10}(?:已满|已滿|满了|容量)", r"почтов\w+ ящик[^.]{0,20}(?:переполнен|полон)",
)  # fmt: skip
_SUSPENDED = _compile(
    rf"{_WHO}[^.]{{0,30}} (?:disabled|suspended|inactive|locked|frozen|closed|deactivated|terminated|not active"
    r"|not activated|dormant)",
    rf"(?:disabled|suspended|inactive|locked|closed|deactivated) (?:\w+ )?{_WHO}",
    r"(?:konto|postfach|benutzer|empfänger)[^.]{0,30}(?:gesperrt|deaktiviert|stillgelegt)",
    r"(?:compte|boî?te)[^.]{0,30}(?:désactiv|suspendu|inactif)", r"cuenta[^.]{0,30}(?:desactivad|suspendid|inactiv)",
    r"(?:account|casella|utente)[^.]{0,30}(?:disattivat|sospes|disabilitat)",
    r"conta[^.]{0,30}(?:desativad|suspens|inativ)",
    r"(?:account|postbus)[^.]{0,30}(?:uitgeschakeld|geblokkeerd)", r"konto[^.]{0,30}(?:zablokowan|wyłączon|nieaktywn)",
)  # fmt: skip
_NO_MAIL = _compile(
    r"null ?mx", rf"{_HOST}[^.]{{0,30}} (?:does not|doesn't|never|not) accept(?:s|ing)? (?:any )?(?:e-?)?mail",
    r"no (?:mx|mail exchanger|mx record)s?\b", r"(?:mx|mail exchanger|mail server)[^.]{0,30}(?:not found|no smtp service)",
    r"couldn't find a mail exchanger", r"indicated no smtp service",
)  # fmt: skip
_NO_HOST = _compile(
    rf"{_HOST}[^.]{{0,40}} {_UNKNOWN}", rf"(?:no such|unknown|invalid|non-?existent|illegal|bad) {_HOST}", r"nxdomain",
    rf"{_HOST}[^.]{{0,20}} (?:does not|doesn't|could not be|cannot be) resolve",
    r"domäne?[^.]{0,40}(?:nicht gefunden|existiert nicht|unbekannt)", r"domaine[^.]{0,40}(?:inconnu|introuvable)",
    r"dominio[^.]{0,40}(?:no existe|desconocido|sconosciuto|inesistente)", r"domínio[^.]{0,40}(?:não existe|inexistente)",
    r"domein[^.]{0,40}(?:bestaat niet|onbekend)", r"domen\w*[^.]{0,40}nie istnieje",
    r"(?:ドメイン|ホスト).{0,20}(?:存在しま|見つかりま|不明)",
)  # fmt: skip
_NOBODY = _compile(
    rf"{_WHO}[^.]{{0,40}} {_UNKNOWN}",
    r"(?:no such|no valid|no matching|unknown|non-?existent|undefined|can(?:not|'t) find|unable to find|could not find"
    rf"|couldn't find|did not find|invalid|wrong|incorrect) (?:\w+ ){{0,2}}{_WHO}",
    r"(?:empfänger|benutzer|postfach|adresse|e-?mail-?adresse|konto|teilnehmer|nutzer|mailbox)[^.]{0,50}(?:unbekannt"
    r"|nicht bekannt|existiert nicht|nicht gefunden|ungültig|gibt es nicht|nicht vorhanden|nicht existent)",
    r"(?:unbekannte|ungültige|kein)\w* (?:\w+ )?(?:empfänger|benutzer|postfach|adresse|e-?mail-?adresse|nutzer)",
    r"(?:destinataire|utilisateur|adresse|boî?te|compte)[^.]{0,50}(?:inconnu|n'existe p|introuvable|invalide|non trouv)",
    r"(?:usuario|destinatario|buzón|cuenta|dirección|casilla)[^.]{0,50}(?:no existe|desconocid|no encontrad|inválid"
    r"|no válid|inexistente|no se (?:ha )?enc[uo]ntr)",
    r"(?:utente|destinatario|casella|indirizzo|account)[^.]{0,50}(?:sconosciut|non esiste|inesistente|non trovat"
    r"|non (?:è )?valid)",
    r"(?:usuário|utilizador|destinatário|caixa|conta|endereço)[^.]{0,50}(?:não existe|inexistente|desconhecid"
    r"|não (?:foi )?encontrad|inválid)",
    r"(?:gebruiker|ontvanger|geadresseerde|postbus|mailbox|(?:e-?mail)?adres|account)[^.]{0,50}(?:bestaat niet|onbekend"
    r"|niet gevonden|ongeldig|niet bekend)",
    r"(?:użytkowni|odbiorc|adres|skrzynk|kont)\w*[^.]{0,50}(?:nie istniej|nieznan|nie znale|nie został\w* znalez"
    r"|nieprawidłow)|nie ma takiego|brak takiego",
    r"(?:宛先|ユーザ|アドレス|受信者|メールボックス).{0,20}(?:存在しま|存在しな|見つかりま|見つからな|不明|無効|誤り)",
    r"(?:用户|用戶|收件人|邮箱|地址).{0,12}(?:不存在|无效|無效|未找到)",
    r"(?:пользовател|получател|адрес|почтовый ящик)\w*[^.]{0,40}(?:не существует|не найден|неизвест)",
)  # fmt: skip

_SENDER = _compile(
    rf"(?:sender|mail from|envelope from|from address|from:|return[- ]path)[^.]{{0,40}} (?:{_UNKNOWN}|rejected|refused|denied"
    r"|blocked|required|unresolvable|not resolve)",
    r"(?:unknown|invalid|bad|unresolvable|non-?existent) sender", r"absender[^.]{0,40}(?:unbekannt|ungültig|abgelehnt)",
    r"expéditeur[^.]{0,40}(?:inconnu|refusé|rejeté)", r"remitente[^.]{0,40}(?:desconocid|rechazad)",
)  # fmt: skip

# The order decides: what passes by itself before what is for good, what is narrow before what is wide.
_TABLE: tuple[tuple[Cause, re.Pattern[str]], ...] = (
    (Cause.SENDER_REJECTED, _SENDER),
    (Cause.TOO_BIG, _TOO_BIG),
    (Cause.FULL, _MAILBOX),
    (Cause.SUSPENDED, _SUSPENDED),
    (Cause.NO_MAIL_HOST, _NO_MAIL),
    (Cause.UNKNOWN_HOST, _NO_HOST),
    (Cause.UNKNOWN_USER, _NOBODY),
    (Cause.RATE, _GREY),
    (Cause.SYSTEM, _LATER),
)


def cause_of_sentence(text: str) -> Cause | None:
    """What the (plain) text says by its build; None when it says nothing of the kind."""
    for cause, pattern in _TABLE:
        if pattern.search(text):
            return cause
    return None
