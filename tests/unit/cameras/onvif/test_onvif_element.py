import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fakes.onvif_camera import SOAP, TT, fault, message
from securevision.cameras.onvif import element as bounds
from securevision.cameras.onvif.element import Element, Malformed, parse_element, shown
from securevision.cameras.onvif.soap import Fault, content

BILLION_LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "'
    + b"&l;" * 50
    + b'"><!ENTITY n "'
    + b"&m;" * 50
    + b'">]><a>&n;</a>'
)


def test_prefixes_are_ours_whatever_the_document_calls_them() -> None:
    root = parse_element(
        f'<tt:a xmlns:tt="{SOAP}" xmlns:s="{TT}" tt:x="1" y="2"><s:b>1 <c/>2</s:b><tt:b/></tt:a>'.encode()
    )
    assert (root.name, root.attributes) == ("s:a", {"y": "2"})
    assert [child.name for child in root.children] == ["tt:b", "s:b"]
    assert root.text_at("tt:b") == "1 2"
    assert root.find("tt:b/?:c") is not None
    assert root.find("tt:c") is root.find("tt:c/tt:d") is None


@pytest.mark.parametrize(
    "document",
    [
        BILLION_LAUGHS,
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://10.0.0.1/">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
        b"<?php system('x') ?><a/>",
        b"<a>&undefined;</a>",
        b"<a>&#0;</a>",
        b"<a/><a/>",
        b"<x:a/>",
        b"<a",
        b"",
        b"\x00<a/>",
        '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"),
        b"<a>" * bounds.MAX_DEPTH + b"<b/>" + b"</a>" * bounds.MAX_DEPTH,
        b"<a>" * 80_000,
        b"<a>" + b"<b/>" * bounds.MAX_ELEMENTS + b"</a>",
        b"<a " + b" ".join(b'b%d=""' % each for each in range(bounds.MAX_ATTRIBUTES + 1)) + b"/>",
        b'<a xmlns="' + b"x" * (bounds.MAX_NAMESPACE + 1) + b'"/>',
        b"<a>" + b'<b xmlns="x"/>' * (bounds.MAX_NAMESPACES + 1) + b"</a>",
        b"<a>" + b" " * bounds.MAX_BYTES + b"</a>",
    ],
)
def test_what_is_refused(document: bytes) -> None:
    with pytest.raises(Malformed):
        parse_element(document)


def test_the_largest_that_is_read() -> None:
    depth = bounds.MAX_DEPTH - 1
    deep = b"<a>" * depth + b"<b/>" + b"</a>" * depth
    assert parse_element(deep).find("/".join(["?:a"] * (depth - 1) + ["?:b"])) is not None
    wide = b"<a>" + b"<b/>" * (bounds.MAX_ELEMENTS - 1) + b"</a>"
    assert len(parse_element(wide).children) == bounds.MAX_ELEMENTS - 1


@pytest.mark.parametrize(
    "document",
    [
        b'<a xmlns="' + b"x" * bounds.MAX_NAMESPACE + b'">' + b"<b/>" * 16_000 + b"</a>",
        b"<a>" + b"<!---->" * 37_000 + b"</a>",
        b"<a>" + b"&amp;" * 52_000 + b"</a>",
        b"<a>" + b"\n" * 262_000 + b"</a>",
        b"<" + b"a" * 262_000 + b"/>",
        b"<a " + b'b="' + b"&lt;" * 65_000 + b'"/>',
        b"<a>" + b"<![CDATA[]]>" * 21_000 + b"</a>",
    ],
)
def test_nothing_takes_long(document: bytes) -> None:
    begin = time.process_time()
    parse_element(document)
    assert time.process_time() - begin < 1.0


def test_other_encodings_lose_their_letters_and_nothing_else() -> None:
    document = '<?xml version="1.0" encoding="GB2312"?><a><b>门口</b><c>1</c></a>'.encode("gb2312")
    root = parse_element(document)
    assert "\ufffd" in root.text_at("?:b")
    assert root.text_at("?:c") == "1"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("25", 25.0),
        (" 29.97 ", 29.97),
        ("-1", 0.0),
        ("1e9", 0.0),
        ("nan", 0.0),
        ("inf", 0.0),
        ("", 0.0),
        ("x", 0.0),
    ],
)
def test_numbers(text: str, number: float) -> None:
    assert parse_element(f"<a><b>{text}</b></a>".encode()).number_at("?:b", 1000) == number


@given(st.text(), st.integers(1, 64))
@example("a\x1b[31m\n\u202e\x85b", 20)
def test_what_is_shown_is_short_and_steers_nothing(text: str, limit: int) -> None:
    assert len(shown(text, limit)) <= limit
    assert shown(text, limit).isprintable()


trees = st.recursive(
    st.sampled_from(["", "x", "&amp;", "<![CDATA[<]]>", "<!-- -->", "<?p?>", "&x;", "<!DOCTYPE a>"]),
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name.partition(' ')[0]}>",
        st.sampled_from(["a", "SOAP-ENV:Body", "tt:Name", "a xmlns='x'", "b c='d'", "x:y", "SOAP-ENV:Fault"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=20,
)
documents = (
    st.binary(max_size=200)
    | trees.map(str.encode)
    | trees.map(message)
    | st.builds(
        lambda document, position, patch: document[:position] + patch + document[position + len(patch) :],
        st.sampled_from([fault(), message("<tt:a b='c'>d</tt:a>"), BILLION_LAUGHS]),
        st.integers(0, 500),
        st.binary(max_size=8),
    )
)


@given(documents)
def test_any_bytes_are_an_element_or_malformed(document: bytes) -> None:
    try:
        root = parse_element(document)
    except Malformed:
        return
    assert isinstance(root, Element)
    assert b"<!DOCTYPE" not in document or b"<!--" in document or b"CDATA" in document


@given(documents)
def test_any_bytes_are_a_message_a_fault_or_malformed(document: bytes) -> None:
    try:
        assert content(document).name != "s:Fault"
    except (Malformed, Fault):
        return


@pytest.mark.parametrize(
    ("code", "unauthorized"),
    [
        ("ter:NotAuthorized", True),
        ("wsse:FailedAuthentication", True),
        ("NotAuthorized", True),
        ("ter:Other", False),
    ],
)
def test_faults_say_whether_a_login_is_missing_and_nothing_else(code: str, unauthorized: bool) -> None:
    with pytest.raises(Fault) as caught:
        content(fault(code))
    assert caught.value.unauthorized is unauthorized
    assert str(caught.value) == ""


@pytest.mark.parametrize(
    "document",
    [
        message("<tt:a/>").replace(SOAP.encode(), b"http://schemas.xmlsoap.org/soap/envelope/"),
        message(""),
        b"<html><body>hello</body></html>",
        f'<e:Other xmlns:e="{SOAP}"><e:Body><e:a/></e:Body></e:Other>'.encode(),
    ],
)
def test_no_message_of_soap(document: bytes) -> None:
    with pytest.raises(Malformed):
        content(document)
