"""X.509: the local authority's certificate, and the server certificates that it issues. Does no I/O."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from securevision.errors import InvalidInput

AUTHORITY_LIFE = timedelta(days=3650)
SERVER_LIFE = timedelta(days=397)
"""Below the 398 days that browsers allow, backdating included."""

DOMAINS = ("localhost", "lan", "local", "internal", "home.arpa")
"""Ends of names that belong to nobody on the internet."""
NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)

_BACKDATED = timedelta(hours=1)
"""For devices whose clocks are behind."""
_LABEL = re.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def to_pem(self) -> bytes:
        """Return both in one file, so that no crash can part them."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + self.certificate.public_bytes(Encoding.PEM)

    @classmethod
    def from_pem(cls, content: bytes) -> "Pair":
        """Read what `to_pem` returned. Raises ValueError for anything else, and for a pair that does not match."""
        try:
            key = load_pem_private_key(content, password=None)
        except (TypeError, UnsupportedAlgorithm) as error:
            raise ValueError("the key is encrypted, or of an unknown kind") from error
        certificate = x509.load_pem_x509_certificate(content)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ValueError("the key is not the certificate's")
        return cls(certificate, key)


def general_names(names: Sequence[str]) -> list[x509.GeneralName]:
    """Return host names and IP addresses as a certificate has them.

    Raises InvalidInput for none, and for one that the authority's constraints leave out.
    """
    if not names:
        raise InvalidInput("A certificate needs a host name or an IP address.")
    return [_general_name(name) for name in dict.fromkeys(name.strip().lower().rstrip(".") for name in names)]


def _general_name(name: str) -> x509.GeneralName:
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        labels = name.split(".")
        good = len(name) <= 253 and all(map(_LABEL.fullmatch, labels))  # noqa: PLR2004 - RFC 1035
        if good and any(name == domain or name.endswith(f".{domain}") for domain in DOMAINS):
            return x509.DNSName(name)
    else:
        if any(address in network for network in NETWORKS):
            return x509.IPAddress(address)
    raise InvalidInput(
        f"The local authority makes no certificate for {name!r}: use a private address, or a name that ends in"
        f" {', '.join(DOMAINS[:-1])} or {DOMAINS[-1]}, or bring a certificate of your own."
    )


def make_authority(now: datetime) -> Pair:
    """Return a new authority, which can vouch for private names and addresses of web servers alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # Two authorities in a list of trusted ones can be told apart.
    subject = _subject(f"SecureVision local CA {identifier.digest.hex()[:8]}")
    builder = (
        _builder(subject, subject, key, now - _BACKDATED, now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.NameConstraints(
                permitted_subtrees=[*map(x509.DNSName, DOMAINS), *map(x509.IPAddress, NETWORKS)],
                excluded_subtrees=None,
            ),
            critical=True,
        )
    )
    return Pair(builder.sign(key, hashes.SHA256()), key)


def issue(authority: Pair, names: Sequence[x509.GeneralName], now: datetime) -> Pair:
    """Return a new server certificate, which does not outlive its authority. Does not look at the names."""
    key = ec.generate_private_key(ec.SECP256R1())
    ends = min(now + SERVER_LIFE, authority.certificate.not_valid_after_utc)
    # A common name with a space in it is never taken for a host name.
    subject = _subject("SecureVision server")
    builder = (
        _builder(subject, authority.certificate.subject, key, now - _BACKDATED, ends)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
    )
    return Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begins: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*wanted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in wanted for usage in _USAGES})


def _subject(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "SecureVision"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
