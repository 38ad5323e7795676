#!/usr/bin/python3
"""Cameras that send at the time at which they see: an RTSP server under the system's Python, without passwords.

    paced_camera.py clip COUNT FILE.h264     /0 to /COUNT-1 play the file, each a little later than the one before
    paced_camera.py clock 1 FILE.i420        /0 is encoded as it goes, with the time of day in blocks

It prints its port and the time in milliseconds at which camera 0 saw picture 0. Camera c sees picture n at that time
plus (n + c / COUNT) / 15 s, whoever looks; so what one camera sends in a burst does not come with what another does.
Then it says once a second by how many milliseconds it was late at most, which is nobody else's fault.
"""
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ANN204, E402

import sys
import threading
import time
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from blocks import LEFT, SIDE, TOP, bits_of
from gi.repository import GLib, Gst, GstRtspServer

RATE = 15
WIDTH, HEIGHT = 1280, 720
MARK = b"\x00\x00\x00\x01\x09"
SOURCE = "appsrc name=src is-live=true do-timestamp=true format=time max-bytes=0 max-buffers=30 leaky-type=downstream"
PAY = "h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1"
CLIP = f'( {SOURCE} caps="video/x-h264,stream-format=byte-stream,alignment=au,framerate={RATE}/1" ! {PAY} )'
CLOCK = (
    f'( {SOURCE} caps="video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={RATE}/1"'
    " ! x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=30 bitrate=2000"
    f" ! video/x-h264,profile=constrained-baseline ! {PAY} )"
)


class Camera(GstRtspServer.RTSPMediaFactory):
    """Gives each viewer what it sees from now on."""

    def __init__(self, launch):
        super().__init__()
        self.sources = []
        self.set_launch(launch)
        self.connect("media-configure", self.configure)

    def configure(self, _factory, media):
        source = media.get_element().get_by_name("src")
        self.sources = [*self.sources, source]
        media.connect("unprepared", lambda _media: self.forget(source))

    def forget(self, source):
        self.sources = [each for each in self.sources if each is not source]

    def see(self, data):
        for source in self.sources:
            source.emit("push-buffer", Gst.Buffer.new_wrapped(data))


def clip_pictures(path):
    """Return what gives the picture of a number."""
    units = [MARK + unit for unit in path.read_bytes().split(MARK)[1:]]
    return lambda number: units[number % len(units)]


def clock_pictures(path):
    """Likewise, with the time of day drawn into it."""
    size = WIDTH * HEIGHT * 3 // 2
    data = path.read_bytes()
    raw = [data[start : start + size] for start in range(0, len(data), size)]
    colours = {True: b"\xeb" * SIDE, False: b"\x10" * SIDE}

    def picture(number):
        drawn = bytearray(raw[number % len(raw)])
        row = b"".join(colours[bit] for bit in bits_of(int(time.time() * 1000) & 0xFFFF))
        for y in range(TOP, TOP + SIDE):
            drawn[y * WIDTH + LEFT : y * WIDTH + LEFT + len(row)] = row
        return bytes(drawn)

    return picture


def play(cameras, picture, begin):
    a_second, late = RATE * len(cameras), 0.0
    for step in range(1 << 62):
        number, index = divmod(step, len(cameras))
        time.sleep(max(0.0, begin + step / a_second - time.monotonic()))
        if cameras[index].sources:
            cameras[index].see(picture(number))
        late = max(late, time.monotonic() - begin - step / a_second)
        if step % a_second == a_second - 1:
            print(round(1000 * late), flush=True)
            late = 0.0


def main(kind, count, path):
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    # Who asks for a video waits up to 2 s for a keyframe; that must not keep the others waiting.
    server.get_thread_pool().set_max_threads(-1)
    cameras = [Camera(CLOCK if kind == "clock" else CLIP) for _ in range(int(count))]
    for index, camera in enumerate(cameras):
        server.get_mount_points().add_factory(f"/{index}", camera)
    if not server.attach(None):
        raise SystemExit("there is no port")
    picture = (clock_pictures if kind == "clock" else clip_pictures)(Path(path))
    begin = time.monotonic()
    print(server.get_bound_port(), time.time() * 1000, flush=True)
    threading.Thread(target=play, args=(cameras, picture, begin), daemon=True).start()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
