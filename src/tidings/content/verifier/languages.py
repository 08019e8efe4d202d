# ruff: noqa: E501 - a language's words are read as one line
"""What the checks know of languages other than English: dates, numbers, and the words that claim, deny or limit.

English has its rules in the checks themselves. A language that is neither here nor English is checked by its figures and
links only, and the check of language says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_BLANK = r"[ \u00a0\u202f]"
_YEAR = r"(?P<year>\d{4})"


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language. Patterns ignore case, except where a comment says otherwise."""

    months: Mapping[str, int]
    dates: tuple[re.Pattern[str], ...]
    clock: re.Pattern[str]
    month_alone: re.Pattern[str]
    weekday: re.Pattern[str]
    relative: re.Pattern[str]
    numbers: Mapping[str, float]
    """Number words. The word for one is left out, for it is mostly an article; French “neuf” is mostly “new”."""
    free: re.Pattern[str]
    """Words that promise something for nothing or less."""
    nothing: re.Pattern[str]
    """Those of them that mean: for nothing."""
    percent: re.Pattern[str]
    denies: re.Pattern[str]
    contraries: tuple[str, ...]
    claims: re.Pattern[str]
    spam: re.Pattern[str]
    weakens: re.Pattern[str]
    strengthens: re.Pattern[str]
    binds: frozenset[str]
    plain: frozenset[str]
    """Words that begin sentences and are no names."""
    names: bool = True
    """Whether a capital inside a sentence shows a name; in German every noun has one."""


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


def _months(names: str) -> dict[str, int]:
    """Months in order, the spellings of one apart by a slash."""
    return {name: number for number, group in enumerate(names.split(), 1) for name in group.split("/")}


def _dates(months: Mapping[str, int], after_day: str, between: str) -> re.Pattern[str]:
    names = "|".join(sorted(months, key=len, reverse=True))
    return re.compile(
        rf"\b(?P<day>\d{{1,2}})(?:{after_day})?{_BLANK}(?:{between})?(?P<month>{names})\b\.?(?:{_BLANK}(?:{between})?{_YEAR})?",
        re.IGNORECASE,
    )


_DE = _months(
    "Januar/Jänner/Jan Februar/Feber/Feb März/Mrz April/Apr Mai Juni/Jun Juli/Jul August/Aug September/Sept/Sep Oktober/Okt November/Nov Dezember/Dez"
)
_FR = _months(
    "janvier/janv février/févr mars avril/avr mai juin juillet/juil août septembre/sept octobre/oct novembre/nov décembre/déc"
)
_ES = _months(
    "enero/ene febrero/feb marzo/mar abril/abr mayo/may junio/jun julio/jul agosto/ago septiembre/setiembre/sept octubre/oct noviembre/nov diciembre/dic"
)

GERMAN = Language(
    months={name.casefold(): number for name, number in _DE.items()},
    dates=(_dates(_DE, r"\.", ""), re.compile(rf"\b(?P<day>\d{{1,2}})\.{_BLANK}?(?P<month>1[0-2]|0?[1-9])\.(?:{_BLANK}?{_YEAR})?(?!\d)")),
    clock=re.compile(rf"\b(?P<hour>[01]?\d|2[0-4])(?:[:.](?P<minute>\d\d))?{_BLANK}?(?:Uhr|h)\b(?:{_BLANK}(?P<late>\d\d)\b)?", re.IGNORECASE),
    # with their capitals: “mai” and “august” are words of others
    month_alone=re.compile(r"\b(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b"),
    weekday=_words("(?:Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonnabend|Sonntag)s?"),
    relative=_words(r"heute|gestern|übermorgen|Mitternacht|morgen (?:früh|abend)|bis morgen|ab morgen|schon morgen|(?:diese|nächste|kommende|letzte)[nrs]? (?:Woche|Wochenende|Monat|Jahr|Frühling|Sommer|Herbst|Winter)"),
    numbers={"zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "dutzend": 12, "dreizehn": 13, "vierzehn": 14, "fünfzehn": 15, "sechzehn": 16, "siebzehn": 17, "achtzehn": 18, "neunzehn": 19, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90, "hundert": 100, "hunderte": 100, "tausend": 1000, "tausende": 1000, "million": 1e6, "millionen": 1e6, "doppelt": 2, "zweimal": 2, "dreimal": 3, "halb": 0.5, "hälfte": 0.5},
    free=_words(r"kostenlos\w*|kostenfrei\w*|gratis|umsonst|geschenkt|zum halben Preis|halber Preis|\w*rabatte?s?|\w*gutscheine?s?|\w*nachlass|ermäßig\w+|versandkostenfrei|rückerstattung|geld zurück|geschenk(?:e|en|es)?"),
    nothing=_words(r"kostenlos\w*|kostenfrei\w*|gratis|umsonst|geschenkt"),
    percent=_words("Prozent"),
    denies=_words(r"nicht|nichts|nie|niemals|niemand|kein|keine[mnrs]?|weder|noch nie|ohne|kaum|außer"),
    contraries=("offen geschlossen", "öffnet schließt", "vor nach", "mehr weniger", "mit ohne", "erste letzte", "inklusive exklusive", "beginnt endet", "mindestens höchstens", "immer nie", "alle keine", "ab bis", "von bis", "über unter", "kaufen verkaufen", "online vor-ort", "drinnen draußen", "neu alt", "größer kleiner", "höher niedriger", "früher später", "schneller langsamer", "teurer billiger", "wöchentlich monatlich", "monatlich jährlich", "tag woche", "tage wochen", "stunde minute", "stunden minuten", "wochen monate", "monate jahre", "tagen wochen", "wochen monaten", "monaten jahren", "erlaubt verboten", "möglich unmöglich", "morgens abends"),
    claims=_words(r"(?:de[rnms]|die|das|unsere?[mnrs]?|ihre?[mnrs]?|zum) (?:\w+ )?(?:beste|größte|schönste|schnellste|billigste|günstigste|niedrigste|sicherste|einfachste|modernste|beliebteste)[mnrs]?|am (?:besten|schnellsten|günstigsten|billigsten|sichersten)|garantiert\w*|garantien?|nummer eins|nr\. ?1|weltweit führend\w*|führende[mnrs]?|unschlagbar\w*|einzigartig\w*|einmalig\w*|unvergleichlich\w*|unübertroffen\w*|revolutionär\w*|bahnbrechend\w*|preisgekrönt\w*|risikofrei\w*|bewiesen\w*|nachweislich\w*|erwiesenermaßen|klinisch|wissenschaftlich\w*|zertifiziert\w*|perfekt\w*|wunder\w*|heilt|heilen|exklusiv\w*|weltklasse|spitzenklasse|klimaneutral\w*|umweltfreundlich\w*|nachhaltig\w*|100 ?(?:%|prozent)|besser als|schneller als|günstiger als|billiger als|testsieger\w*|immer\s+zuverlässig"),
    spam=_words(r"jetzt zugreifen|hier klicken|klicken sie hier|klick hier|jetzt kaufen|nur für kurze zeit|letzte chance|nicht verpassen|schnell sein lohnt sich|beeilen sie sich|dringend|gewinner|sie haben gewonnen|du hast gewonnen|herzlichen glückwunsch|bargeld|geld verdienen|nebenverdienst|unverbindlich|kein spam|sagenhaft\w*|unglaublich\w*|solange der vorrat reicht|casino|lotterie|abnehmen"),
    weakens=_words(r"kann|können|kannst|könnte\w*|dürfte\w*|darf|sollte\w*|manche\w*|einige\w*|etwa|circa|ca|ungefähr|rund|fast|beinahe|bis zu|höchstens|erste\w*|zweite\w*|einmal|zweimal|je|jeweils|nur|außer|möglicherweise|meist\w*|oft|üblicherweise"),
    strengthens=_words(r"muss|müssen|immer|alle\w*|jede[mnrs]?|jederzeit|überall|mindestens|genau|täglich|stündlich|wöchentlich|monatlich|jährlich|unbegrenzt\w*|vollständig\w*|komplett\w*|ganz|dauerhaft\w*|sofort|nur"),
    binds=frozenset("wenn falls außer ohne mit bei für in im an am auf während zwischen über unter bis ab von vor nach wer die der das weil als durch pro je samt inklusive".split()),  # noqa: SIM905
    plain=frozenset("aber alle alles als am an auch auf aus bald bei beim bis bitte da damit dann darum das dein deine dem den der des die dies diese dieser dieses doch du ein eine einen einer einfach er es falls für gern gibt hier ich ihr ihre im in ist ja jede jeder jetzt kann kein keine können lesen lust machen man mehr mit nach nein noch nun nur ob oder ohne schauen sehen sein seit sie sind so über um und uns unser unsere unter viel viele von vor warum was weil wenn wer wie wir wo zu zum zur".split()),  # noqa: SIM905
    names=False,
)  # fmt: skip

FRENCH = Language(
    months={name.casefold(): number for name, number in _FR.items()},
    dates=(_dates(_FR, "er", ""),),
    clock=re.compile(rf"\b(?P<hour>[01]?\d|2[0-4]){_BLANK}?h(?:eures?\b)?(?:{_BLANK}?(?P<minute>\d\d))?\b", re.IGNORECASE),
    month_alone=_words("janvier|février|avril|juin|juillet|août|septembre|octobre|novembre|décembre|en mars|en mai"),
    weekday=_words("(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)s?"),
    relative=_words(r"aujourd['’]hui|demain|hier|après-demain|ce soir|ce matin|cette (?:semaine|année)|ce (?:mois|week-end)|(?:la semaine|le mois|l['’]année|l['’]an|le week-end) (?:prochaine?|dernière?)|minuit|midi"),
    numbers={"deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "dix": 10, "onze": 11, "douze": 12, "douzaine": 12, "treize": 13, "quatorze": 14, "quinze": 15, "quinzaine": 15, "seize": 16, "vingt": 20, "vingtaine": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "cent": 100, "cents": 100, "centaine": 100, "centaines": 100, "mille": 1000, "millier": 1000, "milliers": 1000, "million": 1e6, "millions": 1e6, "double": 2, "triple": 3, "moitié": 0.5, "demi": 0.5},
    free=_words(r"gratuit(?:e|es|s|ement)?|offerte?s?|sans frais|(?:à )?moitié prix|remises?|réductions?|rabais|bons? d['’]achat|bons? de réduction|codes? promo|cadeaux?|rembours\w+|soldes?|promotions?"),
    nothing=_words(r"gratuit(?:e|es|s|ement)?|offerte?s?|sans frais"),
    percent=_words("pour cent|pour-cent"),
    denies=_words(r"pas|jamais|aucune?s?|rien|ni|sans|guère|sauf|hors"),
    contraries=("ouvert fermé", "ouvre ferme", "avant après", "plus moins", "avec sans", "premier dernier", "première dernière", "inclus exclu", "compris non-compris", "commence finit", "minimum maximum", "toujours jamais", "tous aucun", "dès jusqu", "acheter vendre", "intérieur extérieur", "nouveau ancien", "grand petit", "court long", "chaud froid", "hausse baisse", "possible impossible", "autorisé interdit", "semaine mois", "mois année", "jour semaine", "jours semaines", "heure minute", "heures minutes", "semaines mois", "mois ans", "matin soir", "cher gratuit", "débutants experts"),
    claims=_words(r"(?:le|la|les|notre|nos|votre|vos|son|sa|ses|l['’]) ?(?:meilleure?s?|plus (?:grande?s?|belle?s?|beaux?|rapides?|sûre?s?|simples?|populaires?|bas(?:se)?s?|économiques?))|les? moins chère?s?|garanti(?:e|es|s|t|ssons)?|garanties?|numéro (?:un|1)|n° ?1|leaders?|imbattables?|uniques?|incomparables?|inégalée?s?|révolutionnaires?|primée?s?|sans (?:aucun )?risque|prouvée?s?|scientifiquement|cliniquement|certifiée?s?|parfaite?s?|parfaitement|miracles?|miraculeu(?:x|se|ses)|guérit|soigne|exclusifs?|exclusives?|exclusivement|exceptionnel(?:le)?s?|écologiques?|durables?|neutres? en carbone|100 ?%|(?:meilleure?s?|plus rapides?|moins chère?s?) que|à la pointe"),
    spam=_words(r"cliquez ici|clique ici|achetez maintenant|commandez maintenant|dernière chance|offre limitée|durée limitée|ne ratez pas|ne manquez pas|dépêchez-vous|urgent|gagnante?s?|vous avez gagné|félicitations|argent facile|gagner de l['’]argent|sans engagement|ceci n['’]est pas un spam|incroyable|jusqu['’]à épuisement|perdre du poids|casino|loterie"),
    weakens=_words(r"peut|peuvent|pouvez|peux|pourrait|pourraient|pourriez|devrait|certaine?s?|quelques|environ|presque|près de|jusqu['’]à|au plus|maximum|premier|première|deuxième|une fois|deux fois|chacune?|seulement|sauf|hors|peut-être|souvent|généralement|d['’]habitude"),
    strengthens=_words(r"doit|doivent|devez|toujours|tous|toutes|tout le monde|chaque|partout|au moins|exactement|quotidien\w*|hebdomadaire\w*|mensuel\w*|annuel\w*|illimitée?s?|entièrement|totalement|complètement|définitivement|immédiatement|seulement"),
    binds=frozenset("si sauf hors sans avec sur dans chez pour pendant entre jusqu dès avant après qui que lorsque quand tant par à en".split()),  # noqa: SIM905
    plain=frozenset("à afin ainsi alors après au aussi autre aux avant avec beaucoup bien ce cela ces cet cette chaque chez comme comment dans de découvrez des dès donc du elle elles en encore est et faites il ils inscrivez je jusqu la le les leur lors mais merci même moi mon ne nos notre nous on ou où par parce pas pendant plus pour pourquoi puis quand que quel quelle quelques qui quoi rendez réservez sa sans se ses si son sont sous sur ta te tes toi ton tous tout toute toutes très tu un une venez vos votre vous voici voilà y c'est c’est d'abord d’abord l'an n'hésitez n’hésitez s'il s’il j'ai j’ai".split()),  # noqa: SIM905
)  # fmt: skip

SPANISH = Language(
    months={name.casefold(): number for name, number in _ES.items()},
    dates=(_dates(_ES, "[ºo°]", r"del? "),),
    clock=re.compile(rf"\b(?P<hour>[01]?\d|2[0-4])(?:[:.](?P<minute>\d\d))?{_BLANK}?(?:h|horas)\b", re.IGNORECASE),
    month_alone=_words("enero|febrero|abril|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre|en (?:marzo|mayo)|de (?:marzo|mayo)"),
    weekday=_words("lunes|martes|miércoles|jueves|viernes|sábados?|domingos?"),
    relative=_words(r"hoy|ayer|mañana por la (?:mañana|tarde|noche)|hasta mañana|pasado mañana|esta (?:mañana|tarde|noche|semana)|este (?:mes|año|fin de semana)|(?:la (?:próxima|pasada) semana|la semana que viene|el (?:próximo|pasado) (?:mes|año))|medianoche|mediodía"),
    numbers={"dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "once": 11, "doce": 12, "docena": 12, "trece": 13, "catorce": 14, "quince": 15, "dieciséis": 16, "diecisiete": 17, "dieciocho": 18, "diecinueve": 19, "veinte": 20, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60, "setenta": 70, "ochenta": 80, "noventa": 90, "cien": 100, "ciento": 100, "cientos": 100, "mil": 1000, "miles": 1000, "millón": 1e6, "millones": 1e6, "doble": 2, "triple": 3, "mitad": 0.5, "medio": 0.5, "media": 0.5},
    free=_words(r"gratis|gratuit[oa]s?|gratuitamente|sin coste|sin cargo|a mitad de precio|descuentos?|vales? (?:de|por)|bonos?|cup(?:ón|ones)|regalos?|de regalo|reembolsos?|rebajas?|promoci(?:ón|ones)"),
    nothing=_words(r"gratis|gratuit[oa]s?|gratuitamente|sin coste|sin cargo"),
    percent=_words("por ciento"),
    denies=_words(r"no|nunca|jamás|nadie|nada|ningun[oa]s?|ningún|ni|sin|tampoco|apenas|salvo|excepto"),
    contraries=("abierto cerrado", "abre cierra", "antes después", "más menos", "con sin", "primero último", "primera última", "incluido excluido", "empieza termina", "comienza acaba", "mínimo máximo", "siempre nunca", "todos ninguno", "desde hasta", "comprar vender", "dentro fuera", "nuevo viejo", "grande pequeño", "largo corto", "caliente frío", "sube baja", "posible imposible", "permitido prohibido", "semana mes", "mes año", "día semana", "días semanas", "hora minuto", "horas minutos", "semanas meses", "meses años", "mañana tarde", "mañana noche", "principiantes expertos"),
    claims=_words(r"(?:el|la|los|las|nuestr[oa]s?|su|sus|lo) (?:mejor(?:es)?|más (?:grandes?|rápid[oa]s?|segur[oa]s?|barat[oa]s?|baj[oa]s?|sencill[oa]s?|popular(?:es)?|vendid[oa]s?))|garantizad[oa]s?|garantizamos|garantías?|número (?:uno|1)|n\.º ?1|líder(?:es)?|imbatibles?|únic[oa]s?|incomparables?|inigualables?|revolucionari[oa]s?|premiad[oa]s?|galardonad[oa]s?|sin (?:ningún )?riesgo|demostrad[oa]s?|científicamente|clínicamente|certificad[oa]s?|perfect[oa]s?|milagros?|milagros[oa]s?|cura|sana|exclusiv[oa]s?|exclusivamente|excepcional(?:es)?|ecológic[oa]s?|sostenibles?|100 ?%|(?:mejor|más rápid[oa]|más barat[oa]) que|de vanguardia"),
    spam=_words(r"haga clic aquí|haz clic aquí|pinche aquí|compre ahora|compra ahora|última oportunidad|tiempo limitado|oferta limitada|no se lo pierda|no te lo pierdas|dese prisa|date prisa|urgente|ganador(?:es|as?)?|ha ganado|has ganado|enhorabuena|dinero fácil|ganar dinero|sin compromiso|esto no es spam|increíbles?|hasta agotar existencias|adelgazar|casino|lotería"),
    weakens=_words(r"puede|pueden|puedes|podría\w*|debería\w*|algun[oa]s?|unos|unas|aproximadamente|cerca de|casi|hasta|como máximo|primer[oa]?|segund[oa]|una vez|dos veces|cada|solo|sólo|salvo|excepto|quizá|quizás|a menudo|normalmente"),
    strengthens=_words(r"debe|deben|siempre|tod[oa]s?|cada|en todas partes|al menos|como mínimo|exactamente|diari\w+|semanal\w*|mensual\w*|anual\w*|ilimitad[oa]s?|completamente|totalmente|para siempre|inmediatamente|solo|sólo"),
    binds=frozenset("si salvo excepto sin con en para durante entre hasta desde antes después que quien cuando mientras por según".split()),  # noqa: SIM905
    plain=frozenset("a además al algo ante antes aquí así aún aunque cada como cómo con cual cuál cuando cuándo de del desde después donde dónde el ella ellas ellos en entonces entre es esa ese eso esta está este esto estos gracias ha hay hasta hoy la las le les lo los más me mi mientras muy no nos nuestra nuestro o para pero por porque puede puedes pues que qué quien quién reserve reserva se según ser si sí sin sobre solo son su sus también te tenemos tienes tiene todo todos tu tus un una unas uno unos usted venga ven vuelva y ya yo".split()),  # noqa: SIM905
)  # fmt: skip

_KNOWN = {"de": GERMAN, "fr": FRENCH, "es": SPANISH}


def words_of(language: str) -> Language | None:
    """What is known of a language; None for English, whose rules stand in the checks, and for one not known here."""
    return _KNOWN.get(language.partition("-")[0].lower())


def is_known(language: str) -> bool:
    """Whether every check but those of grammar knows the language's words."""
    primary = language.partition("-")[0].lower()
    return primary == "en" or primary in _KNOWN
