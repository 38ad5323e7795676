import json
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.onvif_camera import OnvifCamera
from fakes.scripted_camera import self_signed
from unit.cameras.onvif.test_onvif_discovery import probe_match

PROGRAM = Path(__file__).with_name("sealed_client.py")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are sealed on Linux alone")
@pytest.mark.parametrize(("scheme", "login"), [("http", "token"), ("https", "digest")])
def test_all_that_a_camera_sends_is_read_in_a_sealed_process(tmp_path: Path, scheme: str, login: str) -> None:
    tls = self_signed(tmp_path) if scheme == "https" else None
    with OnvifCamera(login=login, tls=tls) as camera:
        done = subprocess.run(
            [sys.executable, PROGRAM, f"{scheme}://127.0.0.1:{camera.port}", camera.user, camera.password],
            input=probe_match(f"http://127.0.0.1:{camera.port}/x"),
            env={"PYTHONPATH": ":".join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == {"sealed": True, "profiles": 2, "found": 1}
