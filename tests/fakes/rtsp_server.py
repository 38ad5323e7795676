#!/usr/bin/python3
"""A camera: an RTSP server that plays raw files again and again, without encoding.

Runs under the system's Python, where GStreamer's bindings are:
    rtsp_server.py PORT basic|digest|- USER PASSWORD MOUNT=FILE.h264 MOUNT=FILE.h265 ...
A mount whose name begins with `sound` has a sound besides.
It prints the port that it listens on. Port 0 takes a free one; without a method no password is needed.
Files are Annex-B with access unit delimiters, 15 pictures a second.
"""
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN002, ANN201, ANN202, ANN204, E402, T201

import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer

RATE = 15
DELIMITER = {"h264": b"\x00\x00\x00\x01\x09", "h265": b"\x00\x00\x00\x01\x46"}
SOUND = " audiotestsrc is-live=true ! audioconvert ! mulawenc ! rtppcmupay name=pay1 pt=0"
METHODS = {"basic": 1, "digest": 2}  # GstRTSPAuthMethod


class Loop(GstRtspServer.RTSPMediaFactory):
    """Feeds the access units of a file to whoever watches."""

    def __init__(self, path, sound):
        super().__init__()
        codec = path.suffix.lstrip(".")
        mark = DELIMITER[codec]
        self.units = [mark + unit for unit in path.read_bytes().split(mark)[1:]]
        self.set_launch(
            f"( appsrc name=src is-live=true do-timestamp=false format=time max-bytes=200000"
            f' caps="video/x-{codec},stream-format=byte-stream,alignment=au,framerate={RATE}/1"'
            f" ! {codec}parse ! rtp{codec}pay name=pay0 pt=96 config-interval=-1{SOUND if sound else ''} )"
        )
        self.connect("media-configure", self.configure)

    def configure(self, _factory, media):
        given = 0

        def feed(source, _wanted):
            nonlocal given
            buffer = Gst.Buffer.new_wrapped(self.units[given % len(self.units)])
            buffer.duration = Gst.SECOND // RATE
            buffer.pts = buffer.dts = given * buffer.duration
            given += 1
            source.emit("push-buffer", buffer)

        media.get_element().get_by_name("src").connect("need-data", feed)


def main(port, method, user, password, *mounts):
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    if method in METHODS:
        auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        auth.set_supported_methods(METHODS[method])
        if method == "basic":
            auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
        else:
            auth.add_digest(user, password, token)
        server.set_auth(auth)
    for mount in mounts:
        name, _, path = mount.partition("=")
        factory = Loop(Path(path), name.startswith("sound"))
        if method in METHODS:
            role = "viewer, media.factory.access=(bool)true, media.factory.construct=(bool)true"
            factory.add_role_from_structure(Gst.Structure.new_from_string(role))
        server.get_mount_points().add_factory(f"/{name}", factory)
    if not server.attach(None):
        raise SystemExit("the port is taken")
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
