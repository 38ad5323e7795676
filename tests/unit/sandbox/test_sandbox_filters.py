import errno
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.bpf import ALLOW, ERRNO, KILL_PROCESS, run
from securevision.sandbox.filters import filter_program
from securevision.sandbox.profiles import MEDIA, RECOGNISER, Profile
from securevision.sandbox.system_calls import ARM64, X86_64, Machine

PID = 4321
REFUSED = ERRNO | errno.EPERM
X32 = 0x40000000
MACHINES = {"x86_64": X86_64, "arm64": ARM64}
PROFILES = {"media": MEDIA, "recogniser": RECOGNISER}
ONLY_X86 = {"poll", "select", "time"}

# Said once more, in other words: which arguments will do.
CONDITIONS: Mapping[str, Callable[[Profile, Sequence[int]], bool]] = {
    "mmap": lambda _, a: a[2] in (0, 1, 2, 3),
    "mprotect": lambda _, a: a[2] in (0, 1, 2, 3),
    "clone": lambda _, a: a[0] == 0x3D0F00,
    "prctl": lambda _, a: a[0] == 15,
    "fcntl": lambda _, a: a[1] in (1, 2, 3, 4, 1030),
    "ioctl": lambda profile, a: a[1] in profile.requests,
    "sendto": lambda _, a: a[3] & ~0xC040 == 0 and a[4] == 0,
    "sendmsg": lambda _, a: a[2] & ~0xC040 == 0,
    "setsockopt": lambda _, a: a[1] == 1 and a[2] in (20, 21),
    "tgkill": lambda _, a: a[0] == PID,
}
PROGRAMS = {
    (machine, profile): filter_program(PROFILES[profile], MACHINES[machine], PID)
    for machine in MACHINES
    for profile in PROFILES
}
both = pytest.mark.parametrize(("machine", "profile"), list(PROGRAMS))


def expected(machine: str, profile: str, number: int, arguments: Sequence[int]) -> int:
    numbers = MACHINES[machine].numbers
    name = next((name for name, its in numbers.items() if its == number), "")
    if machine == "x86_64" and number >= X32:
        return KILL_PROCESS
    if name == "clone3":
        return ERRNO | errno.ENOSYS
    chosen = PROFILES[profile]
    if name in chosen.calls or (name in CONDITIONS and CONDITIONS[name](chosen, arguments)):
        return ALLOW
    return REFUSED


@both
def test_every_number_up_to_600_is_allowed_by_the_list_or_refused(machine: str, profile: str) -> None:
    numbers = MACHINES[machine].numbers
    allowed = {
        number
        for number in range(601)
        if run(PROGRAMS[machine, profile], MACHINES[machine].audit_arch, number) == ALLOW
    }
    # With arguments of 0 alone: nothing is mapped, and nothing has flags.
    free = {"mmap", "mprotect", "sendto", "sendmsg"} | PROFILES[profile].calls
    assert allowed == {number for name, number in numbers.items() if name in free}


@both
def test_every_call_of_a_profile_has_a_number(machine: str, profile: str) -> None:
    lacking = PROFILES[profile].calls - MACHINES[machine].numbers.keys()
    assert lacking == (ONLY_X86 if machine == "arm64" else set())


@pytest.mark.parametrize("machine", MACHINES)
def test_no_two_calls_have_one_number(machine: str) -> None:
    numbers: Machine = MACHINES[machine]
    assert len(set(numbers.numbers.values())) == len(numbers.numbers)


INTERESTING = sorted(
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 0x40, 0x1000, 0x4000, 0x8000, 0xC040, 0x10000, 0x20000000, 0x3D0F00}
    | {1030, PID, 17, 20, 21, 2**32 - 1, 2**64 - 1, *MEDIA.requests, 0x5412, 0x8901}
)
words = st.one_of(
    st.sampled_from(INTERESTING),
    # One bit more or less, anywhere in the 64: also where the kernel does not look.
    st.builds(lambda word, bit: word ^ 1 << bit, st.sampled_from(INTERESTING), st.integers(0, 63)),
    st.integers(0, 2**64 - 1),
)


@both
@given(data=st.data())
def test_any_call_is_decided_by_its_number_and_all_64_bits_of_its_arguments(
    machine: str, profile: str, data: st.DataObject
) -> None:
    numbers = MACHINES[machine].numbers
    number = data.draw(
        st.sampled_from([numbers[name] for name in CONDITIONS])
        | st.sampled_from(list(numbers.values()))
        | st.integers(0, 600)
        | st.integers(0, 2**32 - 1)
    )
    arguments = data.draw(st.lists(words, min_size=6, max_size=6))
    decided = run(PROGRAMS[machine, profile], MACHINES[machine].audit_arch, number, arguments)
    assert decided == expected(machine, profile, number, arguments)


@both
@pytest.mark.parametrize("name", CONDITIONS)
@given(bit=st.integers(32, 63), data=st.data())
def test_upper_halves_make_no_allowed_call_of_another(
    machine: str, profile: str, name: str, bit: int, data: st.DataObject
) -> None:
    right = {
        "mmap": [0, 4096, 3, 0x22, 0, 0],
        "mprotect": [0, 4096, 1, 0, 0, 0],
        "clone": [0x3D0F00, 0, 0, 0, 0, 0],
        "prctl": [15, 0, 0, 0, 0, 0],
        "fcntl": [3, 4, 0, 0, 0, 0],
        "ioctl": [3, 0x5421, 0, 0, 0, 0],
        "sendto": [3, 0, 1, 0x4000, 0, 0],
        "sendmsg": [3, 0, 0x40, 0, 0, 0],
        "setsockopt": [3, 1, 20, 0, 16, 0],
        "tgkill": [PID, PID, 6, 0, 0, 0],
    }[name]
    checked = {"mmap": [2], "mprotect": [2], "fcntl": [1], "ioctl": [1]}
    checked |= {"sendto": [3, 4], "sendmsg": [2], "setsockopt": [1, 2]}
    arch, number = MACHINES[machine].audit_arch, MACHINES[machine].numbers[name]
    assert run(PROGRAMS[machine, profile], arch, number, right) == ALLOW
    wrong = list(right)
    wrong[data.draw(st.sampled_from(checked.get(name, [0])))] |= 1 << bit
    assert run(PROGRAMS[machine, profile], arch, number, wrong) == REFUSED


@both
@given(
    arch=st.sampled_from([0, 0xC00000F3, 0x40000003, 0x40000028]) | st.integers(0, 2**32 - 1),
    number=st.integers(0, 600),
)
def test_another_convention_ends_the_process(machine: str, profile: str, arch: int, number: int) -> None:
    # i386, 32-bit ARM and RISC-V among them: their numbers mean other calls.
    if arch != MACHINES[machine].audit_arch:
        assert run(PROGRAMS[machine, profile], arch, number) == KILL_PROCESS


@given(number=st.integers(X32, 2**32 - 1))
def test_x32_ends_the_process(number: int) -> None:
    for profile in PROFILES:
        assert run(PROGRAMS["x86_64", profile], X86_64.audit_arch, number) == KILL_PROCESS


@both
def test_the_requests_of_devices_are_the_media_workers_alone(machine: str, profile: str) -> None:
    arch, number = MACHINES[machine].audit_arch, MACHINES[machine].numbers["ioctl"]
    allowed = {
        request
        for request in (*MEDIA.requests, 0x5412, 0x8901, 0x541B, 0xC0D05640)
        if run(PROGRAMS[machine, profile], arch, number, [3, request]) == ALLOW
    }
    assert allowed == set(PROFILES[profile].requests)
    assert {0x5421, 0x5451} <= allowed
