"""Glass to glass: a camera draws its clock into each picture that it encodes, and the page in Chromium reads it."""

import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.media.blocks import COUNT, LEFT, SIDE, TOP, ZONE
from benchmarks.media.cameras import cameras
from benchmarks.media.parts import Figures, Setting, spread
from benchmarks.media.server import server

from browser.webdriver import browser, chromedriver
from securevision.api.cookies import SESSION_COOKIE

_WATCH = """
const video = document.getElementById("video");
const canvas = document.createElement("canvas");
canvas.width = WIDTH;
canvas.height = HEIGHT;
const context = canvas.getContext("2d", { willReadFrequently: true });
globalThis.ages = [];
function look(now, { expectedDisplayTime }) {
  video.requestVideoFrameCallback(look);
  context.drawImage(video, 0, 0, canvas.width, canvas.height, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, MIDDLE, canvas.width, 1);
  let word = 0;
  for (let i = 0; i < COUNT; i += 1) {
    word = word * 2 + (data[4 * (LEFT + SIDE * i + SIDE / 2) + 1] > 127);
  }
  const value = word >> 4;
  if (((value ^ value >> 4 ^ value >> 8 ^ value >> 12 ^ 5) & 15) !== (word & 15)) return;
  const shown = Date.now() + Math.max(0, expectedDisplayTime - performance.now());
  globalThis.ages.push((((shown - value) % 65536) + 65536) % 65536);
}
video.requestVideoFrameCallback(look);
"""
_PLACES = f"""
const [WIDTH, HEIGHT, MIDDLE] = [{LEFT + COUNT * SIDE}, {TOP + SIDE}, {TOP + SIDE // 2}];
const [LEFT, SIDE, COUNT] = [{LEFT}, {SIDE}, {COUNT}];
"""
_PLAYING = "document.getElementById('video').videoWidth && document.getElementById('video').currentTime > 1"


def measure_live(setting: Setting) -> Figures:
    """From the encoder to the moment at which a picture is shown, in milliseconds."""
    program, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if program is None or chromium is None:
        raise SystemExit("Chromium and its driver are not installed; run `make test-deps`.")
    with (
        server() as ours,
        cameras("clock", 1, setting.raw) as camera,
        tempfile.TemporaryDirectory() as profile,
        chromedriver(program) as driver,
        # Its authority is of this run alone.
        browser(driver, chromium, Path(profile), "--ignore-certificate-errors") as page,
    ):
        ours.add("gate", camera.address(0), zones=[ZONE], recording="off")
        ours.wait_until_live(1)
        origin = ours.process.origin
        page.keep_cookie(origin, SESSION_COOKIE, ours.process.cookies[SESSION_COOKIE])
        begin = time.monotonic()
        page.open(f"{origin}/camera?id=gate")
        page.wait("document.getElementById('video').videoWidth")
        first_s = time.monotonic() - begin
        page.wait(_PLAYING)
        time.sleep(setting.settle_s / 2)
        page.run(_PLACES + _WATCH)
        time.sleep(10.0 if setting.quick else 60.0)
        ages = page.run("return globalThis.ages")
    print(spread(ages), flush=True)
    return {"age_ms": spread(ages), "first_picture_s": round(first_s, 2), "size": "1280x720", "rate": 15}
