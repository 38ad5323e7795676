"""The figures as tables in Markdown."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.media.parts import Figures


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing that was promised: what was measured must be at most `most`."""

    part: str
    name: str
    unit: str
    most: float
    value: Callable[[Figures], float]


def _sixteen(key: str) -> Callable[[Figures], float]:
    return lambda figures: float(figures["rows"][-1]["ours"][key])


def _of_fault(kind: str, what: str, share: str) -> Callable[[Figures], float]:
    return lambda figures: float(figures[kind][what][share])


GOALS = (
    Goal("idle", "one idle camera", "% of a core", 5.0, lambda figures: figures["idle_cpu"]),
    Goal("idle", "the same, stretch", "% of a core", 3.5, lambda figures: figures["idle_cpu"]),
    Goal("idle", "the same, of OpenCV's bare reading", "times", 1.0, lambda figures: figures["of_opencv"]),
    Goal("idle", "the same, of ffmpeg's piping", "times", 1.0, lambda figures: figures["of_ffmpeg"]),
    Goal("idle", "keyframes until motion", "% of a core", 1.2, lambda figures: figures["keyframes_cpu"]),
    Goal("busy", "one busy camera", "% of a core", 6.5, lambda figures: figures["sum"]),
    Goal("growth", "oldest picture of sixteen idle cameras", "ms", 400, _sixteen("oldest_ms")),
    Goal("growth", "memory of their workers (PSS)", "MiB", 350, _sixteen("pss_mib")),
    Goal("live", "live view, glass to glass, median", "ms", 200, lambda figures: figures["age_ms"]["median"]),
    Goal("faults", "a stall is noticed, at most", "s", 8.0, _of_fault("stall", "noticed_s", "most")),
    Goal("faults", "RTCP alone is noticed, at most", "s", 8.0, _of_fault("no_video", "noticed_s", "most")),
    Goal("faults", "live again after a stall, p95", "s", 6.0, _of_fault("stall", "back_s", "p95")),
    Goal("faults", "live again after RTCP alone, p95", "s", 6.0, _of_fault("no_video", "back_s", "p95")),
    Goal("faults", "live again after no answer, p95", "s", 6.0, _of_fault("blackhole", "back_s", "p95")),
    Goal("events", "first picture to event, p95", "ms", 900, lambda figures: figures["all"]["p95"]),
    Goal("events", "the same, stretch", "ms", 600, lambda figures: figures["all"]["p95"]),
    Goal("events", "sightings without an event", "", 0, lambda figures: figures["missed"]),
)
_WAYS = {"ours": "SecureVision", "opencv": "OpenCV, a thread each", "ffmpeg": "ffmpeg, a process each"}


def tables(parts: Mapping[str, Figures], machine: Mapping[str, object]) -> str:
    """Return the page of all results."""
    return "\n".join(_lines(parts, machine)) + "\n"


def _lines(parts: Mapping[str, Figures], machine: Mapping[str, object]) -> Iterator[str]:
    yield "# Watching cameras: what was measured"
    yield ""
    yield "1280x720, 15 pictures a second, H.264 of 2 Mb/s, over RTSP from GStreamer on the same machine;"
    yield f"{machine['cores']} cores of {machine['processor']}. Made by `python -m benchmarks.media`."
    yield ""
    yield "| measured | goal | found | |"
    yield "|---|---|---|---|"
    for goal in GOALS:
        if goal.part in parts and (goal.part != "growth" or parts["growth"]["rows"][-1]["cameras"] == 16):
            value = goal.value(parts[goal.part])
            verdict = "met" if value <= goal.most else "**not met**"
            yield f"| {goal.name} | ≤ {goal.most:g} {goal.unit} | {value:g} | {verdict} |"
    yield ""
    for name, figures in parts.items():
        yield f"`{name}`: commit {figures['commit']}, {figures['when']}, load before {figures['load']}" + (
            ", **a quick run**." if figures["quick"] else "."
        )
    yield from _idle(parts)
    yield from _growth(parts)


def _idle(parts: Mapping[str, Figures]) -> Iterator[str]:
    if idle := parts.get("idle"):
        yield from _headed("One idle camera, % of a core", "way", "CPU")
        yield f"| the media worker | {idle['idle_cpu']:g} |"
        yield f"| what the core does more | {idle['idle_core_cpu']:g} |"
        yield f"| the media worker, keyframes alone | {idle['keyframes_cpu']:g} |"
        yield f"| OpenCV, reading all pictures | {idle['opencv_cpu']:g} |"
        yield f"| ffmpeg, piping all pictures as BGR | {idle['ffmpeg_cpu']:g} |"
    if busy := parts.get("busy"):
        yield from _headed("One busy camera, % of a core", "process", "CPU")
        yield f"| the media worker | {busy['media']:g} |"
        yield f"| what the core does more | {busy['core']:g} |"
        yield f"| the recogniser, {busy['analysed_a_second']:g} pictures a second | {busy['recogniser']:g} |"


def _growth(parts: Mapping[str, Figures]) -> Iterator[str]:
    if growth := parts.get("growth"):
        yield from _headed(
            "Idle cameras",
            "cameras",
            "way",
            "% of a core",
            "PSS, MiB",
            "age, median ms",
            "oldest ms",
            "senders late, ms",
        )
        for row in growth["rows"]:
            for way, name in _WAYS.items():
                each = row[way]
                yield (
                    f"| {row['cameras']} | {name} | {each['cpu']:g} | {each['pss_mib']:g} "
                    f"| {each['median_age_ms']:g} | {each['oldest_ms']:g} | {each['senders_late_ms']:g} |"
                )
        yield ""
        yield "Of an age, up to so much as the senders were late is their own: the machine was too busy for them."
        yield ""
        yield "![growth](media.svg)"


def _headed(title: str, *columns: str) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield "| " + " | ".join(columns) + " |"
    yield "|---" * len(columns) + "|"
