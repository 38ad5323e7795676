from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import asset_path
from fakes import models
from fakes.models import model_file
from securevision.errors import InvalidInput, Unavailable
from securevision.recognition.faces import FaceRecogniser
from securevision.recognition.gallery_folder import LookAt, read_gallery_folder
from securevision.recognition.images import read_image
from securevision.recognition.sessions import ModelSession
from securevision.recognition.sface import similarity_transform
from securevision.settings import Settings
from securevision.wiring.uploads import recogniser

PORTRAIT = "astronaut.png"


@pytest.fixture(scope="module")
def faces() -> FaceRecogniser:
    return models.faces()


@pytest.fixture(scope="module")
def look_at() -> Iterator[LookAt]:
    """What looks at photos as the commands do: a sealed process."""
    settings = Settings()
    settings.plates.enabled = False
    with recogniser(settings, models.models()) as look:
        yield look


@pytest.fixture(scope="module")
def portrait() -> Path:
    return model_file(PORTRAIT)


def write(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


@given(
    st.floats(-3, 3), st.floats(0.2, 5), st.floats(-100, 100), st.floats(-100, 100), st.integers(0, 2**32 - 1)
)
def test_a_similarity_is_recovered_exactly(
    angle: float, scale: float, dx: float, dy: float, seed: int
) -> None:
    source = np.random.default_rng(seed).normal(size=(5, 2)) * 50
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = scale * source @ rotation.T + (dx, dy)
    matrix = similarity_transform(source, target)
    np.testing.assert_allclose(source @ matrix[:, :2].T + matrix[:, 2], target, atol=1e-6)


@pytest.mark.needs_models
@pytest.mark.filterwarnings("ignore")
def test_boxes_and_embeddings_agree_with_opencv(faces: FaceRecogniser, portrait: Path) -> None:
    pixels = np.asarray(cv2.resize(read_image(portrait), (640, 640)), np.uint8)
    yunet, sface = (
        str(model_file(f"face_{n}.onnx")) for n in ("detection_yunet_2023mar", "recognition_sface_2021dec")
    )
    [reference] = cv2.FaceDetectorYN.create(yunet, "", (640, 640), 0.7, 0.3).detect(pixels)[1]
    embedder = cv2.FaceRecognizerSF.create(sface, "")
    embedding = embedder.feature(embedder.alignCrop(pixels, reference))[0]

    [face] = faces.observe(pixels)
    x, y, width, height = reference[:4]
    np.testing.assert_allclose(
        (face.box.x1, face.box.y1, face.box.x2, face.box.y2), (x, y, x + width, y + height), atol=1.0
    )
    assert float(face.embedding @ (embedding / np.linalg.norm(embedding))) > 0.999


@pytest.mark.needs_models
def test_one_person_is_near_and_another_is_far(faces: FaceRecogniser, portrait: Path) -> None:
    pixels = read_image(portrait)
    [known] = faces.observe_still(pixels)
    noise = np.random.default_rng(1).normal(0, 12, pixels.shape)
    worse = np.clip(cv2.GaussianBlur(pixels, (3, 3), 0) + noise, 0, 255).astype(np.uint8)
    [again] = faces.observe_still(worse)
    [other] = faces.observe_still(read_image(asset_path("grace_hopper.jpg")))
    assert float(known.embedding @ again.embedding) > 0.8
    assert float(known.embedding @ other.embedding) < 0.3


@pytest.mark.needs_models
def test_a_face_that_fills_the_photo_is_found(faces: FaceRecogniser, portrait: Path) -> None:
    close = np.asarray(cv2.resize(read_image(portrait)[50:190, 160:290], (1300, 1400)), np.uint8)
    assert len(faces.observe_still(close)) == 1


@pytest.mark.needs_models
def test_a_small_face_in_a_video_frame_is_left_out(faces: FaceRecogniser, portrait: Path) -> None:
    pixels = read_image(portrait)
    small = np.zeros((720, 1280, 3), np.uint8)
    small[100:200, 100:200] = cv2.resize(pixels, (100, 100))  # the face is about 22 px high
    assert faces.observe(small) == []


@pytest.mark.needs_models
def test_a_gallery_folder_names_each_photo_that_cannot_be_used(
    look_at: LookAt, portrait: Path, tmp_path: Path
) -> None:
    good = read_image(portrait)
    write(tmp_path / "ada" / "1.png", good)
    write(tmp_path / "ada" / "2.png", np.zeros((200, 200, 3), np.uint8))
    write(tmp_path / "grace" / "two.png", np.hstack((good, good)))
    (tmp_path / "grace" / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    (tmp_path / "grace" / "empty.jpg").touch()
    (tmp_path / "grace" / "notes.txt").write_text("not a photo, and no problem")
    read = read_gallery_folder(look_at, tmp_path)
    assert [template.person_name for template in read.templates] == ["ada"]
    assert [problem.replace(str(tmp_path), "") for problem in read.problems] == [
        "No face was found in /ada/2.png; use a photo that shows the face from the front.",
        "/grace/broken.jpg is not a picture that can be read; use a JPEG or PNG picture.",
        "/grace/empty.jpg is empty; use a JPEG or PNG picture.",
        "2 faces were found in /grace/two.png; use a photo of grace alone, or crop it.",
    ]


@pytest.mark.needs_models
def test_an_empty_gallery_folder_says_where_photos_go(look_at: LookAt, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no photos; put them into"):
        read_gallery_folder(look_at, tmp_path)
    with pytest.raises(InvalidInput, match="is not a folder"):
        read_gallery_folder(look_at, tmp_path / "missing")


def test_a_file_that_is_no_model_is_refused_in_one_sentence() -> None:
    with pytest.raises(Unavailable, match=r"^The model model\.onnx cannot be loaded .*models verify"):
        ModelSession("model.onnx", b"no model")


def test_a_picture_with_too_many_pixels_is_refused(tmp_path: Path) -> None:
    bomb = write(tmp_path / "bomb.png", np.zeros((10_000, 9_000), np.uint8))
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(InvalidInput, match=r"bomb\.png"):
        read_image(bomb)
