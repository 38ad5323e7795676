"""SOAP 1.2 messages as ONVIF uses them (ONVIF Core 5, WS-Security UsernameToken Profile 1.0)."""

import hashlib
from base64 import b64encode
from datetime import UTC, datetime
from html import escape

from securevision.cameras.authentication import Login
from securevision.cameras.onvif.element import NAMESPACES, Element, Malformed, parse_element

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_UNAUTHORIZED = frozenset({"NotAuthorized", "FailedAuthentication"})
"""Subcodes of ONVIF (Core 5.11.2) and of WS-Security."""


class Fault(Exception):
    """The camera says no. Its own words are not kept: they may hold anything."""

    def __init__(self, *, unauthorized: bool = False) -> None:
        super().__init__()
        self.unauthorized = unauthorized


def envelope(body: str, header: str = "") -> bytes:
    """Return a message; `body` and `header` are XML with the prefixes of `NAMESPACES`."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope {declared}>'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode(errors="replace")


def username_token(login: Login, created_ms: int, nonce: bytes) -> str:
    """Return the header that proves who asks, without the password.

    `created_ms` is the time by the camera's own clock, which refuses what is older than some seconds.
    """
    created = datetime.fromtimestamp(created_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    secret = nonce + created.encode() + login.password.encode(errors="replace")
    digest = b64encode(hashlib.sha1(secret, usedforsecurity=False).digest())  # the profile's only hash
    number = b64encode(nonce)
    return (
        f'<w:Security xmlns:w="{_OASIS}wssecurity-secext-1.0.xsd" xmlns:u="{_OASIS}wssecurity-utility-1.0.xsd"'
        ' s:mustUnderstand="1"><w:UsernameToken>'
        f"<w:Username>{escape(login.username)}</w:Username>"
        f'<w:Password Type="{_OASIS}username-token-profile-1.0#PasswordDigest">{digest.decode()}</w:Password>'
        f'<w:Nonce EncodingType="{_OASIS}soap-message-security-1.0#Base64Binary">{number.decode()}</w:Nonce>'
        f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )


def content(document: bytes) -> Element:
    """Return what the body of a message holds. Raises Fault, Malformed."""
    root = parse_element(document)
    body = root.find("s:Body")
    if root.name != "s:Envelope" or body is None or not body.children:
        raise Malformed("no SOAP message")
    if body.children[0].name == "s:Fault":
        raise Fault(unauthorized=not _UNAUTHORIZED.isdisjoint(_codes(body.children[0])))
    return body.children[0]


def _codes(fault: Element) -> set[str]:
    """Return the codes of a fault, from the general to the particular, without their prefixes."""
    codes = set()
    code = fault.find("s:Code")
    while code is not None:
        codes.add(code.text_at("s:Value").rpartition(":")[2])
        code = code.find("s:Subcode")
    return codes
