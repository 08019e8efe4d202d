"""The compiled message against two oracles: the stdlib email package reads it back, python-liquid renders the same."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid import Environment

from tidings.distribution.compile import Addressee, CompiledEmail, UndeliverableError, render_one
from tidings.distribution.tokens import TokenPurpose, TokenSigner
from tidings.domain.errors import InvalidInputError
from tidings.domain.message import EmailTemplate, Link

SIGNER = TokenSigner(b"s" * 32)
AT = 1_772_445_600_000
NAUGHTY = Path(__file__).parents[3] / "shared/data/torture/naughty-strings"
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
LITERAL = WORDS.map(lambda text: text.replace("{", "(").replace("}", ")"))


def template(**changed: object) -> EmailTemplate:
    """A small valid one."""
    given: dict[str, object] = {
        "variant": "A", "subject": "Hello", "preheader": "", "html": "<p>Hi</p>", "text": "Hi",
        "from_name": "Northwind", "from_address": "hello@northwind.example",
        "links": (Link(no=0, url="https://a.example/", label="a"), Link(no=1, url="https://b.example/", label="b")),
    }  # fmt: skip
    return EmailTemplate.model_validate({**given, **changed})


def compiled(**changed: object) -> CompiledEmail:
    return CompiledEmail(
        template(**changed), campaign_pk=7, campaign_id="cmp_x", base_url="https://t.example", signer=SIGNER
    )


def person(**fields: object) -> Addressee:
    return Addressee(42, 0, {"email": "ada@example.com", **fields})


def read(raw: bytes):
    """Headers and bodies as the stdlib's modern policy sees them, line breaks as LF."""
    message = message_from_bytes(raw, policy=policy.default)
    parts = {
        part.get_content_type(): part.get_payload(decode=True).decode().replace("\r\n", "\n")
        for part in message.walk()
        if not part.is_multipart()
    }
    return message, parts


def normal(text: str) -> str:
    """Line breaks as every mail program ends up with them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(before=LITERAL, name=WORDS, between=LITERAL, after=LITERAL)
@settings(max_examples=100, deadline=None)
def test_bodies_come_back_as_liquid_renders_them(before: str, name: str, between: str, after: str) -> None:
    slot = '{{ contact.first_name | default: "there" }}'
    source = f"{before}{slot}{between}{{{{ links[1] }}}}{after}{{{{ unsubscribe_url }}}}{slot}"
    _, raw = compiled(text=source, html=source).render(person(first_name=name), AT)
    _, parts = read(raw)
    click = f"https://t.example/t/{SIGNER.sign(TokenPurpose.CLICK, 7, 42, 0, 1)}"
    out = f"https://t.example/u/{SIGNER.sign(TokenPurpose.UNSUBSCRIBE, 7, 42, 0, 0)}"
    values = {"contact": {"first_name": name}, "links": ["", click], "unsubscribe_url": out}
    for kind, escaped in (("text/plain", False), ("text/html", True)):
        expected = Environment(autoescape=escaped).from_string(source).render(**values)
        assert parts[kind] == normal(expected)


@given(text=LITERAL, name=WORDS)
@settings(max_examples=100, deadline=None)
def test_every_line_is_safe_on_the_wire(text: str, name: str) -> None:
    source = f"{text}{{{{ contact.first_name }}}}{text}"
    _, raw = compiled(text=source, html=source).render(person(first_name=name), AT)
    assert raw.isascii()
    for line in raw.split(b"\r\n"):
        assert b"\n" not in line
        assert b"\r" not in line
        assert not line.startswith(b".")
        assert len(line) <= 998
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(len(line) for line in body.split(b"\r\n")) <= 76
    assert b"\r\n\r\n" not in head


@given(subject=LITERAL, name=WORDS, sender=WORDS)
@settings(max_examples=100, deadline=None)
def test_headers_come_back_and_cannot_be_broken(subject: str, name: str, sender: str) -> None:
    source = f"{subject} {{{{ contact.first_name }}}}"
    message, _ = read(compiled(subject=source, from_name=sender or "N").render(person(first_name=name), AT)[1])
    assert {key.lower() for key in message} <= {
        "from", "to", "subject", "date", "message-id", "mime-version", "list-id", "feedback-id", "list-unsubscribe",
        "list-unsubscribe-post", "content-language", "content-type",
    }  # fmt: skip
    rendered = render_one(compiled(subject=source, from_name=sender or "N"), person(first_name=name), AT)
    words = "".join(" " if _breaks(letter) else letter for letter in f"{subject} {name}")
    assert rendered.subject.split() == words.split()
    assert message["To"] == "ada@example.com"


def _breaks(letter: str) -> bool:
    return ord(letter) < 32 or 127 <= ord(letter) < 160 or letter in "\u2028\u2029"


@pytest.mark.skipif(not NAUGHTY.exists(), reason="the folder of naughty strings is not here")
def test_naughty_strings_pass_unharmed() -> None:
    lines = [line for path in sorted(NAUGHTY.iterdir()) for line in path.read_text("utf-8", "replace").split("\n")]
    made = compiled(subject="For {{ contact.first_name }}", text="<{{ contact.first_name }}>")
    assert len(lines) > 400
    for line in lines:
        _, raw = made.render(person(first_name=line), AT)
        message, parts = read(raw)
        assert parts["text/plain"] == normal(f"<{line}>")
        assert message["Message-ID"].endswith("@northwind.example>")


def test_headers_are_those_of_the_design() -> None:
    made = compiled(reply_to="answers@northwind.example", list_id="news.northwind.example", language="de")
    message, _ = read(made.render(person(), AT)[1])
    token = SIGNER.sign(TokenPurpose.UNSUBSCRIBE, 7, 42, 0, 0)
    assert message["From"] == "Northwind <hello@northwind.example>"
    assert message["Date"] == "Mon, 02 Mar 2026 10:00:00 +0000"
    assert message["Reply-To"] == "answers@northwind.example"
    assert message["List-Id"] == "<news.northwind.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<https://t.example/u/{token}>" in message["List-Unsubscribe"]
    assert f"<mailto:answers@northwind.example?subject=unsubscribe%20{token}>" in message["List-Unsubscribe"]
    assert message["Feedback-ID"] == "cmp_x:A:email:northwind.example"
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "multipart/alternative"
    assert "Precedence" not in message
    assert "Auto-Submitted" not in message
    assert message["Message-ID"] == f"<{made.message_id(42, 0)}>"


def test_message_id_is_the_same_for_the_same_delivery_only() -> None:
    made = compiled()
    again, other = made.render(person(), AT + 999_000)[1], Addressee(43, 0, {"email": "b@example.com"})
    first = read(made.render(person(), AT)[1])[0]["Message-ID"]
    assert read(again)[0]["Message-ID"] == first
    assert read(made.render(other, AT)[1])[0]["Message-ID"] != first


def test_long_values_and_addresses_of_all_scripts() -> None:
    made = compiled(text="{{ contact.first_name }}")
    _, raw = made.render(person(first_name="ж" * 5000), AT)
    assert read(raw)[1]["text/plain"] == "ж" * 5000
    address, _ = made.render(Addressee(1, 0, {"email": "eva@bücher.example"}), AT)
    assert address == "eva@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address", ["", "ева@example.com", "a b@example.com", "a@b\r\nRCPT TO:<x@y.z>", "a@", "<a@b.c>"]
)
def test_an_address_that_cannot_stand_in_an_envelope_is_refused(address: str) -> None:
    with pytest.raises(UndeliverableError):
        compiled().render(Addressee(1, 0, {"email": address}), AT)


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("text", "{% for a in (1..999999999) %}x{% endfor %}"),
        ("html", "{{ contact.first_name | upcase }}"),
        ("html", "{{ secrets }}"),
        ("subject", "{{ contact.first_name"),
        ("subject", "{{ links[0] }}"),
        ("text", "{{ links[9] }}"),
        ("text", "{{ contact.first_name | default: contact.last_name }}"),
    ],
)
def test_anything_but_the_agreed_places_is_refused_before_the_send(place: str, source: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        compiled(**{place: source})
    assert place in str(error.value) or "links[9]" in str(error.value)


def test_fields_without_default_that_are_not_standard_are_named() -> None:
    made = compiled(text='{{ contact.city }} {{ contact.first_name }} {{ contact.shop | default: "x" }}')
    assert made.undefined_fields() == ["city"]


def test_a_preview_is_read_back_from_the_bytes_that_would_be_sent() -> None:
    made = compiled(subject="Grüße, {{ contact.first_name }}", text="Hi {{ contact.first_name }}\n", html="<b>x</b>")
    shown = render_one(made, person(first_name="Åsa"), AT)
    assert (shown.subject, shown.text, shown.html) == ("Grüße, Åsa", "Hi Åsa\n", "<b>x</b>")
    assert shown.raw == made.render(person(first_name="Åsa"), AT)[1]


@pytest.mark.parametrize(("text", "read_back"), [("Hello\n", "Hello\n"), ("{{ contact.first_name }}\n", "Anna\n")])
def test_a_text_with_no_open_place_or_a_single_one_goes_to_providers_too(text: str, read_back: str) -> None:
    given = compiled(text=text, html="<p>Hello</p>").parts(person(first_name="Anna"))
    assert (given.text.replace("\r\n", "\n"), given.html.strip()) == (read_back, "<p>Hello</p>")


PIECE = st.sampled_from(
    ["for all\n", '{{ contact.first_name | default: "you" }}', "{{ links[1] }} ", ".dot\n", "é ", "\n\n"]
)
SOME = ['contact.country == "AT"', 'contact.country != "AT"', 'contact.first_name == ""', 'contact.first_name != ""']
# No block is blank: Liquid drops those.
BLOCK = st.tuples(
    st.one_of(st.none(), st.sampled_from(SOME)), st.lists(PIECE, max_size=4).map(lambda of: f"x{''.join(of)}")
)


@given(st.lists(BLOCK, min_size=1, max_size=5), st.sampled_from(["AT", "DE", ""]), st.sampled_from(["Ada", ""]))
def test_blocks_for_some_readers_are_what_liquid_makes_of_them(
    blocks: list[tuple[str | None, str]], country: str, name: str
) -> None:
    source = "".join(text if some is None else f"{{% if {some} %}}{text}{{% endif %}}" for some, text in blocks)
    made = compiled(text=f"{source}|", html=f"<p>{source}</p>")
    fields = {"country": country, "first_name": name}
    address, raw = made.render(person(**fields), AT)
    assert address == "ada@example.com"
    token = SIGNER.sign(TokenPurpose.CLICK, 7, 42, 0, 1)
    known = {"contact": fields, "links": ["", f"https://t.example/t/{token}"]}
    _, parts = read(raw)
    assert parts["text/plain"] == normal(Environment().from_string(f"{source}|").render(**known))
    assert parts["text/html"] == normal(Environment(autoescape=True).from_string(f"<p>{source}</p>").render(**known))
    assert all(len(line) <= 76 for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n") if b"boundary" not in line)
    assert not any(line.startswith(b".") for line in raw.split(b"\r\n"))
    uncoded = made.parts(person(**fields))
    assert normal(uncoded.text) == parts["text/plain"]
