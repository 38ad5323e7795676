"""Proves to a camera who is asking: Digest and Basic, of RTSP and HTTP (RFC 7616, 7617 and 2617)."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    # As the camera asks for it; the strongest that it offers is taken.
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False),
    "sha-256": hashlib.sha256,
}
_NAME = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_SCHEME = re.compile(_NAME)
_PARAMETER = re.compile(rf'({_NAME})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))', re.DOTALL)
_GAP = re.compile(r"[\s,]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a server wants to be proved, and how."""

    scheme: str
    """In lower case."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Names in lower case, values without quotes."""

    def get(self, name: str) -> str | None:
        """Return the first parameter of that name."""
        return next((value for each, value in self.parameters if each == name), None)

    @property
    def algorithm(self) -> str:
        """Of a digest, in lower case and without `-sess`."""
        return (self.get("algorithm") or "MD5").lower().removesuffix("-sess")

    @property
    def strength(self) -> int:
        """More is better; 0 when it cannot be answered. A digest never tells the password, Basic does."""
        if any(_CONTROL.search(value) for _, value in self.parameters):
            return 0
        if self.scheme == "basic":
            return 1
        if self.scheme != "digest" or self.algorithm not in _HASHES or self.get("nonce") is None:
            return 0
        if (qop := self.get("qop")) and "auth" not in re.split(r"[\s,]+", qop.lower()):
            return 0
        return 2 + list(_HASHES).index(self.algorithm)


def parse_challenges(values: Sequence[str]) -> Sequence[Challenge]:
    """Return the challenges in the values of `WWW-Authenticate` (RFC 7235, 4.1), as far as they can be read."""
    return [challenge for value in values for challenge in _parse(value)]


def is_stale(values: Sequence[str]) -> bool:
    """Say whether the login was right and only its nonce too old: the same request may be tried once more."""
    return any((each.get("stale") or "").lower() == "true" for each in parse_challenges(values))


def _parse(value: str) -> Sequence[Challenge]:
    found: list[tuple[str, list[tuple[str, str]]]] = []
    position = _end_of(_GAP, value, 0)
    while position < len(value):
        if found and (parameter := _PARAMETER.match(value, position)):
            name, quoted, plain = parameter.groups()
            found[-1][1].append((name.lower(), plain if quoted is None else _ESCAPED.sub(r"\1", quoted)))
            end = parameter.end()
        elif scheme := _SCHEME.match(value, position):
            found.append((scheme[0].lower(), []))
            end = scheme.end()
        else:
            break
        position = _end_of(_GAP, value, end)
    return [Challenge(scheme, tuple(parameters)) for scheme, parameters in found]


def _end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


@dataclass(slots=True, eq=False)
class Login:
    """A user name and a password; counts how often it answered a nonce. Not thread-safe."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    _nonce: str = field(default="", init=False, repr=False)
    _client_nonce: str = field(default="", init=False, repr=False)
    _count: int = field(default=0, init=False, repr=False)

    def answer(self, challenges: Sequence[str], method: str, uri: str) -> str | None:
        """Return the value of `Authorization` for a request, None when nothing that is asked can be answered.

        `challenges` are the values of `WWW-Authenticate`, `uri` is as in the request's first line. The same
        challenges may be answered again for the next request. What text cannot say in UTF-8 is kept as surrogates.
        """
        challenge = max(parse_challenges(challenges), key=lambda each: each.strength, default=None)
        if challenge is None or not challenge.strength or not (self.username or self.password):
            return None
        if challenge.scheme == "basic":
            return f"Basic {base64.b64encode(_bytes(f'{self.username}:{self.password}')).decode()}"
        return self._digest(challenge, method, uri)

    def _digest(self, challenge: Challenge, method: str, uri: str) -> str:
        nonce, realm = challenge.get("nonce") or "", challenge.get("realm") or ""
        if nonce != self._nonce or not self._count:
            self._nonce, self._client_nonce, self._count = nonce, secrets.token_hex(8), 0
        self._count += 1
        count, client_nonce = f"{self._count:08x}", self._client_nonce

        def hashed(*parts: str) -> str:
            return _HASHES[challenge.algorithm](_bytes(":".join(parts))).hexdigest()

        session = (challenge.get("algorithm") or "").lower().endswith("-sess")
        secret = hashed(self.username, realm, self.password)
        if session:
            secret = hashed(secret, nonce, client_nonce)
        asked = hashed(method, uri)
        fields = [("username", self.username), ("realm", realm), ("nonce", nonce), ("uri", uri)]
        if challenge.get("qop"):
            fields.append(("response", hashed(secret, nonce, count, client_nonce, "auth", asked)))
        else:
            fields.append(("response", hashed(secret, nonce, asked)))
        fields += [(name, value) for name in ("opaque",) if (value := challenge.get(name)) is not None]
        text = ", ".join(f"{name}={_quoted(value)}" for name, value in fields)
        if algorithm := challenge.get("algorithm"):
            text += f", algorithm={algorithm}"
        if challenge.get("qop"):
            text += f", qop=auth, nc={count}"
        return f"Digest {text}" + (f', cnonce="{client_nonce}"' if challenge.get("qop") or session else "")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
