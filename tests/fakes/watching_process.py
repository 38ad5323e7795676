"""A process that watches a camera and may open nothing: `python watching_process.py DESCRIPTOR ADDRESS`.

Writes how many pictures came; it ends with an error as soon as anything opens a file or socket or looks up a name.
"""

import sys

from securevision.cameras.addresses import parse_address
from securevision.cameras.rtsp_stream import RtspStream
from securevision.clock import SystemClock
from securevision.domain.video import AccessUnit
from securevision.errors import SourceError

FORBIDDEN = (
    "open",
    "import",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "os.",
)


def main(descriptor: int, address: str) -> None:
    parsed, clock = parse_address(address), SystemClock()

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event.startswith(FORBIDDEN):
            raise RuntimeError(f"{event} {arguments}")

    sys.addaudithook(refuse)
    count = 0
    try:
        for item in RtspStream(lambda: descriptor, parsed, clock).items():
            count += isinstance(item, AccessUnit)
    except SourceError as error:
        sys.stdout.write(f"{count} {error}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
