import time
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from securevision.api.client_address import ClientAddress

PROXY = "10.0.0.2"
CLIENT = "203.0.113.5"
VICTIM = "198.51.100.1"

address = ClientAddress([ip_network("10.0.0.0/24"), ip_network("127.0.0.0/8"), ip_network("fd00::/64")])


def request(peer: str | None, *forwarded: str | bytes, **more: str) -> Scope:
    headers = [(b"x-forwarded-for", each.encode() if isinstance(each, str) else each) for each in forwarded]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in more.items()]
    return {
        "type": "http",
        "client": None if peer is None else (peer, 4711),
        "headers": headers,
        "scheme": "http",
    }


def test_without_a_proxy_it_is_the_peer() -> None:
    assert address.of(request(CLIENT)) == CLIENT
    assert ClientAddress([]).of(request(PROXY, VICTIM)) == PROXY


def test_a_trusted_proxy_names_its_client() -> None:
    assert address.of(request(PROXY, CLIENT)) == CLIENT
    assert address.of(request(PROXY, f" {CLIENT}\t")) == CLIENT
    assert address.of(request(PROXY, "2001:DB8:0::1")) == "2001:db8::1"


def test_several_proxies_are_walked_back_to_the_first_that_is_not_ours() -> None:
    assert address.of(request(PROXY, f"{CLIENT}, 10.0.0.3, 127.0.0.1")) == CLIENT
    assert address.of(request(PROXY, CLIENT, "10.0.0.3")) == CLIENT, "several fields are one list"


def test_a_client_in_a_trusted_network_is_itself() -> None:
    assert address.of(request(PROXY, "10.0.0.77")) == "10.0.0.77"
    assert address.of(request(PROXY, "10.0.0.77, 10.0.0.3")) == "10.0.0.77"
    assert address.of(request(PROXY)) == PROXY


def test_attack_an_untrusted_peer_names_somebody_else() -> None:
    assert address.of(request(CLIENT, VICTIM)) == CLIENT
    assert address.of(request(CLIENT, f"{VICTIM}, {PROXY}")) == CLIENT
    assert address.of(request("10.0.1.2", VICTIM)) == "10.0.1.2", "next to the trusted network"


def test_attack_the_leftmost_is_made_up_through_a_trusted_proxy() -> None:
    assert address.of(request(PROXY, f"{VICTIM}, {CLIENT}")) == CLIENT
    assert address.of(request(PROXY, VICTIM, CLIENT)) == CLIENT
    assert address.of(request(PROXY, f"{VICTIM}, 10.0.0.3, {CLIENT}")) == CLIENT
    assert address.of(request(PROXY, f"rubbish,,\x00, {CLIENT}")) == CLIENT


def test_attack_other_fields_name_somebody_else() -> None:
    scope = request(
        PROXY,
        CLIENT,
        forwarded=f"for={VICTIM};proto=https;host=evil.example",
        x_real_ip=VICTIM,
        x_forwarded_proto="https",
        x_forwarded_host="evil.example",
        true_client_ip=VICTIM,
        client_ip=VICTIM,
    )
    before = dict(scope)
    assert address.of(scope) == CLIENT
    assert scope == before, "no scheme, no host, no client is taken over"
    assert address.of(request(PROXY, forwarded=f"for={VICTIM}", x_real_ip=VICTIM)) == PROXY


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        " ",
        ",",
        f"{CLIENT},",
        "unknown",
        "_hidden",
        "localhost",
        "evil.example",
        f"{CLIENT}:443",
        "[2001:db8::1]",
        "[2001:db8::1]:443",
        f'"{CLIENT}"',
        f"for={CLIENT}",
        f"{CLIENT}/32",
        "203.0.113.05",
        "203.0.113.256",
        "0xcb007105",
        f"{CLIENT}\r\nX-Injected: 1",
        f"{CLIENT} {VICTIM}",
        f"{CLIENT};{VICTIM}",
        "%00",
        "2001:db8::1%" + "z" * 1000,
        " " * 10_000 + CLIENT,
        "9" * 60_000,
        b"\xff\xfe\x00",
        "\u0661.1.1.1",
    ],
)
def test_attack_rubbish_through_a_trusted_proxy_is_counted_at_the_proxy(rubbish: str | bytes) -> None:
    assert address.of(request(PROXY, rubbish)) == PROXY


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("::ffff:10.0.0.2", CLIENT, CLIENT),
        ("::ffff:a00:2", f"::ffff:{CLIENT}", CLIENT),
        (PROXY, f"{CLIENT}, ::ffff:10.0.0.3", CLIENT),
        ("fd00::2%eth0", CLIENT, CLIENT),
        ("fd00::2", "fe80::1%eth0", "fe80::1"),
        ("fd00:0:0:1::2", CLIENT, "fd00:0:0:1::2"),
        ("::ffff:203.0.113.9", CLIENT, "203.0.113.9"),
        ("::a00:2", CLIENT, "::a00:2"),  # not the same as ::ffff:a00:2
        ("64:ff9b::a00:2", CLIENT, "64:ff9b::a00:2"),
    ],
)
def test_attack_forms_of_ipv6(peer: str, forwarded: str, expected: str) -> None:
    assert address.of(request(peer, forwarded)) == expected


def test_attack_a_thousand_hops() -> None:
    hops = ", ".join(["10.0.0.3"] * 1000)
    assert address.of(request(PROXY, f"{VICTIM}, {hops}")) == PROXY
    assert address.of(request(PROXY, *[VICTIM] * 1000, CLIENT)) == CLIENT
    assert address.of(request(PROXY, f"{VICTIM}, {', '.join(['10.0.0.3'] * 15)}")) == VICTIM
    assert address.of(request(PROXY, f"{VICTIM}, {', '.join(['10.0.0.3'] * 16)}")) == PROXY


def test_attack_a_megabyte_of_commas_takes_no_time() -> None:
    begin = time.process_time()
    assert address.of(request(PROXY, "," * 10**6)) == PROXY
    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize("peer", [None, "", "testclient", "/run/securevision.sock"])
def test_a_peer_that_has_no_address_is_unknown_and_trusted_by_nobody(peer: str | None) -> None:
    assert ClientAddress([ip_network("0.0.0.0/0"), ip_network("::/0")]).of(request(peer, VICTIM)) == "unknown"


@given(st.ip_addresses(), st.lists(st.text() | st.ip_addresses().map(str)))
def test_whatever_is_sent_there_is_an_address_and_an_untrusted_peer_is_itself(
    peer: IPv4Address | IPv6Address, forwarded: list[str]
) -> None:
    sent = [each.encode("utf-8", "surrogatepass") for each in forwarded]
    direct = ClientAddress([]).of(request(str(peer), *sent))
    assert direct == str(peer) or isinstance(ip_address(direct), IPv4Address)
    assert str(ip_address(address.of(request(PROXY, *sent)))) == address.of(request(PROXY, *sent))
