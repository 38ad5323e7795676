"""What the motion gate finds, and what it only thinks it finds, beside four other ways, on scenes drawn here.

Prints a table and writes `benchmarks/results/motion.json`, with the machine and the commit. A scene is 40 s at five
pictures a second, 1280x720. Recall is the share of pictures with something in them for which a box touches it (or
which may move "anywhere"); false is the share of the other pictures that are reported. The first ten pictures do not
count; what follows a switch of light, and the gap where something stood, do. All ways get the same thumbnail, whose
time is part of each, and the same treatment of blobs. The numbers of the gate were chosen on other seeds.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from benchmarks.report import save
from numpy.typing import NDArray

from securevision.domain.motion import Motion, MotionConfig, Region
from securevision.domain.ports.cameras import Luma
from securevision.motion.gate import MotionGate
from securevision.motion.thumbnail import thumbnail

Light = NDArray[np.float32]
WIDTH, HEIGHT, PICTURES, LEARNING = 1280, 720, 200, 10
SEEDS = (11, 12)
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
SPECK, GAP = np.ones((3, 3), np.uint8), np.ones((9, 9), np.uint8)
LEAST_AREA = 58


@dataclass(frozen=True, slots=True)
class Thing:
    """An upright ellipse that crosses the scene."""

    begin: int
    end: int
    x: float
    speed: float
    y: int
    width: int
    height: int
    tone: float
    """Factor on the mean brightness of the scene, or grey levels that are added to where it walks."""
    faint: bool = False

    def draw(self, scene: Light, index: int) -> Region | None:
        x1 = int(self.x + self.speed * (index - self.begin))
        x2 = min(x1 + self.width, WIDTH)
        x1 = max(x1, 0)
        if not self.begin <= index < self.end or x2 - x1 < self.width // 2:
            return None
        part = scene[self.y : self.y + self.height, x1:x2]
        tall, wide = part.shape[0] // 2, part.shape[1] // 2
        shape = np.zeros(part.shape, np.float32)
        cv2.ellipse(shape, (wide, tall), (wide, tall), 0, 0, 360, (1.0,), -1)
        if self.faint:
            colour = scene[self.y : self.y + self.height].mean() + self.tone
        else:
            # Clothes have folds.
            colour = scene.mean() * self.tone * (1.0 + 0.15 * np.sin(X[: part.shape[0], : part.shape[1]] / 7))
        part += shape * (colour - part)
        return Region(x1 / WIDTH, self.y / HEIGHT, x2 / WIDTH, (self.y + self.height) / HEIGHT)


def person(begin: int) -> Thing:
    return Thing(begin, begin + 28, 0, 45, 350, 60, 150, 0.55)


DAY = (
    person(60),
    Thing(100, 120, 1120, -64, 480, 160, 90, 1.5),
    Thing(130, 170, 600, 4, 300, 24, 60, 1.6),
)
FAINT = (
    Thing(40, 65, 200, 12, 420, 40, 100, 18, faint=True),
    Thing(80, 105, 800, -12, 420, 40, 100, -12, faint=True),
    Thing(125, 150, 300, 14, 420, 56, 140, 10, faint=True),
    Thing(165, 190, 500, 14, 200, 56, 140, -8, faint=True),
)

Effect = Callable[[Light, int, np.random.Generator], Light]


def clouds(scene: Light, index: int, _: np.random.Generator) -> Light:
    return scene * np.float32(1 + 0.12 * np.sin(index / 100 * 2 * np.pi) + 0.02 * np.sin(index * 1.3))


def exposure(scene: Light, index: int, _: np.random.Generator) -> Light:
    return scene * np.float32(1 + 0.35 * np.clip((index % 60 - 30) / 5, 0, 1)) if index >= 30 else scene


def lamp(scene: Light, index: int, _: np.random.Generator) -> Light:
    if not 80 <= index < 130:
        return scene
    spot = np.exp(-((X - 400) ** 2 + (Y - 200) ** 2) / 4e5)
    return np.asarray(scene * (0.35 + 0.5 * spot), np.float32)


def trees(scene: Light, index: int, _: np.random.Generator) -> Light:
    x, y = X[:320, :420], Y[:320, :420]
    shift = (
        5 * np.sin(index * 0.55 + y / 90)
        + 3 * np.sin(index * 1.9 + x / 40)
        + 2 * np.sin(index * 2.7 + y / 25)
    )
    leaves = np.random.default_rng(5).standard_normal((27, 35)).astype(np.float32)
    scene[:320, :420] += 25 * cv2.resize(leaves, (420, 320), interpolation=cv2.INTER_CUBIC)
    moved = cv2.remap(scene, x + shift, y + 0.4 * shift, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    scene[:320, :420] = moved
    return scene


def headlights(scene: Light, index: int, _: np.random.Generator) -> Light:
    if index >= 140 or index // 25 % 2 == 0:
        return scene
    spot = ((X - (index % 25 * 70 - 200)) / 150) ** 2 + ((Y - 300) / 90) ** 2
    return np.asarray(scene * (1 + 2.2 * np.exp(-spot / 2)), np.float32)


def rain(scene: Light, _: int, rng: np.random.Generator) -> Light:
    drops = np.zeros_like(scene)
    for x, y, length in rng.integers((0, 0, 15), (WIDTH, HEIGHT, 45), (250, 3)).tolist():
        brightness, width = float(rng.uniform(10, 45)), int(rng.integers(1, 3))
        cv2.line(drops, (x, y), (x + length // 6, y + length), (brightness,), width, cv2.LINE_AA)
    return scene + np.asarray(cv2.GaussianBlur(drops, (0, 0), 0.8), np.float32)


def insects(scene: Light, index: int, _: np.random.Generator) -> Light:
    if index % 12 > 2 or index >= 150:
        return scene
    flight = np.random.default_rng(index // 12)
    x, y = flight.uniform((0, 0), (WIDTH, HEIGHT)) + index % 12 * flight.uniform((-200, -80), (200, 80))
    insect = np.exp(-((X - x) ** 2 + (Y - y) ** 2) / 2 / 14**2)
    return np.asarray(scene + 70 * insect, np.float32)


def wind_on_the_pole(scene: Light, index: int, _: np.random.Generator) -> Light:
    shift = np.array([[1, 0, 1.2 * np.sin(index * 2.1)], [0, 1, 0.8 * np.sin(index * 3.7 + 1)]], np.float32)
    moved = cv2.warpAffine(scene, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.float32)


def coding(scene: Light, index: int, _: np.random.Generator) -> Light:
    """Add an error to each block, another one with each keyframe."""
    error = np.random.default_rng(index // 10).uniform(-5, 5, (HEIGHT // 8, WIDTH // 8)).astype(np.float32)
    return scene + np.asarray(cv2.resize(error, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST), np.float32)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn."""

    things: tuple[Thing, ...]
    effect: Effect = lambda scene, _index, _rng: scene
    night: bool = False


SCENES = {
    "day": Scene(DAY),
    "night": Scene(DAY, night=True),
    "low contrast": Scene(FAINT),
    "trees": Scene((person(120), Thing(160, 185, 60, 14, 60, 60, 150, 0.4)), trees),
    "clouds": Scene(DAY, clouds),
    "exposure": Scene((person(140),), exposure),
    "lamp off, on": Scene((person(150),), lamp),
    "rain": Scene((person(150),), rain),
    "insects": Scene((person(150),), insects, night=True),
    "headlights": Scene((person(150),), headlights, night=True),
    "shaking pole": Scene(DAY, wind_on_the_pole),
    "keyframes": Scene(DAY, coding),
    "stands 10 s": Scene((Thing(60, 110, 400, 0, 300, 60, 150, 0.5),)),
}


def ground(rng: np.random.Generator) -> Light:
    scene = np.full((HEIGHT, WIDTH), 130, np.float32)
    for size, strength in ((160, 28), (40, 18), (10, 12), (3, 9)):
        coarse = rng.standard_normal((HEIGHT // size + 2, WIDTH // size + 2), np.float32)
        scene += strength * cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for x, y, width, height, tone in rng.integers(
        (0, 0, 20, 20, 40), (WIDTH, HEIGHT, 200, 160, 220), (14, 5)
    ).tolist():
        cv2.rectangle(scene, (x, y), (x + width, y + height), (tone,), -1)
    return np.clip(np.asarray(cv2.GaussianBlur(scene, (0, 0), 1.2), np.float32), 10, 245)


def pictures(scene: Scene, seed: int) -> Iterator[tuple[Luma, Region | None]]:
    """Yield each picture and where something moves in it."""
    rng = np.random.default_rng(seed)
    empty = ground(rng) * 0.25 + 15 if scene.night else ground(rng) * 0.9
    grain = (8 if scene.night else 3) * rng.standard_normal((HEIGHT + 64, WIDTH + 64), np.float32)
    for index in range(PICTURES):
        picture = scene.effect(empty.copy(), index, rng)
        drawn = [thing.draw(picture, index) for thing in scene.things]
        y, x = rng.integers(0, 64, 2)
        picture = picture + grain[y : y + HEIGHT, x : x + WIDTH]
        yield np.clip(picture + 0.5, 0, 255).astype(np.uint8), next(filter(None, drawn), None)


class Gate(Protocol):
    """What is compared."""

    def look(self, luma: Luma) -> Motion: ...


class Classic:
    """A way that gives a mask; specks, gaps and small blobs are treated as ours are."""

    def __init__(self, mask: Callable[[Luma], Luma]) -> None:
        self._mask = mask

    def look(self, luma: Luma) -> Motion:
        mask = self._mask(thumbnail(luma))
        whole = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, SPECK), cv2.MORPH_CLOSE, GAP)
        _, _, blobs, _ = cv2.connectedComponentsWithStats(whole, connectivity=8, ltype=cv2.CV_16U)
        height, width = whole.shape
        boxes = [
            Region(x / width, y / height, (x + w) / width, (y + h) / height)
            for x, y, w, h, area in blobs[1:].tolist()
            if area >= LEAST_AREA
        ]
        return Motion(moving=bool(boxes), boxes=tuple(boxes))


def smoothed(small: Luma) -> Luma:
    return np.asarray(cv2.GaussianBlur(small, (5, 5), 0), np.uint8)


def over(difference: Luma) -> Luma:
    return np.asarray(cv2.threshold(difference, 18, 255, cv2.THRESH_BINARY)[1], np.uint8)


def previous() -> Gate:
    last: list[Luma] = []

    def mask(small: Luma) -> Luma:
        picture = smoothed(small)
        difference = cv2.absdiff(picture, last.pop() if last else picture)
        last.append(picture)
        return over(np.asarray(difference, np.uint8))

    return Classic(mask)


def running_average() -> Gate:
    """One threshold for all pixels; the median of the differences is the light; half the picture is a switch."""
    mean = np.zeros((0, 0), np.float32)

    def mask(small: Luma) -> Luma:
        nonlocal mean
        picture = smoothed(small)
        if mean.shape != picture.shape:
            mean = picture.astype(np.float32)
        usual = np.asarray(cv2.convertScaleAbs(mean), np.uint8)
        light = round(float(np.median(picture[::6, ::6].astype(np.int16) - usual[::6, ::6])))
        found = over(np.asarray(cv2.absdiff(picture, cv2.convertScaleAbs(usual, beta=light)), np.uint8))
        much = cv2.countNonZero(found) > 0.5 * found.size
        cv2.accumulateWeighted(picture, mean, 0.5 if much or abs(light) > 12 else 0.05)
        return np.zeros_like(found) if much else found

    return Classic(mask)


def opencv(subtractor: cv2.BackgroundSubtractor) -> Gate:
    return Classic(lambda small: np.asarray(subtractor.apply(small), np.uint8))


GATES: dict[str, Callable[[], Gate]] = {
    "ours": lambda: MotionGate(MotionConfig()),
    "previous": previous,
    "average": running_average,
    "MOG2": lambda: opencv(cv2.createBackgroundSubtractorMOG2(history=250, detectShadows=False)),
    "KNN": lambda: opencv(cv2.createBackgroundSubtractorKNN(history=250, detectShadows=False)),
}


def touches(a: Region, b: Region) -> bool:
    return a.x1 < b.x2 and b.x1 < a.x2 and a.y1 < b.y2 and b.y1 < a.y2


def finds(motion: Motion, thing: Region) -> bool:
    return motion.moving and (not motion.boxes or any(touches(box, thing) for box in motion.boxes))


def main() -> None:
    cv2.setNumThreads(1)
    took: dict[str, list[float]] = defaultdict(list)
    figures: dict[str, dict[str, dict[str, float]]] = {}
    print(f"{'recall % / false %':20}" + "".join(f"{name:>14}" for name in GATES))
    for scene_name, scene in SCENES.items():
        found, false = defaultdict(list), defaultdict(list)
        for seed in SEEDS:
            gates = {name: make() for name, make in GATES.items()}
            for index, (picture, thing) in enumerate(pictures(scene, seed)):
                for name, gate in gates.items():
                    begin = time.process_time()
                    motion = gate.look(picture)
                    took[name].append(1000 * (time.process_time() - begin))
                    if index < LEARNING:
                        continue
                    if thing:
                        found[name].append(finds(motion, thing))
                    else:
                        false[name].append(motion.moving)
        figures[scene_name] = {
            name: {
                "recall": round(statistics.mean(found[name]), 3),
                "false": round(statistics.mean(false[name]), 3),
            }
            for name in GATES
        }
        cells = (
            f"{100 * each['recall']:8.1f} /{100 * each['false']:4.0f}"
            for each in figures[scene_name].values()
        )
        print(f"{scene_name:20}" + "".join(cells))
    milliseconds = {name: round(statistics.median(times), 3) for name, times in took.items()}
    print(f"{'CPU ms a picture':20}" + "".join(f"{value:14.3f}" for value in milliseconds.values()))
    save("motion", {"scenes": figures, "median_cpu_ms_per_picture_of_1280x720": milliseconds})


if __name__ == "__main__":
    main()
