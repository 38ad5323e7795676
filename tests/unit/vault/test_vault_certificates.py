import ipaddress
import os
import shutil
import ssl
import stat
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.clock import FakeClock
from fakes.handshake import Connection, trusting
from securevision.errors import InvalidInput, NotFound, Unavailable
from securevision.vault.certificates import LocalAuthority, ServerFiles, certificate_facts
from securevision.vault.issuing import Pair, general_names, issue, make_authority
from securevision.vault.sealer import Sealer
from securevision.vault.tls import load_server_context

DAY_S = 86_400.0
NAMES = ["localhost", "nas.local", "127.0.0.1", "192.168.1.5", "::1"]
NOW = datetime.now(UTC)
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on the path")


def leaf(files: ServerFiles) -> x509.Certificate:
    return x509.load_pem_x509_certificate(files.cert.read_bytes())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def verify(folder: Path, authority: Pair, server: Pair, *options: str) -> subprocess.CompletedProcess[str]:
    """Let OpenSSL judge a certificate."""
    (folder / "ca.crt").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (folder / "leaf.crt").write_bytes(server.certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "ca.crt", *options, "leaf.crt"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)


def test_a_browser_that_trusts_the_authority_reaches_the_server_by_each_name(tmp_path: Path) -> None:
    files = LocalAuthority(tmp_path / "tls", FakeClock(round(NOW.timestamp() * 1000))).ensure(NAMES)
    server = load_server_context(files.cert, files.key)
    for name in NAMES:
        connection = Connection(server, trusting(files.ca), name)
        assert connection.client.version() == "TLSv1.3"
        assert connection.echo(b"hello") == b"hello"
    for other in ("nas.lan", "192.168.1.6", "evil.example"):
        with pytest.raises(ssl.SSLCertVerificationError):
            Connection(server, trusting(files.ca), other)


def test_a_browser_that_trusts_another_authority_does_not_connect(tmp_path: Path) -> None:
    clock = FakeClock(round(NOW.timestamp() * 1000))
    files = LocalAuthority(tmp_path / "one", clock).ensure(NAMES)
    other = LocalAuthority(tmp_path / "two", clock).ensure(NAMES)
    with pytest.raises(ssl.SSLCertVerificationError):
        Connection(load_server_context(files.cert, files.key), trusting(other.ca), "localhost")


@pytest.mark.parametrize("name", ["evil.example", "notlocalhost", "lan.evil.example", "xlan"])
def test_a_certificate_of_the_authority_for_a_name_outside_is_rejected(tmp_path: Path, name: str) -> None:
    authority = make_authority(NOW)
    server = issue(authority, [x509.DNSName(name)], NOW)
    pair, ca = tmp_path / "pair.pem", tmp_path / "ca.pem"
    pair.write_bytes(server.to_pem())
    pair.chmod(0o600)
    ca.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        Connection(load_server_context(pair, pair), trusting(ca), name)


@needs_openssl
@pytest.mark.parametrize(
    "names",
    [NAMES, ["localhost"], ["127.0.0.1"], ["fd00::1"], ["a.b.home.arpa"], ["cams.internal", "10.1.2.3"]],
)
def test_openssl_accepts_a_certificate_for_private_names(tmp_path: Path, names: list[str]) -> None:
    authority = make_authority(NOW)
    server = issue(authority, general_names(names), NOW)
    done = verify(tmp_path, authority, server, "-purpose", "sslserver")
    assert done.stdout.strip() == "leaf.crt: OK", done.stderr


@needs_openssl
@pytest.mark.parametrize(
    "name",
    [
        x509.DNSName("evil.example"),
        x509.DNSName("evil.com"),
        x509.DNSName("*.example"),
        x509.IPAddress(ipaddress.ip_address("203.0.113.9")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
    ],
)
def test_openssl_rejects_a_certificate_for_a_name_outside(tmp_path: Path, name: x509.GeneralName) -> None:
    authority = make_authority(NOW)
    done = verify(tmp_path, authority, issue(authority, [*general_names(["localhost"]), name], NOW))
    assert done.returncode != 0
    assert "permitted subtree violation" in done.stderr


@needs_openssl
def test_openssl_rejects_an_authority_below_and_other_purposes(tmp_path: Path) -> None:
    authority = make_authority(NOW)
    good = issue(authority, general_names(["localhost"]), NOW)
    assert verify(tmp_path, authority, good, "-purpose", "sslserver").returncode == 0
    for purpose in ("smimesign", "sslclient"):
        assert verify(tmp_path, authority, good, "-purpose", purpose).returncode != 0
    # A server certificate cannot vouch for another one.
    below = issue(Pair(good.certificate, good.key), general_names(["localhost"]), NOW)
    (tmp_path / "middle.crt").write_bytes(good.certificate.public_bytes(Encoding.PEM))
    assert verify(tmp_path, authority, below, "-untrusted", "middle.crt").returncode != 0


def test_what_is_in_the_certificates(authority: LocalAuthority, clock: FakeClock) -> None:
    files = authority.ensure(NAMES)
    now = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    ca, server = x509.load_pem_x509_certificate(files.ca.read_bytes()), leaf(files)
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical
    assert basic.value == x509.BasicConstraints(ca=True, path_length=0)
    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert {str(name.value) for name in constraints.value.permitted_subtrees or ()} == {
        "localhost", "lan", "local", "internal", "home.arpa", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12",
        "192.168.0.0/16", "::1/128", "fc00::/7",
    }  # fmt: skip
    assert list(ca.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        x509.oid.ExtendedKeyUsageOID.SERVER_AUTH
    ]
    assert isinstance(ca.public_key(), ec.EllipticCurvePublicKey)
    assert now + timedelta(days=3649) < ca.not_valid_after_utc <= now + timedelta(days=3650)
    life = server.not_valid_after_utc - server.not_valid_before_utc
    assert timedelta(days=397) <= life < timedelta(days=398)
    assert server.not_valid_before_utc < now
    usage = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == general_names(NAMES)
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_files_are_for_their_owner_alone(authority: LocalAuthority, folder: Path) -> None:
    before = os.umask(0)
    try:
        files = authority.ensure(NAMES)
    finally:
        os.umask(before)
    assert mode(folder) == 0o700
    assert {file.name: mode(file) for file in folder.iterdir()} == {
        "authority.pem": 0o600,
        "server.pem": 0o600,
        "ca.pem": 0o644,
    }
    assert files.cert == files.key == folder / "server.pem"
    assert b"PRIVATE" not in files.ca.read_bytes()


def test_nothing_is_made_anew_while_it_is_good(
    authority: LocalAuthority, folder: Path, clock: FakeClock
) -> None:
    authority.ensure(NAMES)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    clock.advance(366 * DAY_S)
    authority.ensure(list(reversed(NAMES)))
    authority.ensure([name.upper() + ("." if name == "localhost" else "") for name in NAMES])
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_certificate_with_less_than_thirty_days_left_is_made_anew_under_the_same_authority(
    authority: LocalAuthority, clock: FakeClock
) -> None:
    files = authority.ensure(NAMES)
    old, ca = leaf(files), files.ca.read_bytes()
    clock.advance(367.5 * DAY_S)
    assert authority.ensure(NAMES) == files
    new = leaf(files)
    assert new.not_valid_after_utc > old.not_valid_after_utc
    assert new.public_key() != old.public_key()
    assert files.ca.read_bytes() == ca


def test_other_names_make_another_certificate(authority: LocalAuthority) -> None:
    files = authority.ensure(["localhost"])
    for names in (["localhost", "nas.local"], ["nas.local"], ["localhost"]):
        authority.ensure(names)
        found = leaf(files).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert list(found) == general_names(names)


def test_a_certificate_does_not_outlive_its_authority_and_an_old_authority_is_replaced(
    authority: LocalAuthority, clock: FakeClock
) -> None:
    files = authority.ensure(NAMES)
    first = authority.describe()
    clock.advance(3600 * DAY_S)
    authority.ensure(NAMES)
    assert authority.describe() == first
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    assert leaf(files).not_valid_after_utc == ca.not_valid_after_utc
    clock.advance(25 * DAY_S)
    authority.ensure(NAMES)
    assert authority.describe() != first
    leaf(files).verify_directly_issued_by(x509.load_pem_x509_certificate(files.ca.read_bytes()))


def test_a_clock_that_was_behind_does_not_cost_the_trust_in_the_authority(
    folder: Path, clock: FakeClock
) -> None:
    files = LocalAuthority(folder, clock).ensure(NAMES)
    ca = files.ca.read_bytes()
    LocalAuthority(folder, FakeClock(1000)).ensure(NAMES)
    assert files.ca.read_bytes() == ca
    LocalAuthority(folder, clock).ensure(NAMES)
    assert files.ca.read_bytes() == ca
    now = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    assert leaf(files).not_valid_after_utc - now > timedelta(days=30)


def test_a_certificate_made_while_the_clock_was_ahead_is_made_anew(folder: Path, clock: FakeClock) -> None:
    LocalAuthority(folder, clock).ensure(NAMES)
    files = LocalAuthority(folder, FakeClock(clock.now_ms() + 800 * 86_400_000)).ensure(NAMES)
    now = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    assert leaf(files).not_valid_before_utc > now
    LocalAuthority(folder, clock).ensure(NAMES)
    assert leaf(files).not_valid_before_utc <= now


@pytest.mark.parametrize(
    "damage", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_damaged_server_certificate_is_made_anew(authority: LocalAuthority, damage: bytes) -> None:
    files = authority.ensure(NAMES)
    files.cert.write_bytes(damage)
    authority.ensure(NAMES)
    load_server_context(files.cert, files.key)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["authority.pem", "server.pem", "ca.pem"]), st.floats(0, 1), st.binary(max_size=20))
def test_a_file_of_the_authority_that_is_damaged_anywhere_is_mended_or_refused(
    authority: LocalAuthority, folder: Path, name: str, place: float, piece: bytes
) -> None:
    files = authority.ensure(NAMES)
    whole = (folder / name).read_bytes()
    at = round(place * len(whole))
    (folder / name).write_bytes(whole[:at] + piece + whole[at + len(piece) :])
    said = ""
    try:
        authority.ensure(NAMES)
        leaf(files).verify_directly_issued_by(x509.load_pem_x509_certificate(files.ca.read_bytes()))
        load_server_context(files.cert, files.key)
    except Unavailable as error:
        said = str(error)
    finally:
        (folder / name).write_bytes(whole)
    assert said == "" or name == "authority.pem"
    assert said.isprintable()


def test_a_pair_parted_by_a_crash_or_of_another_authority_is_made_anew(
    authority: LocalAuthority, tmp_path: Path, clock: FakeClock
) -> None:
    files = authority.ensure(NAMES)
    other = LocalAuthority(tmp_path / "other", clock).ensure(NAMES)
    certificate_of_one = leaf(files).public_bytes(Encoding.PEM)
    key_of_other = other.key.read_bytes().split(b"-----BEGIN CERTIFICATE")[0]
    for content in (key_of_other + certificate_of_one, other.cert.read_bytes()):
        files.cert.write_bytes(content)
        authority.ensure(NAMES)
        load_server_context(files.cert, files.key)
        leaf(files).verify_directly_issued_by(x509.load_pem_x509_certificate(files.ca.read_bytes()))
    files.ca.unlink()
    authority.ensure(NAMES)
    leaf(files).verify_directly_issued_by(x509.load_pem_x509_certificate(files.ca.read_bytes()))


def test_a_crash_while_writing_leaves_the_old_pair(
    authority: LocalAuthority, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = authority.ensure(["localhost"])
    before = files.cert.read_bytes()

    def crash(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", crash)
        with pytest.raises(Unavailable, match="No space left"):
            authority.ensure(["nas.local"])
    assert files.cert.read_bytes() == before
    assert {file.name for file in folder.iterdir()} == {"authority.pem", "ca.pem", "server.pem"}


def test_a_damaged_authority_is_not_silently_replaced(authority: LocalAuthority, folder: Path) -> None:
    files = authority.ensure(NAMES)
    ca = files.ca.read_bytes()
    (folder / "authority.pem").write_bytes(b"-----BEGIN nonsense")
    with pytest.raises(Unavailable, match="every device must trust anew"):
        authority.ensure(NAMES)
    assert files.ca.read_bytes() == ca
    (folder / "authority.pem").unlink()
    authority.ensure(NAMES)
    assert files.ca.read_bytes() != ca


@pytest.mark.parametrize("name", ["authority.pem", "server.pem"])
def test_a_key_that_others_can_read_is_refused(authority: LocalAuthority, folder: Path, name: str) -> None:
    authority.ensure(NAMES)
    (folder / name).chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        authority.ensure(NAMES)


def test_the_authoritys_key_is_sealed_and_opens_under_its_key_alone(folder: Path, clock: FakeClock) -> None:
    sealer = Sealer({1: bytes(range(32))}, current=1)
    LocalAuthority(folder, clock).ensure(NAMES)
    assert b"PRIVATE KEY" in (folder / "authority.pem").read_bytes()
    files = LocalAuthority(folder, clock, sealer).ensure(NAMES)
    assert b"PRIVATE KEY" not in (folder / "authority.pem").read_bytes()
    ca = files.ca.read_bytes()
    LocalAuthority(folder, clock, sealer).ensure(["nas.local"])
    assert files.ca.read_bytes() == ca
    for other in (None, Sealer({1: bytes(32)}, current=1), Sealer({2: bytes(32)}, current=2)):
        with pytest.raises(Unavailable, match="every device must trust anew"):
            LocalAuthority(folder, clock, other).ensure(NAMES)


def test_starts_at_once_make_one_authority(folder: Path, clock: FakeClock) -> None:
    start = threading.Barrier(4)
    failures: list[BaseException] = []

    def run() -> None:
        start.wait()
        try:
            LocalAuthority(folder, clock).ensure(NAMES)
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {file.name for file in folder.iterdir()} == {"authority.pem", "ca.pem", "server.pem"}
    ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    x509.load_pem_x509_certificate((folder / "server.pem").read_bytes()).verify_directly_issued_by(ca)


def test_a_person_can_compare_the_fingerprint(authority: LocalAuthority, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        authority.describe()
    files = authority.ensure(NAMES)
    facts = authority.describe()
    digest = x509.load_pem_x509_certificate(files.ca.read_bytes()).fingerprint(hashes.SHA256())
    assert facts.sha256.replace(":", "") == digest.hex().upper()
    assert facts.sha256.count(":") == 31
    assert "SecureVision local CA" in facts.subject
    assert facts.not_after_ms == (clock.now_ms() // 1000 + 3650 * 86_400) * 1000
    for spoiled in (folder_file(files.ca, b"nothing"), files.ca.with_name("absent")):
        with pytest.raises(Unavailable):
            certificate_facts(spoiled)


def folder_file(beside: Path, content: bytes) -> Path:
    path = beside.with_name("other.pem")
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "nas", "example.com", "lan.example", "8.8.8.8", "172.32.0.1", "2001:db8::1", "fe80::1", "0.0.0.0",
        "*.local", "a..local", "-a.local", "a-.local", "nas.local/x", "nas.local:8443", "na s.local", "näs.local",
        "nas.local\0", "::ffff:127.0.0.1x", f"{'a' * 64}.local", f"{'a.' * 126}local",
    ],
)  # fmt: skip
def test_a_name_outside_the_constraints_is_refused_with_the_remedy(
    authority: LocalAuthority, name: str
) -> None:
    with pytest.raises(InvalidInput, match="own"):
        authority.ensure(["localhost", name])


def test_no_name_is_refused(authority: LocalAuthority) -> None:
    with pytest.raises(InvalidInput):
        authority.ensure([])


@given(
    st.text(max_size=30)
    | st.ip_addresses().map(str)
    | st.from_regex(r"[a-z.-]{1,20}\.(local|lan)", fullmatch=True)
)
def test_a_name_is_private_or_invalid_input(name: str) -> None:
    try:
        (general,) = general_names([name])
    except InvalidInput:
        return
    assert make_sure_it_is_private(general)


def make_sure_it_is_private(name: x509.GeneralName) -> bool:
    if isinstance(name, x509.IPAddress):
        return bool(name.value.is_private or name.value.is_loopback)
    return str(name.value).rsplit(".", 1)[-1] in {"localhost", "lan", "local", "internal", "arpa"}
