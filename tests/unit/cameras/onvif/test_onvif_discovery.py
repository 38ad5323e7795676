from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.cameras.onvif.discovery import (
    Answer,
    Discovered,
    merge_answers,
    parse_probe_match,
    probe_message,
)
from securevision.cameras.onvif.element import parse_element

NAMES = (
    'xmlns:E="http://www.w3.org/2003/05/soap-envelope" xmlns:A="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:D="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:N="http://www.onvif.org/ver10/network/wsdl"'
)
SCOPES = (
    "onvif://www.onvif.org/type/ptz onvif://www.onvif.org/name/Front%20door onvif://www.onvif.org/hardware/X1"
)


def probe_match(
    addresses: str = "http://192.168.1.5/onvif/device_service",
    *,
    endpoint: str = "urn:uuid:1",
    types: str = "N:NetworkVideoTransmitter",
    scopes: str = SCOPES,
) -> bytes:
    return (
        f"<E:Envelope {NAMES}><E:Header><A:RelatesTo>x</A:RelatesTo></E:Header><E:Body><D:ProbeMatches><D:ProbeMatch>"
        f"<A:EndpointReference><A:Address>{endpoint}</A:Address></A:EndpointReference><D:Types>{types}</D:Types>"
        f"<D:Scopes>{scopes}</D:Scopes><D:XAddrs>{addresses}</D:XAddrs><D:MetadataVersion>1</D:MetadataVersion>"
        "</D:ProbeMatch></D:ProbeMatches></E:Body></E:Envelope>"
    ).encode()


def test_the_question() -> None:
    number = UUID(int=7)
    root = parse_element(probe_message(number))
    assert root.text_at("s:Header/a:MessageID") == f"urn:uuid:{number}"
    assert root.text_at("s:Header/a:Action") == "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe"
    assert root.text_at("s:Header/a:To") == "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
    assert root.text_at("s:Body/d:Probe/d:Types") == "dn:NetworkVideoTransmitter"
    assert len(probe_message(uuid4())) < 1400


def test_what_an_answer_says() -> None:
    found = parse_probe_match(probe_match(types="D:Device N:NetworkVideoTransmitter"))
    assert found == Discovered("urn:uuid:1", "Front door", "X1", ("http://192.168.1.5/onvif/device_service",))


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"x" * 70_000,
        b"<!DOCTYPE a>" + probe_match(),
        probe_match(types="N:Printer"),
        probe_match(types="NetworkVideoTransmitterX"),
        probe_match(addresses=""),
        probe_match(
            addresses="file:///etc/passwd rtsp://192.168.1.5/ http://[x http:// http://192.168.1.5:0/"
        ),
        probe_match(addresses="x" * 60_000),
        probe_match().replace(b"2005/04/discovery", b"2009/01/discovery"),
        probe_match().replace(b"2003/05/soap-envelope", b"2099/05/soap-envelope"),
        probe_match().replace(b"ProbeMatch>", b"Hello>"),
        probe_match().replace(b"E:Envelope", b"E:Other"),
        probe_message(UUID(int=1)),
    ],
)
def test_what_is_no_camera(datagram: bytes) -> None:
    assert parse_probe_match(datagram) is None


def test_addresses_are_cleaned_and_counted() -> None:
    many = " ".join(f"http://u:p@192.168.1.5:{port}/x?y#z" for port in range(80, 100))
    found = parse_probe_match(probe_match(addresses=f"http://192.168.1.5:80/x  {many}"))
    assert found is not None
    assert found.addresses == tuple(f"http://192.168.1.5:{port}/x" for port in range(80, 88))


def test_texts_are_short_and_steer_nothing() -> None:
    scopes = "onvif://www.onvif.org/name/%1b%5b31m%0a" + "x" * 500
    found = parse_probe_match(probe_match(scopes=scopes, endpoint="\u202e" + "y" * 500))
    assert found is not None
    assert found.name.isprintable()
    assert len(found.name) == 64
    assert found.endpoint.isprintable()
    assert len(found.endpoint) == 256


def test_the_list_around_an_answer_may_be_missing() -> None:
    bare = probe_match().replace(b"<D:ProbeMatches>", b"").replace(b"</D:ProbeMatches>", b"")
    assert parse_probe_match(bare) == parse_probe_match(probe_match())


def test_without_an_endpoint_the_address_tells_cameras_apart() -> None:
    found = parse_probe_match(probe_match(endpoint=""))
    assert found is not None
    assert found.endpoint == "http://192.168.1.5/onvif/device_service"


def test_a_camera_is_where_its_answer_came_from() -> None:
    lie = Answer("192.168.1.66", probe_match())
    half = Answer("192.168.1.5", probe_match("http://10.0.0.1/x http://192.168.1.5/x http://192.168.1.50/x"))
    assert merge_answers([lie]) == ()
    assert [each.addresses for each in merge_answers([lie, half])] == [("http://192.168.1.5/x",)]


def test_a_camera_that_answers_often_is_one() -> None:
    answers = [
        Answer("192.168.1.5", probe_match("http://192.168.1.5/x")),
        Answer("192.168.1.6", probe_match("http://192.168.1.6/x", endpoint="other")),
        Answer("10.0.0.5", probe_match("http://10.0.0.5/x", scopes="onvif://www.onvif.org/name/Liar")),
        Answer("192.168.1.5", probe_match("http://192.168.1.5/x")),
        *(
            Answer("192.168.1.5", probe_match(f"http://192.168.1.5:{port}/x", scopes=""))
            for port in range(81, 99)
        ),
    ]
    one, other, _ = merge_answers(answers)
    assert one.name == "Front door"
    assert one.addresses[:2] == ("http://192.168.1.5/x", "http://192.168.1.5:81/x")
    assert len(one.addresses) == 8
    assert other.endpoint == "other"


def test_who_claims_the_endpoint_of_a_camera_does_not_take_its_place() -> None:
    theirs = " ".join(f"http://192.168.1.66:{port}/x" for port in range(80, 88))
    liar = Answer("192.168.1.66", probe_match(theirs, scopes="onvif://www.onvif.org/name/Liar"))
    camera = Answer("192.168.1.5", probe_match("http://192.168.1.5/x"))
    found = merge_answers([liar, camera])
    assert [(each.name, each.addresses[-1]) for each in found] == [
        ("Liar", "http://192.168.1.66:87/x"),
        ("Front door", "http://192.168.1.5/x"),
    ]


@given(
    st.binary(max_size=300)
    | st.builds(
        lambda good, position, patch, cut: good[:position] + patch + good[position + cut :],
        st.sampled_from([probe_match(), probe_match("http://192.168.1.5:80/x https://[fd00::1]/")]),
        st.integers(0, 900),
        st.binary(max_size=6) | st.sampled_from([b"<", b"]]>", b"&#1;", b"%00", b"%ff", b"://", b"]", b"["]),
        st.integers(0, 20),
    )
)
def test_any_datagram_is_a_camera_or_nothing(datagram: bytes) -> None:
    found = parse_probe_match(datagram)
    if found is not None:
        assert (found.endpoint + found.name + found.hardware + "".join(found.addresses)).isprintable()
        assert all(each.startswith(("http://", "https://")) for each in found.addresses)
    for each in merge_answers([Answer("192.168.1.5", datagram)]):
        assert all(address.split("/")[2].split(":")[0] == "192.168.1.5" for address in each.addresses)
