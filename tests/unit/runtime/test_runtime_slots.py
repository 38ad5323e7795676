import fcntl
import os
import threading

import pytest

from securevision.runtime.slot_desk import SlotDesk
from securevision.runtime.slots import SLOT_BYTES, SLOTS, SlotMemory, make_slots


def test_what_one_side_writes_the_other_reads_and_cannot_write() -> None:
    descriptor = make_slots()
    with (
        SlotMemory(os.dup(descriptor), SLOT_BYTES, writable=True) as writer,
        SlotMemory(descriptor, SLOT_BYTES, writable=False) as reader,
    ):
        for slot in range(SLOTS):
            with writer.slot(slot, 100) as room:
                room[:] = bytes([slot]) * 100
        for slot in range(SLOTS):
            with reader.slot(slot, 100) as room:
                assert bytes(room) == bytes([slot]) * 100
                with pytest.raises(TypeError):
                    room[0] = 1


def test_nobody_can_change_the_size_of_the_memory() -> None:
    """Whoever shrank it would have the reader killed by SIGBUS."""
    descriptor = make_slots()
    for size in (0, SLOTS * SLOT_BYTES - 1, SLOTS * SLOT_BYTES + 1):
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, size)
    with pytest.raises(PermissionError):
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
    os.close(descriptor)


def test_memory_that_is_not_written_takes_no_room() -> None:
    descriptor = make_slots()
    assert os.fstat(descriptor).st_blocks == 0
    os.close(descriptor)


@pytest.mark.parametrize(("slot", "length"), [(-1, 10), (SLOTS, 10), (0, 0), (0, -5), (0, SLOT_BYTES + 1)])
def test_there_is_no_slot_beyond_the_memory(slot: int, length: int) -> None:
    with (
        SlotMemory(make_slots(), SLOT_BYTES, writable=True) as memory,
        pytest.raises(ValueError, match=r"^$"),
        memory.slot(slot, length),
    ):
        pass


def test_a_descriptor_that_is_too_small_is_refused_and_closed() -> None:
    descriptor = os.memfd_create("small")
    os.ftruncate(descriptor, 100)
    with pytest.raises(ValueError, match="mmap length"):
        SlotMemory(descriptor, SLOT_BYTES, writable=False)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_slots_are_handed_out_once_until_they_come_back() -> None:
    desk = SlotDesk()
    taken = [desk.take() for _ in range(SLOTS + 1)]
    assert sorted(slot for slot in taken if slot is not None) == list(range(SLOTS))
    assert taken[-1] is None
    desk.free(1)
    assert desk.take() == 1
    assert not desk.wait_for_all(0.0)


def test_whoever_waits_for_all_slots_goes_on_when_the_last_one_comes_back() -> None:
    desk = SlotDesk()
    slot = desk.take()
    assert slot is not None
    waited = []
    waiting = threading.Thread(target=lambda: waited.append(desk.wait_for_all(10.0)))
    waiting.start()
    desk.free(slot)
    waiting.join(10)
    assert waited == [True]
