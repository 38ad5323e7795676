"""TLS to a camera."""

import encodings.idna  # noqa: F401 - TLS encodes names with it, and there are no files to load it from later
import socket
import ssl


def secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    """Return TLS over a connection, before its handshake. Raises OSError; then `plain` is the caller's still.

    It keeps others from listening; it proves nothing about the camera, whose certificate is its own.
    """
    plain.getpeername()  # raises when it is broken already, where what follows would lose the descriptor
    name: str | None = host.strip("[]")
    try:
        host.encode("idna")  # or TLS does, when it has taken the connection
    except UnicodeError:
        name = None
    return _CONTEXT.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # A camera signs its certificate itself. Its address was chosen by the user, and only its video is believed.
    context.check_hostname = False  # nosemgrep: no-unverified-tls
    context.verify_mode = ssl.CERT_NONE  # nosemgrep: no-unverified-tls
    return context


_CONTEXT = _context()
"""Made while there still are files: OpenSSL reads its configuration."""
