"""How the server speaks TLS: version 1.3 alone, with a certificate that can be changed while it runs."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from securevision.errors import Unavailable
from securevision.vault.certificates import certificate_facts

_WARNED = timedelta(days=14)
_MISMATCHES = {"KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}
"""What OpenSSL says of a wrong key: of the same type, of another one."""


def load_server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return a context that serves this certificate chain; both may be the same PEM file.

    Raises Unavailable, naming the file and the remedy: for a key that everybody on the machine can read, one
    that is encrypted, a pair that does not match, and anything that is no PEM.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # A resumed session would keep the certificate of before a reload.
    context.num_tickets = 0
    certificate_facts(cert)
    _check_key_file(key)

    def refuse_to_ask() -> str:
        # OpenSSL itself would ask at the terminal, and wait.
        raise Unavailable(f"Key {key} is encrypted; give one that is not, in a file of mode 0600.")

    try:
        context.load_cert_chain(cert, key, password=refuse_to_ask)
    except ssl.SSLError as error:
        if error.reason in _MISMATCHES:
            raise Unavailable(f"Key {key} does not belong to certificate {cert}; give the pair.") from error
        raise Unavailable(f"{cert} and {key} must be a certificate chain and its key in PEM form.") from error
    except OSError as error:
        raise Unavailable(f"{cert} or {key} cannot be read: {error.strerror}.") from error
    return context


def reload(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    """Let new connections get the certificate that is in the files now; open ones go on as they are.

    Raises Unavailable as `load_server_context` does, and then nothing has changed.
    """
    # Loading into the context itself would leave it without a key when the pair does not match, and would keep
    # the old certificate next to a new one of another key type.
    fresh = load_server_context(cert, key)

    def switch(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = fresh

    context.sni_callback = switch


def expiry_warning(cert: Path, now_ms: int) -> str | None:
    """Return a sentence when a certificate has ended, or will within 14 days. Raises Unavailable."""
    ends = datetime.fromtimestamp(certificate_facts(cert).not_after_ms / 1000, UTC)
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    if ends - now > _WARNED:
        return None
    verb = "ended" if ends <= now else "ends"
    return (
        f"Certificate {cert} {verb} on {ends.date().isoformat()}: renew it, then send SIGHUP to the server."
    )


def _check_key_file(key: Path) -> None:
    try:
        mode = key.stat().st_mode
    except OSError as error:
        raise Unavailable(f"Key {key} cannot be read: {error.strerror}.") from error
    if mode & 0o007:
        raise Unavailable(
            f"Key {key} can be read by everybody on this machine: run `chmod o= {key}`, and replace it if others"
            " did read it."
        )
