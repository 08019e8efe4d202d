"""Invented people's names, places and zones, by country. None of them is a real person's record."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple


class Country(NamedTuple):
    """A country of the sample: how many of a hundred or so people live there, and what they are called."""

    code: str
    weight: float
    locales: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    """City and IANA zone."""
    first: str
    last: str


COUNTRIES: tuple[Country, ...] = (
    Country(
        "US", 22, ("en",),
        (("New York", "America/New_York"), ("Boston", "America/New_York"), ("Chicago", "America/Chicago"),
         ("Denver", "America/Denver"), ("Seattle", "America/Los_Angeles"), ("Honolulu", "Pacific/Honolulu")),
        "Olivia Emma Ava Noah Liam Ethan Mia Lucas Grace Henry Hannah Caleb Zoe Isaac Ruby Aaron",
        "Walker Brooks Carter Hayes Bennett Foster Reed Sullivan Parker Nguyen Ramirez Coleman Price Barnes",
    ),
    Country(
        "GB", 12, ("en-GB",), (("London", "Europe/London"), ("Leeds", "Europe/London"), ("Cardiff", "Europe/London")),
        "Amelia Isla Freya Oliver George Harry Poppy Alfie Imogen Rupert Priya Tariq Elsie Callum",
        "Clarke Hughes Patel Morgan Bailey Turner Khan Whitfield Ashworth Fletcher Doyle Marsh",
    ),
    Country(
        "IE", 3, ("en-GB",), (("Dublin", "Europe/Dublin"), ("Galway", "Europe/Dublin")),
        "Aoife Saoirse Niamh Cian Oisín Conor Róisín Darragh Ciara Fionn",
        "Byrne Kelly O’Connor Walsh Brennan Gallagher Nolan Quinn",
    ),
    Country(
        "DE", 14, ("de",), (("Berlin", "Europe/Berlin"), ("Hamburg", "Europe/Berlin"), ("Köln", "Europe/Berlin")),
        "Anna Lena Mia Jürgen Klaus Sophie Björn Katja Felix Jonas Greta Uwe Heike Lukas Zeynep",
        "Müller Schröder Weiß Krüger Hoffmann Yılmaz Lehmann Böhm Vogel Jäger Brandt Kühn",
    ),
    Country(
        "AT", 3, ("de",), (("Wien", "Europe/Vienna"), ("Graz", "Europe/Vienna")),
        "Johanna Matthias Valentina Florian Theresa Lorenz Magdalena", "Gruber Hofer Pichler Steiner Moser Eder",
    ),
    Country(
        "CH", 3, ("de", "fr"), (("Zürich", "Europe/Zurich"), ("Lausanne", "Europe/Zurich")),
        "Nina Reto Céline Urs Flurina Luca Mathilde", "Meier Keller Favre Brunner Rochat Baumann",
    ),
    Country(
        "FR", 8, ("fr",), (("Paris", "Europe/Paris"), ("Lyon", "Europe/Paris"), ("Nantes", "Europe/Paris")),
        "Chloé Léa Inès Hugo Théo Éloïse Gaëlle Antoine Maëlys François Amine Jeanne",
        "Lefèvre Moreau Girard Bonnet Benoît Dupré Chevalier Rousseau Haddad Blanc",
    ),
    Country(
        "PT", 3, ("pt",), (("Lisboa", "Europe/Lisbon"), ("Porto", "Europe/Lisbon")),
        "Inês João Mariana Tomás Beatriz Gonçalo Leonor", "Ferreira Araújo Magalhães Sousa Pinto Simões",
    ),
    Country(
        "ES", 4, ("es",), (("Madrid", "Europe/Madrid"), ("Sevilla", "Europe/Madrid")),
        "Lucía Martín Sofía Álvaro Carmen Íñigo Nerea Pablo", "García Muñoz Ibáñez Serrano Núñez Castro Vidal",
    ),
    Country(
        "NL", 3, ("nl",), (("Utrecht", "Europe/Amsterdam"), ("Groningen", "Europe/Amsterdam")),
        "Sanne Daan Fleur Bram Lotte Thijs Noor", "de Vries|Jansen|van Dijk|Bakker|Visser|Smit",
    ),
    Country(
        "SE", 3, ("sv",), (("Stockholm", "Europe/Stockholm"), ("Malmö", "Europe/Stockholm")),
        "Elsa Åke Saga Björn Maja Nils Ebba", "Lindström Åberg Nyström Sjögren Holm Ekdahl",
    ),
    Country(
        "PL", 2, ("pl",), (("Warszawa", "Europe/Warsaw"), ("Kraków", "Europe/Warsaw")),
        "Zofia Łukasz Maja Paweł Hanna Stanisław", "Kowalczyk Wiśniewska Zając Wójcik Mazur",
    ),
    Country(
        "BR", 6, ("pt-BR",), (("São Paulo", "America/Sao_Paulo"), ("Curitiba", "America/Sao_Paulo"),
                              ("Manaus", "America/Manaus")),
        "Luiza Caio Letícia Thiago Júlia Otávio Camila Rafael", "Oliveira Souza Cardoso Moreira Gonçalves Teixeira",
    ),
    Country(
        "MX", 2, ("es",), (("Ciudad de México", "America/Mexico_City"),),
        "Ximena Diego Regina Emiliano Valeria", "Hernández Ortega Villaseñor Cruz Salinas",
    ),
    Country(
        "CA", 4, ("en", "fr"), (("Toronto", "America/Toronto"), ("Montréal", "America/Toronto"),
                                ("Vancouver", "America/Vancouver"), ("St. John’s", "America/St_Johns")),
        "Charlotte Liam Noémie Owen Maddie Étienne Jasper", "Tremblay MacLeod Singh Gagnon Campbell Roy",
    ),
    Country(
        "IN", 4, ("en",), (("Pune", "Asia/Kolkata"), ("Bengaluru", "Asia/Kolkata"), ("Kochi", "Asia/Kolkata")),
        "Ananya Rohan Meera Arjun Kavya Vikram Diya", "Iyer Deshmukh Menon Kapoor Rao Chatterjee",
    ),
    Country(
        "JP", 4, ("ja",), (("東京", "Asia/Tokyo"), ("札幌", "Asia/Tokyo")),
        "遥=Haruka 健太=Kenta 美咲=Misaki 翔=Sho 葵=Aoi 大輔=Daisuke",
        "佐藤=Sato 高橋=Takahashi 渡辺=Watanabe 小林=Kobayashi 森=Mori",
    ),
    Country(
        "SG", 2, ("en",), (("Singapore", "Asia/Singapore"),), "Wei Hui Aisyah Jun Mei", "Tan Lim Rahman Goh Lee"
    ),
    Country(
        "AU", 4, ("en-GB",), (("Sydney", "Australia/Sydney"), ("Adelaide", "Australia/Adelaide"),
                              ("Perth", "Australia/Perth")),
        "Matilda Jack Ruby Lachlan Sienna Cooper Willow", "Thompson Kelly Nguyen Fraser Webb Doherty",
    ),
    Country(
        "NZ", 2, ("en-GB",), (("Wellington", "Pacific/Auckland"), ("Auckland", "Pacific/Auckland")),
        "Aria Nikau Maia Hunter Anahera", "Tane Wilson Parata Mitchell Ngata",
    ),
    Country(
        "ZA", 2, ("en-GB",), (("Cape Town", "Africa/Johannesburg"), ("Durban", "Africa/Johannesburg")),
        "Lerato Thabo Anika Sipho Zanele", "Nkosi Botha Dlamini Naidoo Jacobs",
    ),
)  # fmt: skip

DOMAINS = ("example.com", "example.org", "example.net", "post.example", "mail.example", "home.example")
"""Reserved for examples (RFC 2606, RFC 6761): no mail to them ever reaches anybody."""
INTERESTS = ("bread", "sourdough", "pastry", "cake", "coffee", "tools")
_PLAIN = str.maketrans(
    {"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "ı": "i", "’": "", " ": "", "ü": "ue", "ö": "oe", "ä": "ae"}
)


def choices(words: str) -> list[tuple[str, str]]:
    """The names of a list as pairs of name and its Latin spelling (`遥=Haruka`); `|` parts those with blanks."""
    parts = words.split("|") if "|" in words else words.split()
    return [(name, latin or name) for name, _, latin in (part.partition("=") for part in parts)]


def plain(name: str) -> str:
    """A name as it stands in an address: small Latin letters only."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", name).translate(_PLAIN))
    return "".join(letter for letter in letters.lower() if letter.isascii() and letter.isalpha())
