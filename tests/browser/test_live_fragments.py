"""What the footage room makes, played by a browser."""

import base64

import pytest

from browser.webdriver import Browser
from securevision.domain.ports.footage import Fragment
from securevision.domain.video import TICKS_PER_SECOND
from securevision.footage.fragments import Mp4Fragments
from unit.footage.videos import STEP, Video, camera_video, file_video, mp4_of

pytestmark = pytest.mark.needs_chromium

# Returns [begin, end, ...] of what can be played, and the width of the picture.
TAKE_IN = """
const [mime, parts] = %s;
const video = document.createElement("video");
const source = new MediaSource();
const once = (target, event) => new Promise((done) => target.addEventListener(event, done, { once: true }));
const opened = once(source, "sourceopen");
video.src = URL.createObjectURL(source);
return opened.then(async () => {
  const buffer = source.addSourceBuffer(mime);
  for (const part of parts) {
    const added = once(buffer, "updateend");
    buffer.appendBuffer(Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0)));
    await added;
  }
  // HAVE_METADATA may come after the update that brought it.
  if (video.readyState < 1) await once(video, "loadedmetadata");
  const ranges = [...Array(buffer.buffered.length).keys()];
  return [ranges.flatMap((i) => [buffer.buffered.start(i), buffer.buffered.end(i)]), video.videoWidth];
});
"""


def taken_in(page: Browser, video: Video, per: Fragment) -> tuple[list[float], int]:
    parts = [base64.b64encode(part).decode() for part in mp4_of(video, per)]
    page.open("about:blank")
    ranges, width = page.run(TAKE_IN % [Mp4Fragments(video.format, per).mime, parts])
    return list(ranges), int(width)


@pytest.mark.parametrize("per", Fragment)
def test_a_browser_takes_in_every_picture_across_gaps_and_jitter(page: Browser, per: Fragment) -> None:
    """A gap must not make it wait for the next keyframe: here there is none."""
    steps = [STEP] * 10 + [4 * STEP] + [STEP, STEP // 3, 2 * STEP] * 3 + [3 * TICKS_PER_SECOND] + [STEP] * 9
    video = camera_video(count=30, gop=1000).retimed(steps)
    end = (video.packets[-1].pts + STEP) / TICKS_PER_SECOND
    assert taken_in(page, video, per) == ([0, pytest.approx(end, abs=0.15)], 160)


def test_a_browser_takes_in_the_b_frames_of_a_file(page: Browser) -> None:
    ranges, width = taken_in(page, file_video(), Fragment.PICTURE)
    assert width == 160
    assert len(ranges) == 2
    assert ranges[1] - ranges[0] == pytest.approx(2, abs=0.01)
