"""The page of one camera: its live picture, what is followed in it, and its recordings."""

from dataclasses import replace

import pytest

from browser.test_page_looks import look
from browser.visits import give_session
from browser.webdriver import Browser
from fakes.running_api import CAMERA, OTHER_CAMERA, RunningApi
from fakes.watching import report
from securevision.domain.accounts import User, UserChange
from securevision.domain.audit import AuditAction, AuditDraft
from securevision.domain.frames import SourceState, SourceStatus
from securevision.domain.live import LiveBox, LiveBoxes
from securevision.domain.observations import Kind
from securevision.domain.ports.footage import Fragment
from securevision.domain.rights import Cameras, Role
from securevision.footage.fragments import Mp4Fragments
from securevision.runtime.messages import LiveInit
from unit.footage.videos import NOW_MS, Video, camera_video, mp4_of

pytestmark = pytest.mark.needs_chromium

PATIENCE_S = 15
PLAYING = "!document.getElementById('video').hidden && document.getElementById('video').videoWidth"
SHOWS_STILL = "!document.getElementById('still').hidden && document.getElementById('still').naturalWidth"
NOBODY = LiveBoxes(NOW_MS, ())
ADA = LiveBoxes(NOW_MS, (LiveBox(Kind.FACE, "Ada", (0.25, 0.25, 0.5, 0.5)),))
PAINTED = """(() => {
  const canvas = document.getElementById("boxes");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value > 0);
})()"""


def arrive(page: Browser, api: RunningApi, user: User, camera: str = CAMERA) -> None:
    give_session(page, api, user)
    page.open(f"{api.origin}/camera?id={camera}")


def show(api: RunningApi, video: Video) -> None:
    """Send a video as a media worker does, all at once."""
    init, *fragments = mp4_of(video, Fragment.PICTURE)
    api.watching.live.take(LiveInit(CAMERA, Mp4Fragments(video.format, Fragment.PICTURE).mime, init))
    for packet, fragment in zip(video.packets, fragments, strict=True):
        api.watching.show(CAMERA, packet.ts_ms, fragment, keyframe=packet.keyframe)


def watched(page: Browser, api: RunningApi, user: User) -> None:
    """Arrive, and wait until the camera is asked for live video."""
    arrive(page, api, user)
    page.wait("!document.getElementById('view').hidden")
    assert api.watching.asked.wait(PATIENCE_S)


def test_the_live_picture_plays_and_names_who_is_in_it(page: Browser, api: RunningApi) -> None:
    watched(page, api, api.add_user("Vera"))
    assert page.run(f"return {PAINTED}") is False
    show(api, camera_video())
    assert page.wait(PLAYING) == 160
    page.wait("document.getElementById('video').currentTime > 0.5")
    assert page.text("#camera-state") == "live"
    last = camera_video().packets[-1].ts_ms
    api.watching.live.show(CAMERA, replace(ADA, ts_ms=last))
    page.wait(PAINTED)
    api.watching.live.show(CAMERA, replace(NOBODY, ts_ms=last))
    page.wait(f"!{PAINTED}")
    look(page)


def test_a_video_that_the_browser_cannot_play_is_shown_as_pictures_until_it_can(
    page: Browser, api: RunningApi
) -> None:
    watched(page, api, api.add_user("Vera"))
    api.watching.live.take(LiveInit(CAMERA, 'video/mp4; codecs="hvc1.1.6.L93.B0"', b"init"))
    page.wait(SHOWS_STILL)
    assert page.run("return document.getElementById('video').hidden") is True
    show(api, camera_video())
    page.wait(f"{PLAYING} && document.getElementById('still').hidden")


def test_a_format_that_changes_is_played_too(page: Browser, api: RunningApi) -> None:
    watched(page, api, api.add_user("Vera"))
    show(api, camera_video())
    assert page.wait(PLAYING) == 160
    show(api, camera_video(size=(320, 192)))
    page.wait(f"({PLAYING}) === 320")


def test_a_camera_that_is_lost_says_so(page: Browser, api: RunningApi) -> None:
    lost = SourceStatus(SourceState.BACKING_OFF, "rtsp://cam/x ended the connection.")
    api.watching.told[CAMERA] = report(CAMERA, lost)
    arrive(page, api, api.add_user("Vera"))
    page.wait("document.getElementById('camera-detail').textContent")
    assert page.text("#camera-detail") == lost.detail
    assert page.text("#waiting") == "No picture just now"
    look(page)


@pytest.mark.parametrize("camera", ["nowhere", OTHER_CAMERA])
def test_a_camera_that_is_not_there_and_one_of_others_look_the_same(
    page: Browser, api: RunningApi, camera: str
) -> None:
    api.add_camera(OTHER_CAMERA)
    arrive(page, api, api.add_user("Vera", cameras=Cameras(frozenset({CAMERA}))), camera)
    page.wait("!document.getElementById('no-entry').hidden")
    assert page.text("#fault") == "There is no such camera, or it is not for you."
    look(page)


def test_a_view_ends_with_the_right_to_it(page: Browser, api: RunningApi) -> None:
    user = api.add_user("Vera")
    watched(page, api, user)
    show(api, camera_video())
    page.wait(PLAYING)
    others = UserChange(cameras=Cameras(frozenset({OTHER_CAMERA})))
    api.access.users.change(user.id, others, AuditDraft(AuditAction.USER_CHANGED, "system"))
    page.wait("location.pathname === '/sign-in'")


def test_a_recording_is_played_and_kept(page: Browser, api: RunningApi) -> None:
    video = b"".join(mp4_of(camera_video(), Fragment.GOP))
    recording = api.record(video=video)
    arrive(page, api, api.add_user("Olga", Role.OPERATOR))
    page.wait("document.querySelector('#recordings .row')")
    page.click("#recordings [aria-label^='Play']")
    page.wait("document.getElementById('recording').videoWidth === 160")
    look(page)
    page.press("Escape")
    page.click("#recordings [aria-label^='Keep']")
    page.wait("document.getElementById('recordings').innerText.includes('kept')")
    kept = api.services.recordings.get(recording.id)
    assert kept is not None
    assert kept.kept
    look(page)
