"""What the core tells a recogniser when it starts it."""

import msgspec

from securevision.domain.configs import FaceConfig, PlateConfig


class RecogniserJob(msgspec.Struct, frozen=True):
    """What the recogniser shall be able to do."""

    face_models: tuple[str, str] | None
    """Paths of the face detector and the embedder; None when faces are not wanted."""
    plate_models: tuple[str, str] | None
    """Paths of the text finder and the text reader."""
    face: FaceConfig
    plate: PlateConfig
    threads: int
    """Pictures that are looked at side by side, each on one thread."""
