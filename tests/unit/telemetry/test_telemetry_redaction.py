import json
import time
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.access.tokens import mint_recovery_code
from securevision.telemetry.redaction import redact

CANARY = "Zq7Xj9Wv"
around = st.text(st.sampled_from("abc @:/?#'\"=&,;()[]{}<>%.\\"), max_size=12)
in_word = st.text(st.sampled_from("abcXYZ019@:/?'\"%.\\!$*+~_-"), max_size=8)
plain = st.text(st.sampled_from("abcXYZ019_-"), max_size=8)
shapes = st.sampled_from(
    [
        "rtsp://admin:{}@10.0.0.5:554/x",
        "rtsp://{}@cam/x",
        "[Errno 1] refused: 'rtsp://admin:p@ss:{}@cam/x'",
        "postgresql+psycopg://user:{}@db/x",
        "http://cam/cgi?user=a&password={}",
        "http://cam/cgi?x=1&token={}&y=2",
        "rtsp://cam/user=admin_password={}_channel=1",
        "password: {}",
        '{{"password": "{}"}}',
        "auth_token={}",
        "Authorization: Bearer {}",
        "Authorization: Basic {}",
        "authorization: {}",
        "'authorization': 'Digest username=\"admin\", response=\"{}\"'",
        "(b'cookie', b'session={}')",
        "Set-Cookie: sv_session={}; HttpOnly",
        "X-API-Key: {}",
        "sent bearer {} to it",
    ]
)
encoded_shapes = st.sampled_from(
    [
        r"rtsp:\/\/admin:{}@cam\/x",
        r"rtsp:\u002f\u002fadmin:{}\u0040cam",
        "rtsp%3A%2F%2Fadmin%3A{}%40cam%2Fx",
        "rtsp%3a%2f%2fadmin%3a{}%40cam%2fx",
        "rtsp%253A%252F%252Fadmin%253A{}%2540cam",
        "rtsp://admin:{}%40cam/x",
        "otpauth://totp/SecureVision:ada?secret={}&issuer=SecureVision",
        "otpauth%3A%2F%2Ftotp%2Fada%3Fsecret%3D{}%26issuer",
        "otpauth:{}",
        "next=password%3D{}",
        r'"{{\\\"token\\\":\\\"{}\\\"}}"',
        "password_hash=$argon2id$v=19$m=65536,t=3,p=1${}",
        "recovery code: {}",
        "recovery_code={}",
        "totp={}",
        "Cookie: a=1; __Host-sv={}; b=2",
        "Set-Cookie: __Host-sv={}; Max-Age=43200; Path=/; Secure",
        "Basic%20{}",
        "digest username=admin, realm=x, response={}",
        r"\"Authorization\": \"Bearer {}\"",
        "Sec-WebSocket-Protocol: securevision.v1, ticket.{}",
        "subprotocols ['securevision.v1', 'ticket.{}']",
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
    ]
)


@given(shape=shapes, before=around, left=in_word, right=in_word, after=around)
def test_a_secret_in_any_known_shape_is_hidden(
    shape: str, before: str, left: str, right: str, after: str
) -> None:
    line = f"{before} {shape.format(left + CANARY + right)} {after}"
    assert CANARY not in redact(line)


@given(shape=encoded_shapes, before=around, left=plain, right=plain, after=around)
def test_a_secret_in_an_encoded_shape_is_hidden(
    shape: str, before: str, left: str, right: str, after: str
) -> None:
    line = f"{before} {shape.format(left + CANARY + right)} {after}"
    assert CANARY not in redact(line)


@given(
    name=st.sampled_from(["password", "new_password", "token", "recovery_code", "clientSecret"]),
    left=st.text(max_size=20),
    right=st.text(max_size=20),
    before=around,
)
def test_a_secret_of_any_text_is_hidden_as_json_and_as_python_writes_it(
    name: str, left: str, right: str, before: str
) -> None:
    """Spaces, quotes and backslashes in it too: a passphrase has them."""
    whole = {"user": "ada", name: f"{left}{CANARY}{right}", "more": 1}
    for line in (
        json.dumps(whole),
        json.dumps(json.dumps(whole)),
        json.dumps([json.dumps(json.dumps(whole))]),
    ):
        assert CANARY not in redact(f"{before} {line}")
    assert CANARY not in redact(f"{before} {whole}")


@given(before=around, secret=st.text(st.sampled_from("aZ09_-"), max_size=60), after=around)
def test_a_cookie_of_ours_is_hidden_where_nothing_says_that_it_is_one(
    before: str, secret: str, after: str
) -> None:
    assert CANARY not in redact(f"{before} __Host-sv={CANARY}{secret} {after}")
    assert CANARY not in redact(f"{before} __Host-sv-device={CANARY}{secret} {after}")


@given(entropy=st.binary(min_size=15, max_size=15), before=st.sampled_from(["", "used ", "'", "code:"]))
def test_a_recovery_code_as_it_is_shown_is_hidden(entropy: bytes, before: str) -> None:
    code = mint_recovery_code(lambda _length: entropy)
    for written in (code, code.upper()):
        assert written not in redact(f"{before}{written} was used")


@given(
    st.binary(min_size=6, max_size=60), st.sampled_from(["Basic {}", "authorization: basic {}", "Basic+{}"])
)
def test_basic_credentials_are_hidden_as_they_are_sent(login: bytes, shape: str) -> None:
    sent = b64encode(b"ada:" + login).decode()
    assert sent not in redact(shape.format(sent))


@given(
    prefix=st.sampled_from(["sv_api_", "sv_page_", "sv_pat_", "sv_"]),
    before=around,
    tail=st.text(st.sampled_from("aZ09_-"), max_size=40),
)
def test_our_own_tokens_are_hidden_anywhere(prefix: str, before: str, tail: str) -> None:
    assert CANARY not in redact(f"{before}{prefix}{CANARY}{tail}")


@given(st.text())
def test_the_result_is_one_line_that_steers_no_terminal(text: str) -> None:
    clean = redact(text)
    assert len(clean.splitlines()) <= 1
    assert not any((ord(c) < 32 and c != "\t") or 0x7F <= ord(c) <= 0x9F for c in clean)
    clean.encode()


@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_redacting_twice_hides_no_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Camera gate is live at 5 fps.", "Camera gate is live at 5 fps."),
        ("open rtsp://admin:p@ss@cam/x?channel=1", "open rtsp://***@cam/x?channel=1"),
        ("open rtsp://admin:pa/ss@cam/x now", "open rtsp://*** now"),
        ("open rtsp://cam:554/x", "open rtsp://cam:554/x"),
        ("see https://localhost:8443/events?limit=10", "see https://localhost:8443/events?limit=10"),
        ("a\r\nINFO forged\x1b[31m", "a\\x0d\\x0aINFO forged\\x1b[31m"),
        ("evil\u202etxt\u2028next", "evil\\u202etxt\\u2028next"),
        ("Mail to a@b.example", "Mail to a@b.example"),
        ("GET /events?cursor=abc%2Fdef%3A1", "GET /events?cursor=abc%2Fdef%3A1"),
        ("The password is too short.", "The password is too short."),
        ("3 tokens, 2 sessions; 10 recovery codes", "3 tokens, 2 sessions; 10 recovery codes"),
        ("otpauth://totp/a:b@c?secret=JBSW issued", "otpauth:*** issued"),
        ("a https%3A%2F%2Fu%3Ap%40cam%2Fx b", "a https%3A%2F%2F*** b"),
        ('{"password": "correct horse", "user": "ada"}', '{"password": *** "user": "ada"}'),
        ("Zoë read 中文\t5", "Zoë read 中文\t5"),
    ],
)
def test_what_is_left(text: str, clean: str) -> None:
    assert redact(text) == clean


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "rtsp://",
        "://",
        "@",
        "a.b-c+",
        "password",
        "password ",
        "authorization:",
        "bearer ",
        "?key=",
        "sv_",
        "=",
        " ",
        "\n",
        "x@://",
        "\\",
        "\\/",
        ":\\",
        "%25",
        "%2525",
        "%253a%252f%252f",
        "%40",
        "\\u0040",
        "otpauth:",
        "__Host-",
        "__Host-a",
        "cookie\\\\",
        'password="\\',
        'token=\\"',
        "token '",
        "recovery code ",
        "digest username=",
        "ticket.",
        "abcd-",
        "$argon2",
        "PRIVATE KEY-----",
        "-----BEGIN ",
    ],
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        best = float("inf")
        for _ in range(3):
            begin = time.process_time()
            redact(text)
            best = min(best, time.process_time() - begin)
        return best

    # Four times the text; quadratic work would take sixteen times as long.
    assert seconds(160_000) < 9 * seconds(40_000) + 0.02
