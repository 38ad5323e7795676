import ssl
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.handshake import Connection, trusting
from securevision.errors import Unavailable
from securevision.vault.certificates import LocalAuthority, ServerFiles
from securevision.vault.tls import expiry_warning, load_server_context, reload

NOW = datetime.now(UTC)
DAY_MS = 86_400_000


@pytest.fixture
def files(tmp_path: Path) -> ServerFiles:
    return made(tmp_path / "first")


def made(folder: Path) -> ServerFiles:
    return LocalAuthority(folder, FakeClock(round(NOW.timestamp() * 1000))).ensure(["localhost", "127.0.0.1"])


def test_a_client_of_tls_1_2_is_refused(files: ServerFiles) -> None:
    server = load_server_context(files.cert, files.key)
    client = trusting(files.ca)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match=r"protocol version|PROTOCOL"):
        Connection(server, client, "localhost")
    assert server.minimum_version is ssl.TLSVersion.TLSv1_3


def test_a_session_cannot_be_resumed(files: ServerFiles) -> None:
    connection = Connection(load_server_context(files.cert, files.key), trusting(files.ca), "localhost")
    connection.echo(b"tickets come with the first data")
    session = connection.client.session
    assert session is None or not session.has_ticket


def test_a_reload_gives_new_connections_the_new_certificate_and_keeps_the_old_ones(
    files: ServerFiles, tmp_path: Path
) -> None:
    context = load_server_context(files.cert, files.key)
    old = Connection(context, trusting(files.ca), "localhost")
    for folder in ("second", "third"):
        other = made(tmp_path / folder)
        reload(context, other.cert, other.key)
        for name in ("localhost", "127.0.0.1"):
            new = Connection(context, trusting(other.ca), name)
            assert new.certificate != old.certificate
            assert new.echo(b"new") == b"new"
        with pytest.raises(ssl.SSLCertVerificationError):
            Connection(context, trusting(files.ca), "localhost")
    assert old.echo(b"still here") == b"still here"


def test_a_reload_keeps_tls_1_3_alone(files: ServerFiles) -> None:
    context = load_server_context(files.cert, files.key)
    reload(context, files.cert, files.key)
    client = trusting(files.ca)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match=r"protocol version|PROTOCOL"):
        Connection(context, client, "localhost")


def own_certificate(folder: Path, **key_options: object) -> tuple[Path, Path]:
    """Make a certificate of another key type, as a person would bring."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cameras.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("cameras.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "own.crt", folder / "own.key"
    cert_path.write_bytes(certificate.public_bytes(Encoding.PEM))
    encryption = BestAvailableEncryption(b"secret") if key_options.get("encrypted") else NoEncryption()
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    key_path.chmod(0o600)
    return cert_path, key_path


def test_a_reload_to_another_type_of_key_shows_the_new_certificate_alone(
    files: ServerFiles, tmp_path: Path
) -> None:
    context = load_server_context(files.cert, files.key)
    cert, key = own_certificate(tmp_path)
    reload(context, cert, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cert)
    assert Connection(context, client, "cameras.example").echo(b"rsa") == b"rsa"
    with pytest.raises(ssl.SSLCertVerificationError):
        Connection(context, trusting(files.ca), "localhost")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("mismatch", "does not belong to certificate"),
        ("mismatch of one type", "does not belong to certificate"),
        ("no certificate", "cannot be read"),
        ("no key", "cannot be read"),
        ("nonsense", "no certificate in PEM form"),
        ("nonsense key", "in PEM form"),
        ("encrypted", "is encrypted"),
        ("world-readable", "chmod o="),
        ("certificate as key", "in PEM form"),
        ("folder", "cannot be read"),
    ],
)
def test_a_pair_that_cannot_be_used_is_refused_and_the_old_one_stays(
    files: ServerFiles, tmp_path: Path, fault: str, sentence: str
) -> None:
    context = load_server_context(files.cert, files.key)
    cert, key = own_certificate(tmp_path, encrypted=fault == "encrypted")
    match fault:
        case "mismatch":
            key = made(tmp_path / "other").key
        case "mismatch of one type":
            (tmp_path / "more").mkdir()
            key = own_certificate(tmp_path / "more")[1]
        case "no certificate":
            cert.unlink()
        case "no key":
            key.unlink()
        case "nonsense":
            cert.write_bytes(b"nonsense")
        case "nonsense key":
            key.write_bytes(b"nonsense")
        case "world-readable":
            key.chmod(0o604)
        case "certificate as key":
            key = tmp_path / "copy.crt"
            key.write_bytes(cert.read_bytes())
            key.chmod(0o600)
        case "folder":
            cert = tmp_path
    with pytest.raises(Unavailable, match=sentence) as refused:
        reload(context, cert, key)
    assert "PRIVATE" not in str(refused.value)
    with pytest.raises(Unavailable):
        load_server_context(cert, key)
    assert Connection(context, trusting(files.ca), "localhost").echo(b"old") == b"old"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bytes_by_path_are_a_pair_or_refused_in_one_sentence(
    files: ServerFiles, tmp_path: Path, data: st.DataObject
) -> None:
    whole = files.cert.read_bytes()
    at = data.draw(st.integers(0, len(whole)))
    spoilt = st.binary(max_size=8).map(lambda piece: whole[:at] + piece + whole[at + len(piece) :])
    pem = st.binary(max_size=40).map(
        lambda inner: b"-----BEGIN CERTIFICATE-----\n" + b64encode(inner) + b"\n-----END CERTIFICATE-----\n"
    )
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for path in (cert, key):
        path.write_bytes(
            data.draw(st.just(whole) | spoilt | pem | st.just(whole[:at]) | st.binary(max_size=60))
        )
        path.chmod(0o600)
    said = ""
    try:
        context = load_server_context(cert, key)
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    except Unavailable as error:
        said = str(error)
    assert said == "" or said.endswith(".")
    assert said.isprintable()


def test_a_certificate_is_warned_of_fourteen_days_before_it_ends(files: ServerFiles) -> None:
    certificate = x509.load_pem_x509_certificate(files.cert.read_bytes())
    ends_ms = round(certificate.not_valid_after_utc.timestamp() * 1000)
    assert expiry_warning(files.cert, ends_ms - 15 * DAY_MS) is None
    soon = expiry_warning(files.cert, ends_ms - 14 * DAY_MS)
    assert soon is not None
    assert f"ends on {certificate.not_valid_after_utc.date()}" in soon
    late = expiry_warning(files.cert, ends_ms + 1)
    assert late is not None
    assert "ended on" in late
