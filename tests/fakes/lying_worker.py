"""A worker that is asked about cameras, and lies as `python -I lying_worker.py MODE DESCRIPTOR` says."""

import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Mapping, Sequence

import msgspec

from securevision.domain.seal import Seal
from securevision.runtime.answers import (
    AnswersRead,
    CameraAnswer,
    Described,
    NotAnswered,
    StreamAnswer,
)
from securevision.runtime.link import Link
from securevision.runtime.messages import (
    QUESTION,
    Beat,
    Connected,
    Describe,
    FrameReady,
    Message,
    NeedConnection,
    ReadAnswers,
    Ready,
    ToMedia,
)

SEALED = Seal(no_new_privileges=True, limits=True, system_calls=True)
CLAIMED = (
    "http://192.168.77.5/first",
    "http://user:secret@192.168.77.5:8080/second?token=secret#x",
    "http://10.66.6.6/of-somebody-who-did-not-answer",
    "http://127.0.0.1/",
    "http://169.254.169.254/latest",
    "file:///etc/passwd",
    "http://192.168.77.5/\x1b[31m",
    "http://192.168.77.5/\u202e",
)
STREAMS = (
    "rtsp://127.0.0.1:554/main?x=1",
    "rtsp://user:secret@127.0.0.1/sub",
    "rtsp://127.0.0.1/user=admin&password=p%40ssw0rd",
    "rtsp://169.254.169.254/latest",
    "rtsp://203.0.113.9/",
    "file:///etc/passwd",
    "http://127.0.0.1/",
    "",
)
"""What `claims` says where streams are; the first three are at the camera that is asked."""


def stream(address: str) -> StreamAnswer:
    return StreamAnswer("Main", "h264", 1920, 1080, 25.0, address)


FIXED: Mapping[str, Message] = {
    "answers the other question": Described("", "", "", []),
    "gives a picture": FrameReady("gate", 0, 0, 16, 16),
    "starts twice": Ready(SEALED),
    "refuses": NotAnswered("rtsp://admin:secret@192.168.77.5/ says no.", refused=True),
    "fails": NotAnswered("It is off.", refused=False),
}
ODD: Mapping[str, Sequence[object]] = {
    "steers the terminal": ["NotAnswered", "\x1b[31mred", False],
    "turns text round": ["Described", "Ac\u202eme", "", "", []],
    "names a camera at length": ["AnswersRead", [["CameraAnswer", "x" * 65, "", []]]],
    "finds too many": ["AnswersRead", [["CameraAnswer", "", "", []]] * 257],
    "has too many addresses": ["AnswersRead", [["CameraAnswer", "", "", ["x"] * 9]]],
    "has too many streams": ["Described", "", "", "", [["StreamAnswer", "", "", 0, 0, 0.0, ""]] * 65],
    "has no number of pictures": [
        "Described",
        "",
        "",
        "",
        [["StreamAnswer", "", "", 0, 0, float("nan"), ""]],
    ],
    "is too wide": ["Described", "", "", "", [["StreamAnswer", "", "", 1 << 17, 0, 0.0, ""]]],
    "says a long sentence": ["NotAnswered", "x" * 501, False],
}
"""What the core must take for no message, as it goes over the link."""


def main(mode: str, descriptor: str) -> None:
    """Greet, wait for the question, and lie."""
    end = socket.socket(fileno=int(descriptor))
    link: Link[ToMedia] = Link(end, ToMedia, takes_descriptors=True)
    if mode == "is mute":
        signal.pause()
    link.send(Ready(Seal() if mode == "is not sealed" else SEALED))
    question = next_question(link)
    if mode in FIXED:
        link.send(FIXED[mode])
    elif mode in ODD:
        record = msgspec.msgpack.encode(ODD[mode])
        end.sendall(struct.pack("<IB", len(record), 0) + record)
    else:
        lie(mode, question, end, link)
    signal.pause()


def lie(mode: str, question: ReadAnswers | Describe, end: socket.socket, link: Link[ToMedia]) -> None:
    match mode:
        case "claims":
            link.send(claims(question))
        case "ends":
            sys.exit(3)
        case "swells":
            link.send(Beat([]))
        case "floods":
            while True:
                link.send(Beat([]))
        case "drips":
            end.sendall(struct.pack("<IB", 1000, 0))
            while not threading.Event().wait(0.1):
                end.sendall(b"x")
        case "connects for ever":
            connect_for_ever(link)


def connect_for_ever(link: Link[ToMedia]) -> None:
    for serial in range(1000):
        link.send(NeedConnection(QUESTION, serial))
        while not isinstance(next_message(link), Connected):
            pass


def claims(question: ReadAnswers | Describe) -> AnswersRead | Described:
    if isinstance(question, Describe):
        return Described("Acme", "Bullet", "V1", [stream(each) for each in STREAMS])
    nobody = CameraAnswer("Nobody", "", ["http://10.66.6.6/"])
    return AnswersRead([CameraAnswer("Gate", "X1", list(CLAIMED)), nobody])


def next_message(link: Link[ToMedia]) -> ToMedia:
    while (received := link.receive(1.0)) is None:
        pass
    for descriptor in received.descriptors:
        os.close(descriptor)
    return received.message


def next_question(link: Link[ToMedia]) -> ReadAnswers | Describe:
    while not isinstance(message := next_message(link), ReadAnswers | Describe):
        pass
    return message


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
