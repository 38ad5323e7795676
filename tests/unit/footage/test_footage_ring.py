from hypothesis import given
from hypothesis import strategies as st

from securevision.domain.video import TICKS_PER_SECOND, Packet, VideoFormat
from securevision.footage.ring import PacketRing

VIDEO = VideoFormat("h264", 160, 96, b"x")
STEP = TICKS_PER_SECOND // 15


def packet(index: int, *, keyframe: bool, size: int = 100) -> Packet:
    return Packet(bytes(size), keyframe, index, index * STEP, index * STEP)


def filled(seconds: float, max_bytes: int, keyframes: list[bool], size: int = 100) -> PacketRing:
    ring = PacketRing(seconds, max_bytes)
    ring.start(VIDEO)
    for index, keyframe in enumerate(keyframes):
        ring.push(packet(index, keyframe=keyframe, size=size))
    return ring


def test_what_is_needed_is_kept_in_whole_gops_and_the_rest_let_go() -> None:
    ring = filled(2.0, 1 << 20, [index % 15 == 0 for index in range(100)])
    kept = [each.ts_ms for each in ring.packets()]
    # 99 is the newest; the GOP of 60 begins 39 pictures before it, 2.6 s.
    assert kept == list(range(60, 100))
    assert [each.ts_ms for each in ring.newest_gop()] == list(range(90, 100))


@given(
    st.floats(0.1, 6),
    st.integers(0, 30_000),
    st.lists(st.tuples(st.booleans(), st.integers(0, 3000), st.integers(1, 3 * STEP)), max_size=120),
)
def test_the_ring_begins_with_a_keyframe_is_bounded_and_covers_its_seconds(
    seconds: float, max_bytes: int, pushed: list[tuple[bool, int, int]]
) -> None:
    ring, unbounded = PacketRing(seconds, max_bytes), PacketRing(seconds, 1 << 40)
    dts, sent = 0, []
    for keyframe, size, step in pushed:
        dts += step
        sent.append(Packet(bytes(size), keyframe, 0, dts, dts))
        ring.push(sent[-1])
        unbounded.push(sent[-1])
        kept, everything = list(ring.packets()), list(unbounded.packets())
        assert sum(len(each.data) for each in kept) <= max_bytes
        for packets in (kept, everything):
            assert not packets or (packets[0].keyframe and packets[-1] is sent[-1])
            assert packets == sent[len(sent) - len(packets) :]
        # All of it as long as it takes, and no GOP more than that.
        first = next((index for index, each in enumerate(sent) if each.keyframe), None)
        later = [each for each in everything[1:] if each.keyframe]
        if everything and first is not None and everything[0] is not sent[first]:
            assert dts - everything[0].dts >= seconds * TICKS_PER_SECOND - 1
        assert not later or dts - later[0].dts <= seconds * TICKS_PER_SECOND + 1
        newest = list(ring.newest_gop())
        assert newest == kept[len(kept) - len(newest) :]
        assert bool(newest) == bool(kept)
        assert [each.keyframe for each in newest] == [True] * bool(newest) + [False] * (len(newest) - 1)


def test_a_gop_that_is_too_large_is_let_go_until_the_next_keyframe() -> None:
    ring = filled(10.0, 10_000, [True] + [False] * 50, size=1000)
    assert not ring.packets()
    assert not ring.newest_gop()
    ring.push(packet(60, keyframe=False))
    assert not ring.packets()
    ring.push(packet(61, keyframe=True))
    ring.push(packet(62, keyframe=False))
    assert [each.ts_ms for each in ring.packets()] == [61, 62]


def test_many_tiny_packets_are_bounded_too() -> None:
    ring = PacketRing(1e9, 100_000)
    for index in range(1000):
        ring.push(packet(index, keyframe=index % 10 == 0, size=0))
        assert len(ring.packets()) < 500
    assert ring.packets()


def test_another_video_begins_anew() -> None:
    ring = filled(10.0, 3000, [True, False, False])
    for _ in range(5):
        ring.push(packet(3, keyframe=True, size=2000))
        assert len(ring.packets()) == 1
        ring.start(VIDEO)
    ring.push(packet(9, keyframe=False))
    assert not ring.packets()
    assert not ring.newest_gop()
    ring.push(packet(10, keyframe=True))
    assert [each.ts_ms for each in ring.packets()] == [10]
