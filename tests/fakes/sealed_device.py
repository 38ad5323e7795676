"""A sealed process that reads a camera of this machine: `python sealed_device.py LINK DEVICE`, descriptors both."""

import json
import socket
import sys

from fakes.video_device import listen
from securevision.cameras.addresses import parse_address
from securevision.cameras.device_stream import DeviceStream
from securevision.clock import SystemClock
from securevision.domain.video import AccessUnit
from securevision.sandbox.profiles import MEDIA
from securevision.sandbox.sealing import seal_process


def main(link: int, device: int) -> None:
    """Seal itself, take one picture, and say how much of it came."""
    stream = DeviceStream(lambda: device, parse_address("device:/dev/video0"), SystemClock())
    listener = listen()
    with socket.socket(fileno=link) as core:
        socket.send_fds(core, [b"l"], [listener])
        seal = seal_process(MEDIA)
        sizes = []
        for item in stream.items():
            if isinstance(item, AccessUnit):
                sizes.append(len(item.data))
                stream.close()
        core.sendall(json.dumps([seal.sufficient, sizes]).encode())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
