"""Neighbours that hear the question for cameras. Runs in a network of its own and prints what was found there."""

import json
import re
import socket
import struct
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from securevision.cameras.network_policy import NetworkPolicy
from securevision.cameras.onvif.discovery import Answer
from securevision.cameras.onvif.probing import discover
from securevision.clock import SystemClock
from securevision.errors import SourceError

GROUP, PORT = "239.255.255.250", 3702
IP_RECVTTL = 12  # of Linux; the socket module does not name it
WAIT_S = 0.4


class Neighbours:
    """Answer each question with all these datagrams, each from an address of this machine."""

    def __init__(self, answers: Sequence[tuple[str, bytes]]) -> None:
        self._answers = answers
        self.heard: list[tuple[str, int]] = []
        """The number of each question, and its time to live."""
        self._listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listening.bind(("", PORT))
        joined = struct.pack("=4s4si", socket.inet_aton(GROUP), bytes(4), socket.if_nametoindex("lo"))
        self._listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        self._listening.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            datagram, ancillary, _, asker = self._listening.recvmsg(65_535, 64)
            if not datagram:
                return
            number = re.search(rb"urn:uuid:([0-9a-f-]{36})<", datagram)
            assert number is not None
            self.heard.append((number[1].decode(), int.from_bytes(ancillary[0][2], sys.byteorder)))
            for source, answer in self._answers:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answering:
                    answering.bind((source, 0))
                    answering.sendto(answer, asker)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"", ("127.0.0.1", PORT))
        self._thread.join()
        self._listening.close()


def found(
    answers: Sequence[tuple[str, bytes]], *, loopback: bool = False
) -> tuple[Sequence[Answer], Neighbours, float]:
    with Neighbours(answers) as neighbours:
        clock = SystemClock()
        begin = clock.monotonic()
        got = discover(NetworkPolicy(allow_loopback=loopback), clock, WAIT_S)
        return got, neighbours, clock.monotonic() - begin


def refused() -> str:
    try:
        discover(NetworkPolicy(), SystemClock(), WAIT_S, interfaces=["nosuch0"])
    except SourceError as error:
        return str(error)
    return ""


def main() -> None:
    sources = sys.argv[1:]
    each, neighbours, lasted = found([(source, b"x") for source in [*sources, "127.0.0.1"]])
    at_home, _, _ = found([("127.0.0.1", b"x")], loopback=True)
    flood = [(sources[0], b"%d" % number) for number in range(300)]
    many, _, _ = found([*flood, (sources[1], b"x")])
    large, _, _ = found([(sources[0], b"y" * 65_000)])
    json.dump(
        {
            "sources": [answer.source for answer in each],
            "heard": neighbours.heard,
            "lasted": lasted,
            "at_home": [answer.source for answer in at_home],
            "many": [answer.source for answer in many],
            "large": [len(answer.datagram) for answer in large],
            "refused": refused(),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
