import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.telemetry.redaction import redact

CANARY = "Zq7Xj9Wv"
around = st.text(st.sampled_from("abc @:/?#'\"=&,;()[]{}<>%.\\"), max_size=12)
in_word = st.text(st.sampled_from("abcXYZ019@:/?'\"%.\\!$*+~_-"), max_size=8)
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


@given(shape=shapes, before=around, left=in_word, right=in_word, after=around)
def test_a_secret_in_any_known_shape_is_hidden(
    shape: str, before: str, left: str, right: str, after: str
) -> None:
    line = f"{before} {shape.format(left + CANARY + right)} {after}"
    assert CANARY not in redact(line)


@given(
    prefix=st.sampled_from(["sv_api_", "sv_page_", "sv_"]),
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
    assert seconds(400_000) < 9 * seconds(100_000) + 0.02
