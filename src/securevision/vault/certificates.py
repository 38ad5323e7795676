"""The local certificate authority: HTTPS from the first start, for a name that no public authority knows."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from securevision.domain.ports.clock import Clock
from securevision.errors import NotFound, Unavailable
from securevision.vault.files import alone_in, make_private_folder, read_private, replace_whole
from securevision.vault.issuing import Pair, general_names, issue, make_authority
from securevision.vault.sealer import Sealer

_log = logging.getLogger(__name__)

_RENEWED = timedelta(days=30)
"""A certificate with less left is made anew."""
_MAX_BYTES = 256 * 1024
_PEM = b"-----BEGIN "
_AUTHORITY, _CA, _SERVER = "authority.pem", "ca.pem", "server.pem"


@dataclass(frozen=True, slots=True)
class ServerFiles:
    """What a TLS server loads, and what its clients are to trust."""

    cert: Path
    key: Path
    """The same file as `cert`: it holds both, so they always belong together."""
    ca: Path
    """The authority's certificate, without a secret in it."""


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a person compares or a check looks at."""

    subject: str
    sha256: str
    """The fingerprint as browsers show it: `AB:CD:...`."""
    not_after_ms: int


class LocalAuthority:
    """An authority in a folder of its own. Any process may use it; one at a time changes it.

    `authority.pem` is its certificate and key, sealed when there is a sealer; `ca.pem` a copy of the certificate;
    `server.pem` the server's certificate and key. Each is replaced as a whole.
    """

    def __init__(self, directory: Path, clock: Clock, sealer: Sealer | None = None) -> None:
        self._directory = directory
        self._clock = clock
        self._sealer = sealer

    def ensure(self, names: Sequence[str]) -> ServerFiles:
        """Return a certificate for exactly these host names and IP addresses, with 30 days or more left.

        Makes what is missing, damaged or about to end; the paths stay the same. Raises InvalidInput for a name
        outside the constraints, and Unavailable, with the remedy.
        """
        wanted = general_names(names)
        files = ServerFiles(self._directory / _SERVER, self._directory / _SERVER, self._directory / _CA)
        make_private_folder(self._directory)
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        with alone_in(self._directory):
            authority = self._authority(now)
            self._publish(authority, files.ca)
            if not self._is_usable(files.cert, authority, wanted, now):
                replace_whole(files.cert, issue(authority, wanted, now).to_pem(), 0o600)
                _log.info("a server certificate was made for %s", ", ".join(names))
        return files

    def describe(self) -> CertificateFacts:
        """Return what a person compares before trusting the authority. Raises NotFound when there is none yet."""
        path = self._directory / _CA
        if not path.exists():
            raise NotFound("There is no local authority yet; the first start with HTTPS makes it.")
        return certificate_facts(path)

    def _authority(self, now: datetime) -> Pair:
        """Return the authority; make one when there is none or it is about to end.

        One that is not valid yet is kept: the clock of a small computer may be behind for a while, and a new
        authority would have to be trusted anew on every device.
        """
        path = self._directory / _AUTHORITY
        content = read_private(path, _MAX_BYTES)
        if content is not None:
            authority = self._open(path, content)
            if authority.certificate.not_valid_after_utc - now >= _RENEWED:
                return authority
            _log.warning("the local authority was about to end; every device must trust the new one")
        authority = make_authority(now)
        self._store(path, authority)
        return authority

    def _open(self, path: Path, content: bytes) -> Pair:
        anew = f"or delete {path} to make a new authority, which every device must trust anew."
        plain = content.startswith(_PEM)
        if not plain:
            if self._sealer is None:
                raise Unavailable(
                    f"File {path} is sealed and there is no key to open it: give the key, {anew}"
                )
            try:
                content = self._sealer.open(content, table="files", column=_AUTHORITY, row=0)
            except Unavailable as error:
                raise Unavailable(f"File {path} does not open: restore its key file, {anew}") from error
        try:
            authority = Pair.from_pem(content)
        except ValueError as error:
            raise Unavailable(f"File {path} is damaged: restore it from a backup, {anew}") from error
        if plain and self._sealer is not None:
            self._store(path, authority)
        return authority

    def _store(self, path: Path, authority: Pair) -> None:
        content = authority.to_pem()
        if self._sealer is not None:
            content = self._sealer.seal(content, table="files", column=_AUTHORITY, row=0)
        replace_whole(path, content, 0o600)

    def _publish(self, authority: Pair, path: Path) -> None:
        content = authority.certificate.public_bytes(Encoding.PEM)
        if not path.exists() or path.read_bytes() != content:
            replace_whole(path, content, 0o644)

    def _is_usable(
        self, path: Path, authority: Pair, wanted: Sequence[x509.GeneralName], now: datetime
    ) -> bool:
        content = read_private(path, _MAX_BYTES)
        if content is None:
            return False
        try:
            certificate = Pair.from_pem(content).certificate
            certificate.verify_directly_issued_by(authority.certificate)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
            _log.warning("%s could not be used (%s) and is made anew", path, type(error).__name__)
            return False
        return (
            set(names) == set(wanted)
            and certificate.not_valid_before_utc <= now
            and certificate.not_valid_after_utc - now >= _RENEWED
        )


def certificate_facts(path: Path) -> CertificateFacts:
    """Return the facts of the first certificate in a PEM file. Raises Unavailable when there is none."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise Unavailable(f"Certificate {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise Unavailable(f"File {path} holds no certificate in PEM form.") from error
    return CertificateFacts(
        certificate.subject.rfc4514_string(),
        certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        round(certificate.not_valid_after_utc.timestamp() * 1000),
    )
