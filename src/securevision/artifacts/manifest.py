"""Which files are pinned, and where they come from."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, with_config

from securevision.errors import InvalidInput, NotFound

Text = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,200}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(strict=True, gt=0)]
Url = Annotated[str, StringConstraints(pattern=r"^https://[a-z0-9.-]+(:[0-9]{1,5})?/[!-~]+$")]
Member = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$")
]
# These become words of pip's command line or requirements file: no spaces, no leading dash.
Distribution = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9][A-Za-z0-9.!+]*$")]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
PythonVersion = Annotated[str, StringConstraints(pattern=r"^3(\.[0-9]+)?$")]

_exact = with_config(ConfigDict(extra="forbid"))


@_exact
@dataclass(frozen=True, slots=True)
class UrlSource:
    """A file on a web server."""

    url: Url

    @property
    def origin(self) -> str:
        """Who is asked, for people."""
        return urlsplit(self.url).netloc


@_exact
@dataclass(frozen=True, slots=True)
class WheelSource:
    """One member of a wheel."""

    wheel: Distribution
    """The name of a wheel in the same manifest."""
    member: Member

    @property
    def origin(self) -> str:
        """Who is asked, for people."""
        return f"wheel {self.wheel}"


Source = UrlSource | WheelSource


@_exact
@dataclass(frozen=True, slots=True)
class WheelTarget:
    """The platform of a wheel that is not for all, so that any host can ask for it."""

    platform: Tag
    python: PythonVersion
    implementation: Tag
    abi: Tag


@_exact
@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that holds one or more of the files."""

    name: Distribution
    version: Version
    sha256: Sha256
    bytes: Size
    target: WheelTarget | None = None


@_exact
@dataclass(frozen=True, slots=True)
class Artifact:
    """A pinned file."""

    name: FileName
    purpose: Text
    licence: Text
    sha256: Sha256
    bytes: Size
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    """In the order in which they are tried."""


@_exact
@dataclass(frozen=True, slots=True)
class Manifest:
    """All pinned files. Names are unique, and every wheel that a source names is there."""

    artifacts: Annotated[tuple[Artifact, ...], Field(min_length=1)]
    wheels: tuple[Wheel, ...] = ()

    def __post_init__(self) -> None:
        for names in ([artifact.name for artifact in self.artifacts], [wheel.name for wheel in self.wheels]):
            if len(set(names)) < len(names):
                raise InvalidInput(f"The manifest names {max(names, key=names.count)} twice.")
        known = {wheel.name for wheel in self.wheels}
        for artifact in self.artifacts:
            for source in artifact.sources:
                if isinstance(source, WheelSource) and source.wheel not in known:
                    raise InvalidInput(
                        f"The manifest lacks wheel {source.wheel}, a source of {artifact.name}."
                    )

    def artifact(self, name: str) -> Artifact:
        """Return the file of that name. Raises NotFound."""
        for artifact in self.artifacts:
            if artifact.name == name:
                return artifact
        raise NotFound(f"No pinned file is called {name}; `securevision models list` names them.")

    def wheel(self, name: str) -> Wheel:
        """Return the wheel that a source of this manifest names."""
        return next(wheel for wheel in self.wheels if wheel.name == name)


_MANIFEST = TypeAdapter(Manifest)


def parse_manifest(text: str) -> Manifest:
    """Return the manifest that a TOML text holds. Raises InvalidInput; unknown keys are refused."""
    try:
        return _MANIFEST.validate_python(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"The manifest is not TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "manifest"
        raise InvalidInput(f"The manifest's {where} is wrong: {first['msg']}.") from error


def packaged_manifest() -> Manifest:
    """Return the manifest of the files that SecureVision needs."""
    return parse_manifest(resources.files(__package__).joinpath("manifest.toml").read_text("utf-8"))
