import os
from pathlib import Path

import pytest

from securevision.domain.events import ListMatch
from securevision.errors import InvalidInput
from securevision.incidents.plate_lists import MAX_BYTES
from securevision.settings import Settings
from securevision.wiring.analysis import read_plate_lists


def settings_with(path: Path) -> Settings:
    settings = Settings()
    settings.plates.block_list = path
    return settings


def test_a_list_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "block.csv"
    path.write_bytes(b"\xef\xbb\xbfplate,description\r\nAB-12,stolen\r\n")
    assert read_plate_lists(settings_with(path)).match("AB 12") is ListMatch.BLOCK


def test_what_is_no_file_of_a_sane_size_is_refused_in_one_sentence(tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "pipe.csv")
    for path, hint in [
        (large, "has more than 8 MiB"),
        (tmp_path / "pipe.csv", "is not a file"),
        (Path("/dev/zero"), "is not a file"),
        (tmp_path, "is not a file"),
        (tmp_path / "missing.csv", "does not exist"),
        (large / "below", "cannot be read: Not a directory"),
    ]:
        with pytest.raises(InvalidInput, match=hint) as caught:
            read_plate_lists(settings_with(path))
        assert str(path) in str(caught.value)
        assert str(caught.value).endswith(".")
