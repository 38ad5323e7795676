import os
import subprocess
import sys
from pathlib import Path

import pytest

from securevision.errors import InvalidInput
from securevision.settings import load_settings, setting_names


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("SECUREVISION__"):
            monkeypatch.delenv(name)


def test_without_any_setting_the_server_is_local() -> None:
    settings = load_settings()
    assert settings.api.host == "127.0.0.1"
    assert settings.api.auth_token is None
    assert not settings.api.allow_plain_http


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SECUREVISION__API__PORT=9001\nSECUREVISION__EVENTS__RETENTION_DAYS=7\nOTHER=1\n")
    monkeypatch.setenv("SECUREVISION__API__PORT", "9002")
    settings = load_settings()
    assert (settings.api.port, settings.events.retention_days) == (9002, 7)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SECUREVISION__API__PRT", "SECUREVISION__API__PORT"),
        ("SECUREVISION__CAMERA__ULR", "SECUREVISION__CAMERA__URL"),
        ("SECUREVISION__VIDEO__SOURCE__URL", "SECUREVISION__CAMERA__URL"),
        ("SECUREVISION__PLATES__WHITELIST_PATH", "SECUREVISION__PLATES__ALLOW_LIST"),
        ("SECUREVISION__PORT", "SECUREVISION__API__PORT"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, name: str, nearest: str
) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(InvalidInput, match=f"^{name} is not a setting; the nearest is {nearest}\\.$"):
        load_settings()


def test_an_unknown_setting_in_the_file_is_refused() -> None:
    Path(".env").write_text("SECUREVISION__API__TOKEN=x\n")
    with pytest.raises(InvalidInput, match="SECUREVISION__API__TOKEN is not a setting"):
        load_settings()


def test_a_value_that_cannot_be_used_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECUREVISION__API__PORT", "canary-value")
    with pytest.raises(InvalidInput, match=r"^SECUREVISION__API__PORT cannot be used: ") as caught:
        load_settings()
    assert "canary" not in str(caught.value)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECUREVISION__CAMERA__URL", "rtsp://admin:canary@host/stream")
    monkeypatch.setenv("SECUREVISION__API__AUTH_TOKEN", "canary" * 8)
    settings = load_settings()
    assert "canary" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text()
    missing = [name for name, _ in setting_names() if f"`SECUREVISION__{name}`" not in text]
    assert missing == []


def test_reading_settings_loads_no_model_library() -> None:
    code = "import sys, securevision.settings; sys.exit('onnxruntime' in sys.modules or 'cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
