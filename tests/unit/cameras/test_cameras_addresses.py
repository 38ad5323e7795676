from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securevision.cameras.addresses import Scheme, parse_address
from securevision.errors import InvalidInput

CANARY = "Zq7Xj9Wv"
"""Stands in every secret, and in nothing else."""
awkward = st.text(st.sampled_from("@:%/?#&=+ '\"\\<>[]aé\t\n"), max_size=6)
secrets = st.tuples(awkward, awkward).map(lambda around: around[0] + CANARY + around[1])
sendable = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("rtsp://cam.local/stream", ("", "", "cam.local", 554, "/stream")),
        ("rtsp://10.0.0.5:8554", ("", "", "10.0.0.5", 8554, "")),
        ("RTSP://[fe80::1]:99/x", ("", "", "[fe80::1]", 99, "/x")),
        ("rtsps://[::1]", ("", "", "[::1]", 322, "")),
        ("rtsp://admin:secret@cam/x?channel=1", ("admin", "secret", "cam", 554, "/x?channel=1")),
        ("rtsp://admin:p%40ss@cam/", ("admin", "p@ss", "cam", 554, "/")),
        ("rtsp://admin:p@ss:w0rd@cam/", ("admin", "p@ss:w0rd", "cam", 554, "/")),
        ("rtsp://admin:100%sure@cam/", ("admin", "100%sure", "cam", 554, "/")),
        ("rtsp://admin:%ff@cam/", ("admin", "%ff", "cam", 554, "/")),
        ("rtsp://admin@cam/", ("admin", "", "cam", 554, "/")),
        ("  rtsp://cam/x#frag ", ("", "", "cam", 554, "/x")),
        ("http://cam/video.mjpg?fps=5", ("", "", "cam", 80, "/video.mjpg?fps=5")),
        ("HTTPS://u:p@ss@cam", ("u", "p@ss", "cam", 443, "")),
        ("http://[fd00::5]:8080/x", ("", "", "[fd00::5]", 8080, "/x")),
        (
            "rtmp://cam/live/main?user=me&password=secret",
            ("", "", "cam", 1935, "/live/main?user=me&password=secret"),
        ),
    ],
)
def test_the_parts_of_a_camera_address(text: str, parts: tuple[str, str, str, int, str]) -> None:
    address = parse_address(text)
    assert (address.username, address.password, address.host, address.port, address.target) == parts


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("rtsp://admin:secret@cam:554/x", "rtsp://cam:554/x"),
        ("rtsp://cam/live?channel=1&subtype=0", "rtsp://cam/live?channel=1&subtype=0"),
        ("rtsp://cam/live?channel=1&pwd=secret", "rtsp://cam/live?channel=1&pwd=***"),
        ("rtsp://cam/live?channel=hunter2secret", "rtsp://cam/live?channel=***"),
        ("rtsp://cam/live?hunter2secret", "rtsp://cam/live?***"),
        ("rtsp://cam/user=admin_password=secret_channel=1", "rtsp://cam/user=***"),
        ("http://u:secret@cam:8080/mjpg?pwd=secret", "http://cam:8080/mjpg?pwd=***"),
        (
            "rtmp://cam/bcs/channel0.bcs?channel=0&user=admin&pwd=secret",
            "rtmp://cam/bcs/channel0.bcs?channel=0&user=***&pwd=***",
        ),
        ("rtmp://cam/live/main?hunter2secret", "rtmp://cam/live/main?***"),
        ("/dev/video0", "device:/dev/video0"),
        ("demo:", "demo:"),
        ("/srv/clip.mp4", "/srv/clip.mp4"),
    ],
)
def test_what_is_shown(text: str, display: str) -> None:
    assert parse_address(text).display == display


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("clips/a b.mp4", "clips/a b.mp4"),
        ("concat:a.ts|b.ts", "concat:a.ts|b.ts"),
        ("file:clip.mp4", "clip.mp4"),
        ("file:///srv/a%20b.mp4", "/srv/a b.mp4"),
        ("FILE://localhost/srv/a.mp4", "/srv/a.mp4"),
    ],
)
def test_files(text: str, path: str) -> None:
    address = parse_address(text)
    assert (address.scheme, address.path) == (Scheme.FILE, Path(path))


@pytest.mark.parametrize("text", ["device:/dev/video12", "/dev/video12", " DEVICE:/dev/video12 "])
def test_a_device(text: str) -> None:
    address = parse_address(text)
    assert (address.scheme, address.path) == (Scheme.DEVICE, Path("/dev/video12"))
    assert address.display == "device:/dev/video12"


def test_a_device_is_for_linux_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(InvalidInput, match="Linux"):
        parse_address("/dev/video0")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("ftp://cam/x", "scheme"),
        ("rtmps://cam/x", "scheme"),
        ("rtsp:/cam/x", "scheme"),
        ("http:cam/x", "scheme"),
        ("device:", "video device"),
        ("device:/dev/../etc/passwd", "video device"),
        ("device:/dev/video0/../sda", "video device"),
        ("device:/dev/video1234", "video device"),
        ("device:/dev/video\n0", "video device"),
        ("device:/dev/video٤٢", "video device"),
        ("rtmp://user:pass@cam/live/x", "path or query"),
        ("rtmp://@cam/live/x", "path or query"),
        ("http:///x", "http://user:password@host:80/path"),
        ("rtmp:///x", "rtmp://host:1935/path"),
        ("file://nas/share/a.mp4", "another machine"),
        ("file:", "no path"),
        ("rtsp:///x", "host"),
        ("rtsp://u:p@/x", "host"),
        ("rtsp://-cam/x", "host"),
        ("rtsp://cam:0/x", "port"),
        ("rtsp://cam:65536/x", "port"),
        ("rtsp://cam:5x4/x", "port"),
        ("rtsp://cam:٥٥٤/x", "port"),
        ("rtsp://cam/a b", "space"),
        ("rtsp://u:p%0d%0aX@cam/", "control"),
        ("rtsp://u:pa/ss@cam/x", "%2F"),
        ("rtsp://u:12/34@cam/x", "%2F"),
        ("rtsp://u%3Av:p@cam/x", "':'"),
    ],
)
def test_what_is_refused(text: str, hint: str) -> None:
    with pytest.raises(InvalidInput, match=hint):
        parse_address(text)


@given(username=sendable.filter(lambda name: ":" not in name), password=sendable)
@example(username="admin", password="p@ss:w0rd%2F")
def test_an_encoded_login_comes_through_whole(username: str, password: str) -> None:
    login = f"{quote(username, safe='')}:{quote(password, safe='')}"
    address = parse_address(f"rtsp://{login}@cam:554/x")
    assert (address.username, address.password) == (username, password)
    assert (address.host, address.port, address.target) == ("cam", 554, "/x")


@given(
    secret=secrets,
    encode=st.booleans(),
    scheme=st.sampled_from(["rtsp", "https", "rtmp"]),
    tail=st.sampled_from(["cam/x", "cam:0/x", "", "cam", "cam/a b", "[::1]:1/"]),
)
def test_no_password_is_ever_shown(secret: str, encode: bool, scheme: str, tail: str) -> None:
    shown = describe(f"{scheme}://admin:{quote(secret, safe='') if encode else secret}@{tail}")
    assert CANARY not in shown


@given(
    secret=secrets,
    scheme=st.sampled_from(["rtsp", "http", "rtmp"]),
    name=st.sampled_from(["password", "pwd", "token", "auth", "key", "channel", "x", ""]),
    place=st.sampled_from(["?{}={}", "?channel=1&{}={}", "/user=me_{}={}"]),
)
def test_no_secret_of_the_query_is_ever_shown(secret: str, scheme: str, name: str, place: str) -> None:
    shown = describe(f"{scheme}://cam/live" + place.format(name, secret))
    assert CANARY not in shown


@given(
    st.text(max_size=60)
    | st.tuples(
        st.sampled_from(
            [
                "rtsp://",
                "RTSPS://",
                "rtsp://u:p@cam/",
                "rtsp:",
                "file:",
                "file://",
                "demo:",
                "http://",
                "https://u:p@cam/",
                "rtmp://",
                "device:",
                "device:/dev/video",
                "concat:",
                " ",
            ]
        ),
        st.text(max_size=40) | st.text(st.sampled_from("ab1.:@/?#[]%&=\\\0\n\ud800é \u0665"), max_size=40),
    ).map("".join)
)
def test_any_text_is_an_address_or_refused_in_one_sentence(text: str) -> None:
    try:
        address = parse_address(text)
    except InvalidInput as error:
        sentence = str(error)
        assert sentence.startswith(("The ", "User name"))
        assert sentence.endswith(".")
        assert sentence.isprintable()
        return
    assert (address.path is None) == (address.scheme not in (Scheme.FILE, Scheme.DEVICE))
    if address.host:
        assert 0 < address.port < 65536
        assert address.display.isprintable()


def describe(text: str) -> str:
    """Return everything that may reach a log or a page."""
    try:
        address = parse_address(text)
    except InvalidInput as error:
        return str(error)
    return f"{address.display} {address!r} {address}"
