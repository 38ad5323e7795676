"""Manifests: what is packaged is complete, and what is wrong is refused."""

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securevision.artifacts.manifest import (
    Artifact,
    Manifest,
    UrlSource,
    Wheel,
    WheelSource,
    WheelTarget,
    packaged_manifest,
    parse_manifest,
)
from securevision.errors import InvalidInput, NotFound

TEST_PICTURES = Path(__file__).parents[2] / "assets.toml"


def artifact(**changes: object) -> dict[str, Any]:
    url = {"url": "https://example.org/model.onnx"}
    whole = {"name": "model.onnx", "purpose": "reads", "licence": "MIT", "sha256": "a" * 64, "bytes": 7}
    return {**whole, "sources": [url, {"wheel": "pack", "member": "pack/model.onnx"}], **changes}


def wheel(**changes: object) -> dict[str, Any]:
    return {"name": "pack", "version": "1.0", "sha256": "b" * 64, "bytes": 99, **changes}


def toml(value: object) -> str:
    """Write a value as an inline TOML value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def parse(
    *artifacts: dict[str, Any],
    wheels: list[dict[str, Any]] | None = None,
    more: dict[str, object] | None = None,
) -> Manifest:
    wheels = [wheel()] if wheels is None else wheels
    document = {"artifacts": list(artifacts), "wheels": wheels, **(more or {})}
    return parse_manifest("\n".join(f"{json.dumps(key)} = {toml(value)}" for key, value in document.items()))


@pytest.mark.parametrize("manifest", [packaged_manifest(), parse_manifest(TEST_PICTURES.read_text("utf-8"))])
def test_every_pinned_file_has_two_sources_a_licence_and_a_hash(manifest: Manifest) -> None:
    assert manifest.artifacts
    for pinned in manifest.artifacts:
        assert len(pinned.sources) >= 2
        assert isinstance(pinned.sources[-1], WheelSource)
        assert len({source.origin for source in pinned.sources}) == len(pinned.sources)
        assert pinned.licence
        assert pinned.purpose
        assert re.fullmatch("[0-9a-f]{64}", pinned.sha256)


def test_the_packaged_manifest_names_the_four_models_and_the_portrait() -> None:
    assert [pinned.name for pinned in packaged_manifest().artifacts] == [
        "face_detection_yunet_2023mar.onnx",
        "face_recognition_sface_2021dec.onnx",
        "PP-OCRv6_det_small.onnx",
        "PP-OCRv6_rec_small.onnx",
        "astronaut.png",
    ]


def test_a_manifest_is_read_whole() -> None:
    target = {"platform": "manylinux_2_28_x86_64", "python": "3.11", "implementation": "cp", "abi": "cp311"}
    assert parse(artifact(), wheels=[wheel(target=target)]) == Manifest(
        (
            Artifact(
                "model.onnx",
                "reads",
                "MIT",
                "a" * 64,
                7,
                (UrlSource("https://example.org/model.onnx"), WheelSource("pack", "pack/model.onnx")),
            ),
        ),
        (Wheel("pack", "1.0", "b" * 64, 99, WheelTarget("manylinux_2_28_x86_64", "3.11", "cp", "cp311")),),
    )


def test_a_name_that_is_not_pinned_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"other\.onnx"):
        parse(artifact()).artifact("other.onnx")


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "A" * 64},
        {"sha256": "a" * 63},
        {"bytes": 0},
        {"bytes": True},
        {"bytes": 7.0},
        {"licence": ""},
        {"purpose": "two\nlines"},
        {"sources": []},
        {"sources": [{}]},
        {"sources": [{"url": "http://example.org/model.onnx"}]},
        {"sources": [{"url": "https://user:word@example.org/model.onnx"}]},
        {"sources": [{"url": "file:///model.onnx"}]},
        {"sources": [{"url": "https://example.org/model.onnx", "member": "model.onnx"}]},
        {"sources": [{"wheel": "unknown", "member": "model.onnx"}]},
    ],
)
def test_a_wrong_artifact_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        parse(artifact(**wrong))


@given(st.text(max_size=20).filter(lambda key: key not in artifact()))
def test_an_unknown_key_is_refused_wherever_it_stands(key: str) -> None:
    if key not in {"artifacts", "wheels"}:
        with pytest.raises(InvalidInput):
            parse(artifact(), more={key: 1})
    with pytest.raises(InvalidInput):
        parse(artifact(**{key: 1}))
    if key not in {"version", "target"}:
        with pytest.raises(InvalidInput):
            parse(artifact(), wheels=[wheel(**{key: 1})])


@pytest.mark.parametrize("key", ["name", "purpose", "licence", "sha256", "bytes", "sources"])
def test_a_missing_key_is_refused(key: str) -> None:
    lacking = artifact()
    del lacking[key]
    with pytest.raises(InvalidInput, match=key):
        parse(lacking)


def test_the_same_name_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"model\.onnx twice"):
        parse(artifact(), artifact())
    with pytest.raises(InvalidInput, match="pack twice"):
        parse(artifact(), wheels=[wheel(), wheel()])


NEARLY_NAMES = st.text(st.sampled_from("aZ9._-+!/\\ ;=\n\r\t~:@é\x00"), max_size=12)


@given(NEARLY_NAMES)
def test_an_accepted_name_is_one_file_in_its_directory(name: str) -> None:
    try:
        manifest = parse(artifact(name=name))
    except InvalidInput:
        return
    assert manifest.artifacts[0].name == name
    assert Path("/store", name).parent == Path("/store")
    assert not name.startswith((".", "-"))
    assert name.isprintable()


@given(NEARLY_NAMES, NEARLY_NAMES, NEARLY_NAMES)
def test_what_reaches_pip_is_one_word_and_no_option(name: str, version: str, tag: str) -> None:
    target = {"platform": tag, "python": "3.11", "implementation": tag, "abi": tag}
    sources = [{"wheel": name, "member": "model.onnx"}]
    try:
        parse(artifact(sources=sources), wheels=[wheel(name=name, version=version, target=target)])
    except InvalidInput:
        return
    for word in (name, version, tag):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+!-]*", word)


@given(NEARLY_NAMES)
def test_an_accepted_member_stays_inside_the_wheel(member: str) -> None:
    try:
        parse(artifact(sources=[{"wheel": "pack", "member": member}]))
    except InvalidInput:
        return
    path = PurePosixPath(member)
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert "\\" not in member


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_manifest(text)
