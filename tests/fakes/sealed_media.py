"""A sealed media worker's work: `python sealed_media.py LINK TLS SHARED CLIP`, all of them descriptors."""

import io
import mmap
import os
import socket
import ssl
import struct
import sys
from fractions import Fraction

import av
import cv2
import numpy as np

from fakes.sealed_acts import finish, receive, run_threads, wait_in_vain
from securevision.sandbox.profiles import MEDIA
from securevision.sandbox.sealing import seal_process

SHARED_BYTES = 8192
_PICTURE = np.zeros((720, 1280, 3), np.uint8)


def main(link: int, tls: int, shared: int, clip: int) -> None:
    cv2.setNumThreads(1)
    # What is imported late, PyAV's streams and Python's encoding of names, is imported now.
    decode(clip, 1)
    "a.lan".encode("idna")
    finish(
        seal_process(MEDIA),
        {
            "decoded by one thread": lambda: decode(clip, 1),
            "decoded by two threads": lambda: decode(clip, 2),
            "encoded": lambda: len(encode_and_mux()) > 500,
            "damage": tell_damage,
            "jpeg": lambda: cv2.imencode(".jpg", _PICTURE)[1].size > 1000,
            "resized": lambda: cv2.resize(_PICTURE, (320, 180), interpolation=cv2.INTER_AREA).shape,
            "tls": lambda: speak_tls(tls),
            "received": lambda: receive(link),
            "shared": lambda: write_shared(shared),
            "threads": run_threads,
            "timeout": lambda: wait_in_vain(link),
            "random": lambda: len(os.urandom(16)),
        },
    )


def decode(clip: int, threads: int) -> int:
    os.lseek(clip, 0, os.SEEK_SET)
    with os.fdopen(os.dup(clip), "rb") as file, av.open(file, "r") as container:
        context = container.streams.video[0].codec_context
        context.thread_count = threads
        context.thread_type = "FRAME" if threads > 1 else "NONE"
        return sum(
            frame.to_ndarray(format="bgr24").shape == (96, 160, 3) for frame in container.decode(video=0)
        )


def encode_and_mux() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=15, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = Fraction(1, 15)
        for _ in range(3):
            picture = np.ascontiguousarray(_PICTURE[:96, :160])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def tell_damage() -> str:
    try:
        av.open(io.BytesIO(b"nonsense" * 100))
    except av.error.FFmpegError as error:
        return type(error).__name__
    return ""


def speak_tls(descriptor: int) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.socket(fileno=descriptor)
    plain.settimeout(10)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 5, 0))
    with context.wrap_socket(plain, server_hostname="camera.lan") as camera:
        camera.sendall(b"hello")
        return camera.recv(100).decode()


def write_shared(descriptor: int) -> str:
    with mmap.mmap(descriptor, SHARED_BYTES) as memory:
        found = memory[:5].decode()
        memory[:5] = b"here!"
    return found


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
