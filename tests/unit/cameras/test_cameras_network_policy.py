import socket
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securevision.cameras.addresses import SourceAddress, parse_address
from securevision.cameras.network_policy import MAX_ADDRESSES, NetworkPolicy, system_lookup
from securevision.errors import InvalidInput, SourceRefused

CAMERA = parse_address("rtsp://admin:hunter2@cam.test:8554/x")
ipv4 = st.ip_addresses(v=4)
ipv6 = st.ip_addresses(v=6)
tricky_ipv4 = st.sampled_from(
    ["127.0.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1", "10.1.2.3", "198.18.0.1"]
).map(IPv4Address)


def answering(*addresses: str) -> NetworkPolicy:
    """Return a policy whose resolver says this."""
    return NetworkPolicy(lookup=lambda _host, _port: addresses)


def is_refused(address: object) -> bool:
    try:
        answering(str(address)).pin(CAMERA, 5.0)
    except SourceRefused:
        return True
    return False


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("127.0.0.1", "a loopback address"),
        ("127.1", "a loopback address"),
        ("127.255.255.254", "a loopback address"),
        ("0x7f000001", "a loopback address"),
        ("2130706433", "a loopback address"),
        ("017700000001", "a loopback address"),
        ("[::1]", "a loopback address"),
        ("[::ffff:127.0.0.1]", "a loopback address"),
        ("[::ffff:7f00:1]", "a loopback address"),
        ("[64:ff9b::7f00:1]", "a loopback address"),
        ("169.254.169.254", "a metadata service"),
        ("0xa9fea9fe", "a metadata service"),
        ("[::ffff:169.254.169.254]", "a metadata service"),
        ("[64:ff9b::a9fe:a9fe]", "a metadata service"),
        ("[fd00:ec2::254]", "a metadata service"),
        ("[fd20:ce::254]", "a metadata service"),
        ("100.100.100.200", "a metadata service"),
        ("168.63.129.16", "a metadata service"),
        ("192.0.0.192", "a metadata service"),
        ("169.254.7.7", "a link-local address"),
        ("[fe80::1]", "a link-local address"),
        ("[fec0::1]", "a link-local address"),
        ("224.0.0.251", "a multicast address"),
        ("[ff02::1]", "a multicast address"),
        ("255.255.255.255", "a broadcast address"),
        ("0.0.0.0", "no address of a machine"),
        ("0", "no address of a machine"),
        ("[::]", "no address of a machine"),
        ("240.0.0.1", "a reserved address"),
        ("192.0.2.1", "a reserved address"),
        ("198.18.0.1", "a reserved address"),
        ("[2001:db8::1]", "a reserved address"),
        ("[::127.0.0.1]", "a reserved address"),
        ("[::ffff:0:7f00:1]", "a reserved address"),
        ("[64:ff9b:1::7f00:1]", "a reserved address"),
        ("[100::1]", "a reserved address"),
        ("[2002:7f00:1::]", "a tunnel to another address"),
        ("[2002:a9fe:a9fe::1]", "a tunnel to another address"),
        ("[2001:0:4136:e378:8000:63bf:80ff:fffe]", "a tunnel to another address"),
        ("[2a00:1450::5efe:7f00:1]", "a tunnel to another address"),
        ("[2a00:1450::200:5efe:a9fe:a9fe]", "a tunnel to another address"),
    ],
)
def test_an_address_that_no_camera_may_have_is_refused_at_once(host: str, kind: str) -> None:
    address = parse_address(f"rtsp://admin:hunter2@{host}/x")
    with pytest.raises(InvalidInput, match=f"leads to {kind}, where no camera may be; ") as caught:
        NetworkPolicy().check(address)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.5",
        "172.16.3.4",
        "192.168.1.20",
        "100.64.0.9",
        "93.184.216.34",
        "[fd12:3456::7]",
        "[2a00:1450::1]",
        "[::ffff:192.168.1.20]",
        "[64:ff9b::c0a8:114]",
        "cam.test",
        "127.0.0.1.test",
        "169.254.169.254.test",
    ],
)
def test_where_cameras_live_is_allowed(host: str) -> None:
    NetworkPolicy().check(parse_address(f"rtsp://{host}/x"))


def test_loopback_alone_can_be_allowed() -> None:
    here = NetworkPolicy(allow_loopback=True)
    for host in ("127.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"):
        here.check(parse_address(f"rtsp://{host}/x"))
    for host in ("169.254.169.254", "0.0.0.0", "[fe80::1]", "[2002:7f00:1::]", "[::127.0.0.1]"):
        with pytest.raises(InvalidInput):
            here.check(parse_address(f"rtsp://{host}/x"))


@given(ipv4 | ipv6)
@example(ip_address("::ffff:0.0.0.0"))
def test_what_the_standard_library_knows_to_be_special_is_refused(address: IPv4Address | IPv6Address) -> None:
    meant = (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
    if meant.is_loopback or meant.is_link_local or meant.is_multicast or meant.is_unspecified:
        assert is_refused(address)
    if meant.is_reserved and address not in IPV4_INSIDE:
        assert is_refused(address)


class _Nat64:
    def __contains__(self, address: object) -> bool:
        return isinstance(address, IPv6Address) and int(address) >> 32 == int(IPv6Address("64:ff9b::")) >> 32


IPV4_INSIDE = _Nat64()


@given(ipv4 | tricky_ipv4)
def test_an_address_inside_another_counts_as_itself(inner: IPv4Address) -> None:
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        assert is_refused(IPv6Address(int(IPv6Address(prefix)) | int(inner))) == is_refused(inner)


@given(st.lists(ipv4 | ipv6 | tricky_ipv4, min_size=1, max_size=5))
def test_one_bad_address_of_a_name_spoils_all(addresses: list[IPv4Address | IPv6Address]) -> None:
    texts = tuple(map(str, addresses))
    if not any(map(is_refused, addresses)):
        assert answering(*texts).pin(CAMERA, 5.0) == texts
        return
    with pytest.raises(SourceRefused) as refused:
        answering(*texts).pin(CAMERA, 5.0)
    assert "hunter2" not in str(refused.value)


def test_an_address_with_a_scope_is_judged_like_the_one_without() -> None:
    with pytest.raises(SourceRefused, match="link-local"):
        answering("fe80::1%eth0").pin(CAMERA, 5.0)


def test_a_bad_address_hidden_behind_many_good_ones_is_found() -> None:
    good = [f"10.0.0.{n}" for n in range(1, MAX_ADDRESSES + 2)]
    assert len(answering(*good).pin(CAMERA, 5.0)) == MAX_ADDRESSES
    with pytest.raises(SourceRefused):
        answering(*good, "127.0.0.1").pin(CAMERA, 5.0)


def test_a_name_is_looked_up_once_without_the_brackets_of_its_address() -> None:
    asked: list[tuple[str, int]] = []

    def lookup(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["fd00::5"]

    assert NetworkPolicy(lookup=lookup).pin(parse_address("rtsp://[fd00::5]:99/x"), 5.0) == ["fd00::5"]
    assert asked == [("fd00::5", 99)]


def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    answered = threading.Event()

    def lookup(_host: str, _port: int) -> Sequence[str]:
        answered.wait(10)
        return ["10.0.0.5"]

    with pytest.raises(TimeoutError):
        NetworkPolicy(lookup=lookup).pin(CAMERA, 0.01)
    answered.set()


def test_a_name_that_is_not_found_is_told_apart() -> None:
    def lookup(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(socket.gaierror):
        NetworkPolicy(lookup=lookup).pin(CAMERA, 5.0)


def test_the_systems_resolver_knows_this_machine() -> None:
    assert set(system_lookup("localhost", 554)) <= {"127.0.0.1", "::1"}
    assert NetworkPolicy(allow_loopback=True).pin(address_of("localhost"), 5.0)
    with pytest.raises(SourceRefused, match="loopback"):
        NetworkPolicy().pin(address_of("localhost"), 5.0)


def address_of(host: str) -> SourceAddress:
    return parse_address(f"rtsp://{host}/x")
