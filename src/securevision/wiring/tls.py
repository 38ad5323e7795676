"""HTTPS: whose certificate, and when it is loaded anew."""

import logging
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from securevision.clock import SystemClock
from securevision.errors import InvalidInput, SecureVisionError
from securevision.settings import Settings
from securevision.vault.certificates import CertificateFacts, LocalAuthority
from securevision.vault.sealer import Sealer
from securevision.vault.tls import expiry_warning, load_server_context, reload
from securevision.wiring.listening import is_loopback

_log = logging.getLogger(__name__)
_DIRECTORY = "tls"
_USUAL_NAMES = ("localhost", "127.0.0.1", "::1")


class Tls:
    """The certificate of a server."""

    def __init__(self, settings: Settings, sealer: Sealer, origin: str) -> None:
        """Load it, and with `local` make it first. Raises InvalidInput and Unavailable."""
        self._files = own_files(settings) if settings.tls.mode == "files" else None
        self._authority = local_authority(settings, sealer)
        self._names = _names(settings, origin)
        self.context: ssl.SSLContext = load_server_context(*self._current())

    @property
    def is_local(self) -> bool:
        """Whether our own authority made it."""
        return self._files is None

    def renew(self) -> None:
        """Make a new certificate if ours is about to end; warn when it is yours that is; load what there is."""
        cert, key = self._current()
        if not self.is_local and (warning := expiry_warning(cert, SystemClock().now_ms())):
            _log.warning("%s", warning)
        reload(self.context, cert, key)

    def on_hangup(self) -> None:
        """Load the files anew, because an operator asked to; on a fault the old certificate stays in use."""
        try:
            self.renew()
            _log.warning("The certificate was loaded anew.")
        except SecureVisionError as error:
            _log.error("The old certificate stays in use: %s", error)

    def _current(self) -> tuple[Path, Path]:
        if self._files is not None:
            return self._files
        made = self._authority.ensure(self._names)
        return made.cert, made.key


def local_authority(settings: Settings, sealer: Sealer | None) -> LocalAuthority:
    """Return our own authority; without a sealer it can only be described."""
    return LocalAuthority(settings.storage.directory / _DIRECTORY, SystemClock(), sealer)


def describe_authority(settings: Settings) -> CertificateFacts:
    """Return what a person compares before trusting it. Raises NotFound."""
    return local_authority(settings, None).describe()


def sends_hsts(settings: Settings, origin: str) -> bool:
    """Return whether browsers may be told to use HTTPS alone: not under our own authority, nor on this machine."""
    return settings.tls.mode != "local" and origin.startswith("https://") and not is_loopback(_host(origin))


def own_files(settings: Settings) -> tuple[Path, Path]:
    """Return your certificate and key. Raises InvalidInput when either is not set."""
    if settings.tls.certificate is None or settings.tls.key is None:
        raise InvalidInput(
            "SECUREVISION__TLS__MODE=files needs SECUREVISION__TLS__CERTIFICATE and SECUREVISION__TLS__KEY."
        )
    return settings.tls.certificate, settings.tls.key


def _names(settings: Settings, origin: str) -> list[str]:
    host = settings.api.host
    listening = () if host in ("0.0.0.0", "::") else (host,)  # noqa: S104 - compared, not bound
    return list(dict.fromkeys((*_USUAL_NAMES, _host(origin), *listening, *settings.tls.further_names)))


def _host(origin: str) -> str:
    return urlsplit(origin).hostname or ""
