"""Plays a clip to one player over RTMP, which FFmpeg can do; then waits until its input ends. Run as a program."""

import sys

import av


def main() -> None:
    port, clip = sys.argv[1:]
    # Only the `tee` muxer hands options on to the protocol. It waits in a call that lets no other thread run.
    target = f"[f=flv:listen=1:onfail=abort]rtmp://127.0.0.1:{port}/live/x"
    with av.open(clip) as source, av.open(target, "w", format="tee") as player:
        stream = player.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                player.mux_one(packet)
        sys.stdin.read()


if __name__ == "__main__":
    main()
