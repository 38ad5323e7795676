from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.access.networks import UNKNOWN, network_key, plain_address, site_key


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_its_own_network_however_it_is_wrapped(address: IPv4Address) -> None:
    assert network_key(str(address)) == str(address)
    assert network_key(f"::ffff:{address}") == str(address)
    assert network_key(f"::FFFF:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}") == str(address)
    assert site_key(str(address)) is None
    assert site_key(f"::ffff:{address}") in (None, str(address))


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_customer_of_ipv6_is_one_network_whatever_address_they_take(
    address: IPv6Address, host: int
) -> None:
    if address.ipv4_mapped:
        return
    other = IPv6Address(int(address) >> 64 << 64 | host)
    if other.ipv4_mapped:
        return
    assert network_key(str(address)) == network_key(str(other)) == network_key(f"{address}%eth0")
    assert network_key(address.exploded.upper()) == network_key(str(address))
    assert address in IPv6Network(network_key(str(address)))
    assert site_key(str(address)) == site_key(network_key(str(address)))
    assert address in IPv6Network(site_key(str(address)) or "")


@given(st.ip_addresses() | st.text())
def test_a_key_is_its_own_key(address: object) -> None:
    assert network_key(network_key(str(address))) == network_key(str(address))


def test_two_customers_are_two_networks() -> None:
    assert network_key("2001:db8:0:1::1") == "2001:db8:0:1::/64"
    assert network_key("2001:db8:0:2::1") == "2001:db8:0:2::/64"
    assert site_key("2001:db8:0:1::1") == site_key("2001:db8:0:2::1") == "2001:db8::/48"
    assert site_key("2001:db8:1::1") == "2001:db8:1::/48"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "localhost",
        "1.2.3",
        "01.2.3.4",
        "1.2.3.4:80",
        "1.2.3.4\n",
        "[::1]",
        "::1/128",
        "unknown",
        "\x00",
        "%",
        "\u0661.\u0662.\u0663.\u0664",
        "2130706433",
        "0x7f000001",
        "::1%" + "z" * 100,
        "1" * 10**6,
    ],
)
def test_what_is_no_address_shares_one_bucket(text: str) -> None:
    assert plain_address(text) is None
    assert network_key(text) == UNKNOWN


@given(st.text())
def test_any_text_has_a_short_key(text: str) -> None:
    assert len(network_key(text)) <= 43
