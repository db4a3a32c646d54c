"""Named points in, a drawing as inline SVG out: lines with ticks and a legend, coloured by the page's style sheet."""

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

# More points than this are drawn as means of neighbours: nobody sees more, and the page stays small.
MOST_POINTS = 200
# Lines beyond so many take the colours again, in dashes.
COLOURS = 6
# Numbers beyond it are left out, as what is no number is: their scale would say nothing.
_MOST = 1e12
_WIDTH, _HEIGHT = 420, 236
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 408, 12, 208

STYLE = """
.curve{margin:0}.curve svg{display:block;width:100%;height:auto}
.curve figcaption{font-weight:600;margin:0 0 .3rem}
.curve text{font:12px system-ui,sans-serif;fill:var(--soft)}
.curve .grid{stroke:var(--line);stroke-width:1}
.curve .path{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.curve .again{stroke-dasharray:6 4}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem .9rem;margin:.2rem 0 0;padding:0;font-size:.85rem}
.legend svg{display:inline-block;width:1.4rem;height:.6rem;margin-right:.3rem;vertical-align:middle}
""" + "".join(
    f".c{n}{{stroke:var(--c{n});color:var(--c{n})}}.c{n} .dot,.dot.c{n}{{fill:var(--c{n})}}" for n in range(6)
)


def draw(title: str, lines: Mapping[str, Points], *, is_share: bool = False) -> str:
    """A figure with one line for each name, over the steps; empty when there is nothing to draw.

    Args:
        lines: By name, points of (step, value); those that are no finite number are left out.
        is_share: Whether values are shares: the scale is 0 to 100%, whatever they are.
    """
    kept = {name: _finite(points) for name, points in lines.items()}
    kept = {name: thinned(points) for name, points in kept.items() if points}
    if not kept:
        return ""
    steps = [x for points in kept.values() for x, _ in points]
    values = [0.0, 1.0] if is_share else [y for points in kept.values() for _, y in points]
    ticks = nice_ticks(min(values), max(values))
    scale = _Scale(min(steps), max(steps), min(ticks[0], *values), max(ticks[-1], *values))
    body = [_horizontal(scale, tick, _value(tick, is_share)) for tick in ticks]
    body += [_vertical(scale, tick) for tick in _whole(min(steps), max(steps)) if scale.holds(tick)]
    body += [_line(scale, number, points) for number, points in enumerate(kept.values())]
    legend = [_entry(number, name, points[-1][1], is_share) for number, (name, points) in enumerate(kept.items())]
    label = f"{title}: " + "; ".join(
        f"{name} from {_value(points[0][1], is_share)} to {_value(points[-1][1], is_share)}"
        for name, points in kept.items()
    )
    return (
        f'<figure class="curve"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(body)}</svg>'
        f'<ul class="legend">{"".join(legend)}</ul></figure>'
    )


def thinned(points: Points, most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """At most so many points: each the mean of as many neighbours, but for the first and the last, which stay.

    >>> thinned([(1, 0.0), (2, 1.0), (3, 3.0), (4, 9.0)], most=3)
    [(1, 0.0), (2.5, 2.0), (4, 9.0)]
    """
    if len(points) <= most:
        return list(points)
    inner = points[1:-1]
    size = math.ceil(len(inner) / (most - 2))
    groups = [inner[first : first + size] for first in range(0, len(inner), size)]
    means = [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]
    return [points[0], *means, points[-1]]


def nice_ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round values from at or below `low` to at or above `high`, about so many steps apart.

    >>> nice_ticks(0, 1), nice_ticks(13, 87), nice_ticks(2, 2)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 20.0, 40.0, 60.0, 80.0, 100.0], [1.0, 2.0, 3.0])
    """
    if high <= low:
        spread = abs(low) / 2 or 1.0
        return nice_ticks(low - spread, low + spread, 2)
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    size = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
    return [float(f"{number * size:.10g}") for number in range(first, last + 1)]


def _whole(first: float, last: float) -> list[float]:
    """Ticks for steps, which have no halves."""
    return [tick for tick in nice_ticks(first, last, 5) if tick.is_integer()]


class _Scale:
    """Steps and values to places in the drawing."""

    def __init__(self, first: float, last: float, low: float, high: float) -> None:
        self._first, self._last = first, last if last > first else first + 1
        self._low, self._high = low, high if high > low else low + 1

    def holds(self, step: float) -> bool:
        return self._first <= step <= self._last

    def x(self, step: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * (step - self._first) / (self._last - self._first), 1)

    def y(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return round(_BOTTOM - (_BOTTOM - _TOP) * min(1.0, max(0.0, share)), 1)


def _finite(points: Points) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points if abs(x) < _MOST and abs(y) < _MOST]


def _value(value: float, is_share: bool) -> str:
    return f"{100 * value:.3g}%" if is_share else f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _horizontal(scale: _Scale, value: float, words: str) -> str:
    y = scale.y(value)
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y}" y2="{y}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{words}</text>'
    )


def _vertical(scale: _Scale, step: float) -> str:
    return f'<text x="{scale.x(step)}" y="{_BOTTOM + 20}" text-anchor="middle">{step:,.4g}</text>'


def _classes(number: int) -> str:
    return f"c{number % COLOURS}" + (" again" if number >= COLOURS else "")


def _line(scale: _Scale, number: int, points: Points) -> str:
    places = [(scale.x(x), scale.y(y)) for x, y in points]
    path = f'<polyline class="path {_classes(number)}" points="{" ".join(f"{x},{y}" for x, y in places)}"/>'
    # Few points are measurements of their own; many are a course.
    dots = places if len(places) <= 30 else []
    return path + "".join(f'<circle class="dot c{number % COLOURS}" cx="{x}" cy="{y}" r="3"/>' for x, y in dots)


def _entry(number: int, name: str, last: float, is_share: bool) -> str:
    swatch = f'<svg viewBox="0 0 28 12" aria-hidden="true"><path class="path {_classes(number)}" d="M1 6H27"/></svg>'
    return f"<li>{swatch}{escape(name)} <b>{_value(last, is_share)}</b></li>"
