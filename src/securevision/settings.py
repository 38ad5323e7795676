"""Typed settings from the environment and `.env`: `SECUREVISION__SECTION__KEY=value`."""

import difflib
import os
import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from securevision.domain.configs import FaceConfig, IncidentConfig, PlateConfig, TrackingConfig
from securevision.errors import InvalidInput

PREFIX = "SECUREVISION__"
_ENV_FILE = ".env"
_RENAMED = {
    "VIDEO__SOURCE__URL": "CAMERA__URL",
    "VIDEO__FPS_TARGET": "CAMERA__FPS",
    "EVENTS__DB_URL": "STORAGE__DIRECTORY",
    "PLATES__WHITELIST_PATH": "PLATES__ALLOW_LIST",
    "PLATES__BLACKLIST_PATH": "PLATES__BLOCK_LIST",
}
"""Keys of version 0.1 that have another name now."""

Ratio = Annotated[float, Field(ge=0, le=1)]


class CameraSettings(BaseModel):
    """The camera."""

    url: SecretStr | None = Field(
        None, description="`rtsp://user:password@host/stream`, a video file, or `demo:`; a secret"
    )
    id: str = Field("default", pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="name of the camera in events")
    fps: float = Field(5.0, gt=0, le=60, description="frames analysed a second, at most")
    allow_loopback: bool = Field(
        default=False, description="let the camera's program run on this machine; otherwise refused"
    )


class FaceSettings(BaseModel):
    """Faces."""

    enabled: bool = Field(default=True, description="recognise faces")
    similarity_threshold: Ratio = Field(
        0.4, description="least cosine at which a face belongs to a person; higher is stricter"
    )
    detection_threshold: Ratio = Field(0.7, description="least score at which something is a face")
    min_face_size: int = Field(30, ge=10, description="least height of a face in pixels")


class PlateSettings(BaseModel):
    """Licence plates."""

    enabled: bool = Field(default=True, description="read licence plates")
    min_confidence: Ratio = Field(0.6, description="least mean confidence of the characters")
    search_size: int = Field(
        960, ge=320, le=2560, description="pixels of the longer side at which plates are searched"
    )
    allow_list: Path | None = Field(None, description="CSV file of allowed plates: `plate,description`")
    block_list: Path | None = Field(None, description="CSV file of blocked plates: `plate,description`")


class TrackingSettings(BaseModel):
    """From frames to sightings."""

    frames_required: int = Field(3, ge=1, le=100, description="frames that confirm a face or a plate")
    iou_threshold: Ratio = Field(0.3, description="least overlap between frames of one object")
    lost_after_seconds: float = Field(1.5, gt=0, le=60, description="when an unseen object has left")
    cooldown_seconds: float = Field(
        30.0, ge=0, le=86_400, description="seconds since last seen in which a return makes no new event"
    )


class EventSettings(BaseModel):
    """Events."""

    retention_days: int = Field(30, ge=1, le=3650, description="days after which an event is deleted")


class StorageSettings(BaseModel):
    """Where data is kept."""

    directory: Path = Field(Path("data"), description="directory of the database")


class ModelSettings(BaseModel):
    """Model files."""

    directory: Path | None = Field(
        None, description="directory of the model files; default: the user's cache"
    )
    threads: int = Field(2, ge=1, le=64, description="pictures that are looked at side by side")


class FootageSettings(BaseModel):
    """Recordings."""

    retention_days: int = Field(14, ge=1, le=3650, description="days after which a recording is deleted")
    max_gib: float = Field(
        50.0, gt=0, description="room for recordings in GiB; the oldest go first, those that are kept never"
    )


class SandboxSettings(BaseModel):
    """The seal of the processes that decode what cameras send."""

    allow_unsealed: bool = Field(
        default=False, description="decode even where a process cannot be sealed; logged at each start"
    )


class ApiSettings(BaseModel):
    """The web server."""

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(8443, ge=0, le=65_535, description="port to listen on; 0 takes a free one")
    origin: str | None = Field(
        None,
        pattern=r"^https?://[a-z0-9.:\[\]-]+$",
        description="the one address that browsers use, such as `https://cameras.example`; "
        "default: `https://localhost` and the port",
    )
    auth_token: SecretStr | None = Field(
        None,
        description="static API token for programs of version 0.1, 32 characters or more; a secret; "
        "`securevision token create` makes better ones",
    )
    allow_plain_http: bool = Field(
        default=False, description="listen beyond this machine without encryption; put a TLS proxy in front"
    )
    trusted_proxies: str = Field(
        "",
        description="networks of proxies whose `X-Forwarded-For` is believed, such as `127.0.0.1,10.0.0.0/24`",
    )
    cors_origins: str = Field(
        "", description="origins of other pages that may call the API, such as `https://home.example`"
    )

    @property
    def proxy_networks(self) -> list[IPv4Network | IPv6Network]:
        """The networks of trusted proxies. Raises InvalidInput."""
        try:
            return [ip_network(each) for each in _items(self.trusted_proxies)]
        except ValueError:
            raise InvalidInput(
                f"{PREFIX}API__TRUSTED_PROXIES is not a list of networks such as 127.0.0.1,10.0.0.0/24."
            ) from None

    @property
    def allowed_origins(self) -> list[str]:
        """The origins of other pages. Raises InvalidInput."""
        origins = _items(self.cors_origins)
        if not all(re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", each) for each in origins):
            raise InvalidInput(
                f"{PREFIX}API__CORS_ORIGINS is not a list of exact origins such as https://home.example."
            )
        return origins


def _items(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


class TlsSettings(BaseModel):
    """HTTPS."""

    mode: Literal["local", "files", "off"] = Field(
        "local",
        description="`local`: our own authority makes the certificate; `files`: yours, by path; "
        "`off`: plain HTTP, for this machine alone or behind a proxy",
    )
    certificate: Path | None = Field(None, description="PEM file of your certificate and its chain")
    key: Path | None = Field(None, description="PEM file of its key")
    names: str = Field(
        "",
        description="further names and addresses of this machine for the local certificate, such as `nvr.lan`",
    )

    @property
    def further_names(self) -> list[str]:
        """The further names."""
        return _items(self.names)


class AccessSettings(BaseModel):
    """People."""

    second_factor: Literal["administrators", "everyone"] = Field(
        "administrators", description="who must have a second factor: `administrators` or `everyone`"
    )


class LogSettings(BaseModel):
    """The log."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level written")


class Settings(BaseSettings):
    """Every setting. Read once, by `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=_ENV_FILE,
        extra="ignore",
        hide_input_in_errors=True,
    )

    camera: CameraSettings = CameraSettings()
    face: FaceSettings = FaceSettings()
    plates: PlateSettings = PlateSettings()
    tracking: TrackingSettings = TrackingSettings()
    events: EventSettings = EventSettings()
    storage: StorageSettings = StorageSettings()
    models: ModelSettings = ModelSettings()
    footage: FootageSettings = FootageSettings()
    sandbox: SandboxSettings = SandboxSettings()
    api: ApiSettings = ApiSettings()
    tls: TlsSettings = TlsSettings()
    access: AccessSettings = AccessSettings()
    log: LogSettings = LogSettings()

    @property
    def face_config(self) -> FaceConfig:
        """What the face recogniser is told."""
        return FaceConfig(self.face.detection_threshold, self.face.min_face_size)

    @property
    def plate_config(self) -> PlateConfig:
        """What the plate recogniser is told."""
        return PlateConfig(self.plates.search_size, self.plates.min_confidence)

    @property
    def tracking_config(self) -> TrackingConfig:
        """What the trackers are told."""
        tracking = self.tracking
        return TrackingConfig(
            tracking.iou_threshold, tracking.frames_required, round(tracking.lost_after_seconds * 1000)
        )

    @property
    def incident_config(self) -> IncidentConfig:
        """What the reporter is told."""
        return IncidentConfig(
            similarity_threshold=self.face.similarity_threshold,
            frames_for_stranger=2 * self.tracking.frames_required,
            cooldown_ms=round(self.tracking.cooldown_seconds * 1000),
        )


def setting_names() -> Iterator[tuple[str, str]]:
    """Yield the name of each setting, `SECTION__KEY`, and what it is for."""
    for section, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for key, inner in model.model_fields.items():
                yield f"{section}__{key}".upper(), inner.description or ""


def load_settings() -> Settings:
    """Read the settings from the environment and from `.env` in the working directory.

    Raises InvalidInput, naming the setting, when one is unknown or has a value that cannot be used.
    """
    _refuse_unknown_keys()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False)[0]
        name = "__".join(str(part).upper() for part in first["loc"])
        raise InvalidInput(f"{PREFIX}{name} cannot be used: {first['msg']}.") from None


def _refuse_unknown_keys() -> None:
    known = [name for name, _ in setting_names()]
    given = [*os.environ, *(dotenv_values(_ENV_FILE) if Path(_ENV_FILE).is_file() else ())]
    for variable in given:
        name = variable.upper()
        if not name.startswith(PREFIX) or name.removeprefix(PREFIX) in known:
            continue
        key = name.removeprefix(PREFIX)
        near = _RENAMED.get(key) or next(iter(difflib.get_close_matches(key, known, 1, 0.0)), known[0])
        raise InvalidInput(f"{variable} is not a setting; the nearest is {PREFIX}{near}.")
