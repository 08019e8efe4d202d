"""Each row that cannot be taken in says why, and what to do."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.audience.incoming import ConsentGiven, RefusedRowError, column_name, read_row
from tidings.audience.table import read_table
from tidings.domain.consent import ConsentState, Purpose
from tidings.domain.contact import normalise_address
from tidings.domain.errors import InvalidInputError

NOW = 1_795_305_600_000
TORTURE = Path(__file__).parents[3] / "shared" / "data" / "torture"
GIVEN = ConsentGiven("sign-up form", "Yes, write to me.")
GOOD = {"email": "ada@example.com", "consent": "yes", "consent_source": "form"}


@pytest.mark.parametrize(
    ("row", "reason", "remedy"),
    [
        ({}, "no e-mail address", "name@example.com"),
        ({"email": "ada at example.com"}, "'ada at example.com' is not an e-mail address", "name@example.com"),
        ({"email": "ada@example.com\r\nBcc: x@example.org"}, "is not an e-mail address", "one address"),
        ({"email": "ada@example.com"}, "there is no consent", "consent_source"),
        ({**GOOD, "consent": "no"}, "has not consented", "Leave the row out"),
        ({**GOOD, "consent": "perhaps"}, "neither yes nor no", "yes, no or pending"),
        ({**GOOD, "consent_source": ""}, "no proof", "where it was given"),
        ({**GOOD, "consent_at": "31/03/2026"}, "is not a date", "2026-03-31"),
        ({**GOOD, "consent_at": "2031-01-01"}, "not in the past", "the day"),
        ({**GOOD, "consent_at": "0001-01-01"}, "not in the past", "the day"),
        ({**GOOD, "time_zone": "Middle/Earth"}, "no time zone 'Middle/Earth'", "leave it empty"),
        ({**GOOD, "time_zone": "../../etc/passwd"}, "no time zone", "Europe/Berlin"),
        ({**GOOD, "country": "Germany"}, "not a country code", "DE"),
        ({**GOOD, "locale": "deutsch!"}, "not a language", "pt-BR"),
        ({**GOOD, "open_tracking_consent": "maybe"}, "`open_tracking_consent` is neither", "yes, no or pending"),
        ({**GOOD, "sms_consent": "maybe", "phone": "+436601234567"}, "`sms_consent` is neither yes nor no", "pending"),
        ({**GOOD, "sms_consent": "yes"}, "no number", "Add the number"),
        ({**GOOD, "first_name": "x" * 501}, "longer than 500", "Shorten"),
    ],
)
def test_a_bad_row_is_refused_with_reason_and_remedy(row: dict[str, str], reason: str, remedy: str) -> None:
    with pytest.raises(RefusedRowError) as refused:
        read_row(2, row, None, NOW)
    assert reason in refused.value.reason
    assert remedy in refused.value.remedy


def test_a_good_row_becomes_a_contact_with_proof() -> None:
    row = {
        **GOOD, "first_name": " Ada\r\n", "country": "gb", "locale": "en_GB", "time_zone": "Europe/London",
        "consent_at": "2026-03-31T10:00:00+02:00", "consent_wording": "I agree.", "plan": "club", "": "ignored",
    }  # fmt: skip
    each = read_row(7, row, None, NOW)
    assert (each.row, each.email, each.first_name, each.country, each.locale) == (
        7, "ada@example.com", "Ada", "GB", "en-GB",
    )  # fmt: skip
    assert each.attributes == {"plan": "club"}
    assert (each.consent.state, each.consent.source, each.consent.wording) == (ConsentState.GRANTED, "form", "I agree.")
    assert each.consent.at == 1_774_944_000_000


def test_each_further_consent_is_one_of_its_own_with_the_proof_of_the_row() -> None:
    row = {**GOOD, "phone": "+436601234567", "sms_consent": "pending", "open_tracking_consent": "yes"}
    sms, opens = read_row(2, row, None, NOW).others
    assert (sms.purpose, sms.state) == (Purpose.MARKETING_SMS, ConsentState.PENDING)
    assert (opens.purpose, opens.state, opens.source) == (Purpose.OPEN_TRACKING, ConsentState.GRANTED, "form")
    assert read_row(2, {**GOOD, "open_tracking_consent": "no"}, None, NOW).others == ()


def test_the_imports_consent_covers_rows_without_their_own_but_never_a_no() -> None:
    assert read_row(2, {"email": "a@example.com"}, GIVEN, NOW).consent.source == "sign-up form"
    assert read_row(2, {"email": "a@example.com"}, GIVEN, NOW).consent.at == NOW
    assert read_row(2, {**GOOD}, GIVEN, NOW).consent.source == "form"
    assert read_row(2, {**GOOD, "consent": "Pending"}, GIVEN, NOW).consent.state is ConsentState.PENDING
    with pytest.raises(RefusedRowError, match="not consented"):
        read_row(2, {"email": "a@example.com", "consent": "No"}, GIVEN, NOW)


@given(st.dictionaries(st.sampled_from(["email", "first_name", "country", "consent", "consent_at", "x"]), st.text()))
def test_any_row_is_either_taken_or_refused(row: dict[str, str]) -> None:
    refused: RefusedRowError | None = None
    try:
        each = read_row(1, row, GIVEN, NOW)
    except RefusedRowError as error:
        refused = error
    if refused is not None:
        assert refused.reason
        assert refused.remedy
    else:
        assert normalise_address(each.email) == each.email
        texts = [each.first_name, *each.attributes.values()]
        assert not any(letter in text for text in texts for letter in "\r\n\0")


@pytest.mark.parametrize(
    ("header", "name"),
    [("E-Mail Address", "email"), ("Given name", "first_name"), ("TZ", "time_zone"), ("Opt-In", "consent"),
     ("Favourite bread!", "favourite_bread"), ("  ", "")],
)  # fmt: skip
def test_headers_are_understood(header: str, name: str) -> None:
    assert column_name(header) == name


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiter_and_byte_order_mark_are_found(delimiter: str, encoding: str) -> None:
    lines = ["Email|First name|Note", 'zoë@example.com|Zoë|"a, b; c"', "", "bo@example.org|Bo|"]
    content = "\r\n".join(line.replace("|", delimiter) for line in lines).encode(encoding)
    rows = list(read_table(content))
    note = "a, b; c"
    assert rows == [
        (2, {"email": "zoë@example.com", "first_name": "Zoë", "note": note}),
        (4, {"email": "bo@example.org", "first_name": "Bo", "note": ""}),
    ]


def test_a_row_wider_than_the_header_is_told_apart() -> None:
    assert list(read_table("email,name\na@example.com,Doe, John\nb@example.com\n")) == [
        (2, None), (3, {"email": "b@example.com"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"name,city\nAda,London\n", "No column holds e-mail addresses"),
        (b"email,Mail\na@example.com,b@example.com\n", "Two columns mean the same"),
        ("email,näme\n".encode("latin-1"), "not UTF-8"),
        (b"email\n" + b'"' + b"x" * 200_000, "Row 2 cannot be read"),
        (b"\x89PNG\r\n\x1a\n\x00", "not UTF-8"),
        (Path("/nowhere/at/all.csv"), "cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole(content: bytes | Path, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as refused:
        list(read_table(content))
    assert refused.value.remedy


@pytest.mark.skipif(not TORTURE.exists(), reason="the shared development data are not here")
@pytest.mark.parametrize("path", sorted((TORTURE / "csv" / "csvs").glob("*.csv")), ids=lambda path: path.stem)
def test_torture_tables_read_as_their_authors_mean_them(path: Path) -> None:
    meant = json.loads((TORTURE / "csv" / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
    if path.stem == "location_coordinates":
        pytest.skip("its two files tell different telephone numbers")
    first = next(iter(meant[0]))  # our tables need a column of addresses: the first is renamed
    rows = list(read_table(path.read_bytes().replace(first.encode(), b"email", 1)))
    assert [list((row or {}).values()) for _, row in rows] == [list(row.values()) for row in meant]


@pytest.mark.skipif(not TORTURE.exists(), reason="the shared development data are not here")
def test_torture_addresses_never_break_a_row() -> None:
    refused = 0
    addresses = [node.text or "" for node in ET.parse(_address_suite()).iter("address")]
    assert len(addresses) > 100
    for address in addresses:
        try:
            each = read_row(1, {"email": address}, GIVEN, NOW)
        except RefusedRowError:
            refused += 1
        else:
            assert "\n" not in each.email
            assert each.email.count("@") == 1
    assert 0 < refused < len(addresses)


def _address_suite() -> Path:
    return next(path for path in sorted((TORTURE / "addresses" / "test").glob("*.xml")) if "tests" in path.name)
