"""Where a request may go: forms of an address that try to look like another place."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.domain.errors import ForbiddenError, InvalidInputError, TidingsError, UnavailableError
from tidings.net.addresses import AddressRule, is_public, literal

PUBLIC = "93.184.216.34"
inner_v4 = st.one_of(
    *(
        st.integers(0, network.num_addresses - 1).map(lambda offset, network=network: network[offset])
        for network in map(
            ipaddress.IPv4Network,
            [
                "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
                "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
            ],
        )
    )
)  # fmt: skip


def rule(*answers: str, allowed: frozenset[str] = frozenset()) -> AddressRule:
    return AddressRule(allowed, lambda host, port: list(answers))


def spellings(address: ipaddress.IPv4Address) -> list[str]:
    """The ways in which programs have been talked into reaching an address."""
    number = int(address)
    a, b, c, d = address.packed
    return [
        str(address), str(number), hex(number), oct(number).replace("o", ""), f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{c << 8 | d}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"{address}.",
        f"[::ffff:{address}]", f"[::{address}]", f"[64:ff9b::{address}]", f"[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::]",
        f"[::ffff:{a << 8 | b:x}:{c << 8 | d:x}]",
    ]  # fmt: skip


@given(inner_v4)
def test_no_spelling_of_an_inner_address_is_let_through(address: ipaddress.IPv4Address) -> None:
    for host in spellings(address):
        with pytest.raises((ForbiddenError, InvalidInputError)):
            AddressRule(resolve=lambda host, port, found=str(address): [found]).check(f"https://{host}/")


@given(inner_v4)
def test_no_name_that_leads_inside_is_let_through(address: ipaddress.IPv4Address) -> None:
    for answers in ([str(address)], [PUBLIC, str(address)], [f"::ffff:{address}"]):
        with pytest.raises(ForbiddenError, match="not on the public internet") as refused:
            rule(*answers).check("https://inside.example.com/")
        assert "TIDINGS_ALLOWED_PLACES" in refused.value.remedy


@pytest.mark.parametrize("host", ["[::1]", "[::]", "[fe80::1%25eth0]", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]"])
def test_inner_ipv6_is_refused(host: str) -> None:
    with pytest.raises((ForbiddenError, InvalidInputError)):
        AddressRule().check(f"https://{host}/")


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_public_only_when_what_it_carries_is(address: ipaddress.IPv6Address) -> None:
    if address.ipv4_mapped is not None:
        assert is_public(address) <= is_public(address.ipv4_mapped)
    if not address.is_global:
        assert not is_public(address)


@given(st.text(max_size=40))
def test_any_text_is_judged_or_refused_but_never_breaks(text: str) -> None:
    try:
        target = rule(PUBLIC).check(f"https://{text}")
    except TidingsError:
        return
    assert target.address == PUBLIC or is_public(ipaddress.ip_address(target.address))


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "https://", "https://me:pw@example.com/", "https://example.com:99999/",
     "https://a@b@example.com/", "https://exa\u2024mple.com/", "https://1.example.0x7f/", "gopher://x"],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError):
        rule(PUBLIC).check(url)


def test_a_public_name_is_pinned_to_the_address_it_was_judged_at() -> None:
    target = rule(PUBLIC, "93.184.216.35").check("https://api.example.com./v1")
    assert (target.host, target.port, target.address, target.local) == ("api.example.com", 443, PUBLIC, False)


def test_outside_there_is_no_plain_http() -> None:
    with pytest.raises(ForbiddenError, match="without encryption"):
        rule(PUBLIC).check("http://api.example.com/")


def test_what_is_on_the_list_may_be_reached() -> None:
    listed = rule("10.1.2.3", allowed=frozenset({"llm.corp:8080", "127.0.0.1", "192.168.7.0/24"}))
    assert listed.check("http://llm.corp:8080/v1").local
    assert listed.check("http://127.0.0.1:11434/v1").address == "127.0.0.1"
    assert listed.check("http://192.168.7.9/").local
    with pytest.raises(ForbiddenError):
        listed.check("http://llm.corp:9090/v1")
    with pytest.raises(ForbiddenError):
        listed.check("http://192.168.8.9/")


def test_whether_a_place_is_local_is_known_without_a_name_server() -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    known = AddressRule(frozenset({"llm.corp:8080", "10.0.0.0/8"}), never)
    local = [
        "http://localhost:11434/v1",
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "http://llm.corp:8080/",
        "http://10.9.9.9/",
    ]
    assert all(known.is_local(url) for url in local)
    assert not any(
        known.is_local(url) for url in ["https://api.example.com/", "http://llm.corp/", "https://2130706433/", "x"]
    )


def test_a_name_without_an_address_says_so() -> None:
    with pytest.raises(UnavailableError, match="has no address"):
        rule().check("https://example.com/")
    with pytest.raises(UnavailableError, match="cannot be resolved"):
        AddressRule().check("https://no-such-name.invalid/")


def test_a_literal_is_told_from_a_name() -> None:
    assert str(literal("[::1]")) == "::1"
    assert literal("example.com") is None
    assert literal("1-2-3.example") is None
