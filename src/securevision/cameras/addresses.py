"""Where a source is, and how to say so without its secrets."""

import re
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote

from securevision.errors import InvalidInput

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935}

_NETWORK = re.compile(r"(?i)(rtsps?|https?|rtmp)://([^/?#]*)(.*)\Z", re.DOTALL)
_ANY_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://|(?i:rtsps?|https?|rtmp):")
_DEVICE = re.compile(r"/dev/video[0-9]{1,3}")
_PLAIN_PATH = re.compile(r"/(?!/)|\.{1,2}/|[A-Za-z]:\\")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_SECRET_IN_PATH = re.compile(
    r"(?i)((?:user|usr|login|pass|pwd|psw|token|key|auth|secret|sig)\w*?=).*", re.DOTALL
)
_PLAIN_PARAMETERS = frozenset(
    {"channel", "chan", "camera", "profile", "stream", "streamtype", "subtype", "unicast"}
)
_PLAIN_VALUE = re.compile(r"[a-z]{1,7}|[0-9]{1,3}")


class Scheme(StrEnum):
    """The kinds of source."""

    RTSP = "rtsp"
    RTSPS = "rtsps"
    HTTP = "http"
    """MJPEG."""
    HTTPS = "https"
    RTMP = "rtmp"
    DEVICE = "device"
    """A camera at this machine: V4L2, on Linux alone."""
    FILE = "file"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """A parsed address. Only `display` may be shown; `repr` holds no secret either."""

    scheme: Scheme
    display: str
    """The address without user, password and the values of its query that may be secret."""
    path: Path | None = None
    """Of a file or device."""
    host: str = ""
    port: int = 0
    """Of a camera in the network."""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    target: str = field(default="", repr=False)
    """Path and query of a camera in the network, as they were written."""


def parse_address(text: str) -> SourceAddress:
    """Parse `rtsp://`, `rtsps://`, `http://`, `https://`, `rtmp://`, `device:`, `file:`, `demo:` or a plain path.

    User and password may be percent-encoded or raw, with '@' and ':' in the password; an RTMP address has none.
    Raises InvalidInput; its sentence never repeats what was given.
    """
    text = text.strip()
    if not text or "\0" in text:
        raise InvalidInput(
            "The camera address is empty; give an rtsp://, http:// or rtmp:// address, demo: or the path of a video."
        )
    if text.lower() in ("demo:", "demo://"):
        return SourceAddress(Scheme.DEMO, "demo:")
    if text.lower().startswith("file:"):
        return _file(_path_of_url(text[len("file:") :]))
    if text.lower().startswith("device:"):
        return _device(text[len("device:") :])
    if _DEVICE.fullmatch(text):
        return _device(text)
    if network := _NETWORK.fullmatch(text):
        return _camera(Scheme(network[1].lower()), network[2], network[3])
    if _ANY_SCHEME.match(text):
        raise InvalidInput(
            "The camera address has a scheme that is not known; "
            "use rtsp://, rtsps://, http://, https://, rtmp://, device:, file:, demo: or a path."
        )
    if "@" in text and not _PLAIN_PATH.match(text):
        # A login whose scheme was forgotten or mistyped would be kept and shown as the name of a file.
        raise InvalidInput(
            "The camera address has an '@' and no scheme that is known; "
            "write rtsp:// or http:// before it, or file: before the path of a video."
        )
    return _file(text)


def _path_of_url(rest: str) -> str:
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.lower() not in ("", "localhost") or not slash:
            raise InvalidInput("The file: address names another machine; write file:///path/to/video.mp4.")
        rest = slash + path
    rest = unquote(rest)
    if not rest or "\0" in rest:
        raise InvalidInput("The file: address has no path; write file:///path/to/video.mp4.")
    return rest


def _file(path: str) -> SourceAddress:
    return SourceAddress(Scheme.FILE, path, path=Path(path))


def _device(path: str) -> SourceAddress:
    if not _DEVICE.fullmatch(path):
        raise InvalidInput("The device: address names no video device; write device:/dev/video0.")
    if sys.platform != "linux":
        raise InvalidInput(
            "A camera at this machine can be used on Linux alone; give one that is in the network."
        )
    return SourceAddress(Scheme.DEVICE, f"device:{path}", path=Path(path))


def _camera(scheme: Scheme, authority: str, target: str) -> SourceAddress:
    if "@" in target:
        # Either a '/', '?' or '#' in a raw password, or an '@' in the path: guessing wrong would show a password.
        raise InvalidInput(
            "The camera address has an '@' after its first '/'; "
            "write '/' in a password as %2F and '@' in a path as %40."
        )
    if not (authority + target).isprintable() or " " in authority + target:
        raise InvalidInput(
            "The camera address has a space or a character in it that cannot be shown; write a space as %20."
        )
    userinfo, at, location = authority.rpartition("@")
    if at and scheme is Scheme.RTMP:
        raise InvalidInput(
            "An RTMP address has no user name and password before its host; "
            "write them into its path or query, as the camera's manual says."
        )
    host, port = _host_and_port(location, scheme)
    raw_username, _, raw_password = userinfo.partition(":")
    username, password = _decoded(raw_username), _decoded(raw_password)
    if ":" in username:
        raise InvalidInput("The user name in the camera address has a ':' in it, which no login can carry.")
    target = target.partition("#")[0]
    return SourceAddress(
        scheme,
        f"{scheme}://{location}{_safe_target(target)}",
        host=host,
        port=port,
        username=username,
        password=password,
        target=target,
    )


def _host_and_port(location: str, scheme: Scheme) -> tuple[str, int]:
    host, colon, port = location.rpartition(":") if not location.endswith("]") else (location, "", "")
    if not colon:
        host = location
    if not _HOST.fullmatch(host):
        login = "" if scheme is Scheme.RTMP else "user:password@"
        raise InvalidInput(
            f"The camera address has no valid host; write {scheme}://{login}host:{DEFAULT_PORTS[scheme]}/path."
        )
    if not colon:
        return host, DEFAULT_PORTS[scheme]
    if not (port.isascii() and port.isdecimal() and len(port) <= len("65535") and 0 < int(port) < 1 << 16):
        raise InvalidInput("The port in the camera address is not a number from 1 to 65535.")
    return host, int(port)


def _decoded(text: str) -> str:
    """Undo percent-encoding, unless the text cannot have been encoded."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return text
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
    if re.search(r"[\x00-\x1f\x7f-\x9f]", plain):
        raise InvalidInput("User name or password in the camera address has a control character in it.")
    return plain


def _safe_target(target: str) -> str:
    """Return path and query with every value hidden that is not known to be harmless."""
    path, question, query = target.partition("?")
    path = _SECRET_IN_PATH.sub(r"\1***", path)
    return path + question + "&".join(_safe_parameter(each) for each in query.split("&"))


def _safe_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    if name.lower() in _PLAIN_PARAMETERS and _PLAIN_VALUE.fullmatch(value.lower()):
        return parameter
    return f"{name}=***" if equals and _PLAIN_VALUE.fullmatch(name) else "***" if parameter else ""
