"""TLS handshakes in memory: real contexts on both sides, no socket."""

import ssl
from pathlib import Path


def trusting(ca: Path) -> ssl.SSLContext:
    """Return the context of a client that trusts this authority and no other, as strictly as Python can check."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(ca)
    return context


class Connection:
    """A connection that is established. Raises ssl.SSLError when one side refuses."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(down, up, server_hostname=name)
        self.server = server.wrap_bio(up, down, server_side=True)
        waiting = [self.client, self.server]
        for _ in range(10):
            waiting = [side for side in waiting if not _advance(side)]
            if not waiting:
                return
        raise AssertionError("the handshake never ended")

    def echo(self, message: bytes) -> bytes:
        """Send there and back."""
        self.client.write(message)
        self.server.write(self.server.read())
        return self.client.read()

    @property
    def certificate(self) -> bytes:
        """The server's, in DER, as the client saw it."""
        seen = self.client.getpeercert(binary_form=True)
        assert seen is not None
        return seen


def _advance(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
