"""How things grow with the number of cameras, as SVG."""

from collections.abc import Mapping, Sequence
from html import escape

from benchmarks.media.parts import Figures

_WIDTH, _HEIGHT, _LEFT, _TOP, _BELOW = 300, 220, 46, 34, 40
_WAYS = {
    "ours": ("SecureVision", "#1a6b4f"),
    "opencv": ("OpenCV threads", "#b0562a"),
    "ffmpeg": ("ffmpeg", "#5560a8"),
}
_PANELS = {"cpu": "% of a core", "pss_mib": "MiB of memory (PSS)", "oldest_ms": "oldest picture, ms"}


def growth_plot(rows: Sequence[Figures]) -> str:
    """Return three panels, a line for each way."""
    panels = [_panel(rows, key, title, index * _WIDTH) for index, (key, title) in enumerate(_PANELS.items())]
    legend = [
        f'<text x="{_LEFT + 150 * index}" y="{_HEIGHT + 16}" fill="{colour}">{escape(name)}</text>'
        for index, (name, colour) in enumerate(_WAYS.values())
    ]
    size = f'width="{_WIDTH * len(_PANELS)}" height="{_HEIGHT + 26}"'
    style = 'font-family="sans-serif" font-size="11"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>',
            '<rect width="100%" height="100%" fill="white"/>',
            *panels,
            *legend,
            "</svg>\n",
        ]
    )


def _panel(rows: Sequence[Figures], key: str, title: str, left: int) -> str:
    counts = [row["cameras"] for row in rows]
    top = max(row[way][key] for row in rows for way in _WAYS) or 1
    wide, high = _WIDTH - _LEFT - 16, _HEIGHT - _TOP - _BELOW

    def at(count: int, value: float) -> tuple[float, float]:
        return left + _LEFT + wide * count / max(counts), _TOP + high * (1 - value / top)

    parts = [f'<text x="{left + _LEFT}" y="20" font-weight="bold">{escape(title)}</text>']
    for share in (0.0, 0.5, 1.0):
        _, y = at(0, top * share)
        parts.append(_line(left + _LEFT, y, left + _LEFT + wide, y, "#dddddd"))
        parts.append(
            f'<text x="{left + _LEFT - 4}" y="{y + 4:.1f}" text-anchor="end">{top * share:.0f}</text>'
        )
    for count in counts:
        x, _ = at(count, 0)
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BELOW + 16}" text-anchor="middle">{count}</text>')
    parts += [_way({row["cameras"]: row[way][key] for row in rows}, at, _WAYS[way][1]) for way in _WAYS]
    return "\n".join(parts)


def _way(values: Mapping[int, float], at: object, colour: str) -> str:
    assert callable(at)
    points = [at(count, value) for count, value in values.items()]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points)
    return f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>{dots}'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'
