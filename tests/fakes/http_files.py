"""A web server on this machine that serves files, well or badly."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Reply:
    """What is answered to one path."""

    body: bytes = b""
    status: int = 200
    location: str | None = None
    promised: int | None = None
    """Content-Length, when it is not the truth."""
    silent: bool = False
    """After the body, nothing comes and the connection stays open."""
    gate: threading.Barrier | None = None
    """Answer only when this many requests have come."""


class FileServer:
    """Serves `replies` by path and notes what was `asked`."""

    def __init__(self, replies: dict[str, Reply] | None = None) -> None:
        self.replies = dict(replies or {})
        self.asked: list[str] = []
        self._closing = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.asked.append(self.path)
                reply = fake.replies.get(self.path, Reply(status=404))
                if reply.gate is not None:
                    reply.gate.wait(10)
                try:
                    self._answer(reply)
                except ConnectionError:
                    return  # the client had enough
                if reply.silent:
                    fake._closing.wait(30)

            def _answer(self, reply: Reply) -> None:
                self.send_response(reply.status)
                if reply.location is not None:
                    self.send_header("Location", reply.location)
                length = len(reply.body) if reply.promised is None else reply.promised
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002, ARG002 - named by the base
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
