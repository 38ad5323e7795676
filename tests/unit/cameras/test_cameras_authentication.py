import base64
import hashlib
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.cameras.authentication import Login, is_stale, parse_challenges

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
MUFASA = ("Mufasa", "Circle of Life")


def fields_of(answer: str) -> dict[str, str]:
    pairs = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^,]*))', answer)
    return {name: re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in pairs}


def answered(challenges: Sequence[str], login: Login | None = None) -> str:
    answer = (login or Login("admin", "p@ss:word")).answer(challenges, "DESCRIBE", "rtsp://camera:554/a")
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_rfc(monkeypatch: pytest.MonkeyPatch, algorithm: str, response: str) -> None:
    client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr("secrets.token_hex", lambda _: client_nonce)
    answer = Login(*MUFASA).answer([RFC_7616.format(algorithm)], "GET", "/dir/index.html")
    assert answer is not None
    fields = fields_of(answer)
    assert fields["response"] == response
    assert (fields["cnonce"], fields["nc"], fields["qop"]) == (client_nonce, "00000001", "auth")
    assert fields["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def test_the_example_of_the_old_rfc_without_quality_of_protection() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    answer = Login("Mufasa", "CircleOfLife").answer([challenge], "GET", "/dir/index.html")
    assert answer is not None
    fields = fields_of(answer)
    assert fields["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert fields.keys() == {"username", "realm", "nonce", "uri", "response"}


@pytest.mark.parametrize("algorithm", ["MD5-sess", "md5-SESS", "SHA-256-sess"])
@pytest.mark.parametrize("qop", ["auth", None])
def test_a_session_mixes_the_nonces_into_the_secret(algorithm: str, qop: str | None) -> None:
    offered = f', qop="{qop}"' if qop else ""
    fields = fields_of(answered([f'Digest realm="r", nonce="n", algorithm={algorithm}{offered}']))
    hashed = hashlib.sha256 if algorithm.startswith("SHA") else hashlib.md5

    def digest(*parts: str) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    secret = digest(digest("admin", "r", "p@ss:word"), "n", fields["cnonce"])
    asked = digest("DESCRIBE", "rtsp://camera:554/a")
    middle = ("n", "00000001", fields["cnonce"], "auth") if qop else ("n",)
    assert fields["response"] == digest(secret, *middle, asked)
    assert fields["algorithm"] == algorithm


def test_a_nonce_is_counted_and_a_new_one_counted_anew() -> None:
    login = Login("admin", "x")
    challenges = [['Digest realm="r", nonce="one", qop="auth"']] * 3 + [
        ['Digest realm="r", nonce="two", qop="auth"']
    ]
    answers = [fields_of(answered(each, login)) for each in challenges]
    assert [each["nc"] for each in answers] == ["00000001", "00000002", "00000003", "00000001"]
    assert answers[0]["cnonce"] == answers[2]["cnonce"] != answers[3]["cnonce"]
    assert len({each["response"] for each in answers}) == 4


def test_basic_carries_any_password() -> None:
    answer = answered(['Basic realm="camera"'], Login("ädmin", "p:ä\\ß"))
    scheme, _, encoded = answer.partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "ädmin:p:ä\\ß")


@pytest.mark.parametrize(
    ("challenges", "taken"),
    [
        (['Basic realm="r"', 'Digest realm="r", nonce="n"'], "MD5"),
        (['Digest realm="r", nonce="n"', 'digest realm="r", nonce="n", algorithm="SHA-256"'], "SHA-256"),
        (['Basic realm="r", Digest realm="r",nonce="n", algorithm=MD5, Negotiate abc=='], "MD5"),
        (['DIGEST Realm = "r" , Nonce= "n"'], "MD5"),
        (['Digest realm="a \\"b\\", Basic realm=c", nonce="n"'], "MD5"),
        (['Digest realm="r", nonce="n", algorithm=SHA-512-256', 'Basic realm="r"'], "Basic"),
        (['Digest realm="r", nonce="n", qop="auth-int"', "Basic"], "Basic"),
        (['Digest realm="r"', "Basic"], "Basic"),
        (['Digest realm="r", nonce="n\r\nX: y"', "Basic"], "Basic"),
    ],
)
def test_the_strongest_that_can_be_answered_is_taken(challenges: Sequence[str], taken: str) -> None:
    answer = answered(challenges)
    if taken == "Basic":
        assert answer.startswith("Basic ")
    else:
        assert len(fields_of(answer)["response"]) == {"MD5": 32, "SHA-256": 64}[taken]


def test_what_is_quoted_comes_back_as_it_was() -> None:
    fields = fields_of(answered(['Digest realm="a \\"b\\" \\\\ c", nonce="n", opaque=""']))
    assert fields["realm"] == 'a "b" \\ c'
    assert fields["opaque"] == ""


@pytest.mark.parametrize(
    "challenges",
    [[], [""], ["Negotiate"], ['Digest realm="r", nonce="n", algorithm=MD4'], ["=,=;"], ['"Basic"']],
)
def test_what_is_not_known_is_not_answered(challenges: Sequence[str]) -> None:
    assert Login("admin", "x").answer(challenges, "GET", "/") is None


def test_without_a_login_nothing_is_answered() -> None:
    assert Login("", "").answer(["Basic"], "GET", "/") is None
    assert Login("admin", "").answer(["Basic"], "GET", "/") is not None


def test_a_stale_nonce_is_told() -> None:
    assert is_stale(['Basic realm="r", Digest nonce="n", stale=TRUE'])
    assert not is_stale(['Digest nonce="n", stale=false', 'Digest nonce="stale=true"'])


def test_nothing_shows_the_password() -> None:
    login = Login("admin", "hunter2")
    login.answer(['Digest realm="r", nonce="n"'], "GET", "/")
    assert "hunter2" not in repr(login)
    assert "admin" not in repr(login)


pieces = st.sampled_from(
    [
        "Digest",
        "Basic",
        " ",
        ",",
        "=",
        '"',
        "\\",
        'realm="r"',
        "nonce=",
        '"n"',
        "qop=auth",
        "stale=true",
        "\r\n",
        "ä",
    ]
)


@given(st.lists(st.text() | st.lists(pieces).map("".join), max_size=4))
def test_no_challenge_is_too_odd(challenges: list[str]) -> None:
    parse_challenges(challenges)
    is_stale(challenges)
    answer = Login("admin", "p@ss").answer(challenges, "GET", "/")
    assert answer is None or ("p@ss" not in answer and "\n" not in answer)


@pytest.mark.parametrize("piece", ['a="', "a ", 'Digest a="\\"', "=", "a=b,", '"', "a\t \t"])
def test_long_challenges_take_no_long_time(piece: str) -> None:
    Login("admin", "x").answer(["Digest " + piece * 20_000], "GET", "/")
