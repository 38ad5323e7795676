"""What a monitoring system wants to know, in the text format 0.0.4 of Prometheus."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fastapi import Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from securevision.api.camera_states import STATES, CameraStanding, seen_cameras
from securevision.api.guard import KnownPrincipal
from securevision.api.services import ApiServices
from securevision.domain.camera_reports import CameraReport, WorkerReport
from securevision.domain.frames import SourceState

_Of = TypeVar("_Of")


@dataclass(frozen=True, slots=True)
class _Row(Generic[_Of]):
    """One metric."""

    family: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    meaning: str
    values: Callable[[_Of], Mapping[str, float]]
    """By the value of the further label, by "" without one; nothing for a thing that has none now."""
    label: str = ""
    """What tells several values of a thing apart."""

    def metric(self, thing: str, things: Mapping[str, _Of]) -> Metric:
        """Return it with all its values."""
        labels = [thing, self.label] if self.label else [thing]
        metric = self.family(f"securevision_{thing}_{self.name}", self.meaning, labels=labels)
        for name, each in things.items():
            for further, value in self.values(each).items():
                metric.add_metric([name, further] if self.label else [name], value)
        return metric


def _reported(
    read: Callable[[CameraReport], Mapping[str, float] | float],
) -> Callable[[CameraStanding], Mapping[str, float]]:
    def values(standing: CameraStanding) -> Mapping[str, float]:
        if standing.report is None:
            return {}
        found = read(standing.report)
        return found if isinstance(found, Mapping) else {"": found}

    return values


def _up(standing: CameraStanding) -> Mapping[str, float]:
    return {"": float(standing.state is SourceState.LIVE)} if standing.enabled else {}


_CAMERA: Sequence[_Row[CameraStanding]] = (
    _Row(GaugeMetricFamily, "up", "1 while the camera gives video; nothing while it is disabled.", _up),
    _Row(
        GaugeMetricFamily,
        "state",
        "1 for the state in which the camera is, 0 for the others.",
        lambda standing: {state: float(state == standing.state) for state in STATES},
        "state",
    ),
    _Row(
        CounterMetricFamily,
        "packets_total",
        "Encoded pictures that came.",
        _reported(lambda report: report.packets),
    ),
    _Row(CounterMetricFamily, "bytes_total", "Bytes of them.", _reported(lambda report: report.octets)),
    _Row(
        CounterMetricFamily,
        "frames_offered_total",
        "Pictures in which something moved, to be looked at.",
        _reported(lambda report: report.moving),
    ),
    _Row(
        CounterMetricFamily,
        "frames_analysed_total",
        "Pictures that the recogniser looked at.",
        _reported(lambda report: report.analysed),
    ),
    _Row(
        CounterMetricFamily,
        "frames_dropped_total",
        "Pictures offered that it did not look at.",
        _reported(
            lambda report: {
                "crowded": report.crowded,
                "superseded": report.superseded,
                "lost": report.lost,
            }
        ),
        "reason",
    ),
    _Row(
        GaugeMetricFamily,
        "latency_seconds",
        "From the capture of the newest picture that was looked at until it was known what it shows.",
        _reported(lambda report: report.latency_ms / 1000),
    ),
    _Row(
        GaugeMetricFamily,
        "fps",
        "Pictures a second.",
        _reported(lambda report: {"received": report.packets_a_second, "analysed": report.analysed_a_second}),
        "stage",
    ),
    _Row(GaugeMetricFamily, "viewers", "Live views that are open.", _reported(lambda report: report.viewers)),
)
_WORKER: Sequence[_Row[WorkerReport]] = (
    _Row(
        GaugeMetricFamily,
        "up",
        "1 while the process works.",
        lambda report: {"": float(bool(report.pid) and not report.failure)},
    ),
    _Row(
        CounterMetricFamily,
        "restarts_total",
        "How often it was replaced.",
        lambda report: {"": report.restarts},
    ),
    _Row(GaugeMetricFamily, "resident_bytes", "Its memory.", lambda report: {"": report.resident_bytes}),
    _Row(
        GaugeMetricFamily,
        "sealed",
        "1 while it is kept in well enough to decode what strangers send.",
        lambda report: {"": float(report.seal is not None and report.seal.sufficient)},
    ),
)


class MetricsRoutes:
    """Asks the cameras and the workers anew each time; nothing is counted here."""

    def __init__(self, services: ApiServices) -> None:
        self._services = services

    def all(self, principal: KnownPrincipal) -> Response:
        """Return the metrics of the cameras that they may see, and of the workers."""
        cameras = seen_cameras(self._services, principal.cameras)
        metrics = _Metrics(cameras, self._services.watching.worker_reports())
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Metrics(Collector):
    """A registry of its own: no other library's metrics are given out."""

    def __init__(self, cameras: Sequence[CameraStanding], workers: Sequence[WorkerReport]) -> None:
        self._cameras = {standing.id: standing for standing in cameras}
        self._workers = {report.name: report for report in workers}

    def collect(self) -> Iterator[Metric]:
        for of_camera in _CAMERA:
            yield of_camera.metric("camera", self._cameras)
        for of_worker in _WORKER:
            yield of_worker.metric("worker", self._workers)
