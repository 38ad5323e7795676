"""Asks a camera from a process that is sealed: `python sealed_client.py ADDRESS USER PASSWORD` prints its profiles."""

import json
import socket
import sys

from securevision.cameras.addresses import parse_address
from securevision.cameras.authentication import Login
from securevision.cameras.onvif.client import OnvifClient
from securevision.cameras.onvif.discovery import Answer, merge_answers
from securevision.clock import SystemClock
from securevision.sandbox.profiles import MEDIA
from securevision.sandbox.sealing import seal_process

QUESTIONS = 10


def main(text: str, user: str, password: str) -> None:
    address = parse_address(text)
    connections = [socket.create_connection((address.host, address.port)).detach() for _ in range(QUESTIONS)]
    seal = seal_process(MEDIA)
    found = merge_answers([Answer(address.host, sys.stdin.buffer.read())])
    camera = OnvifClient(connections.pop, address, Login(user, password), SystemClock()).describe()
    json.dump({"sealed": seal.sufficient, "profiles": len(camera.profiles), "found": len(found)}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
