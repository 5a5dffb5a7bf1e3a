"""The geometry of the charts: a bar for each run or each few events, its height a duration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt

from django.utils import timezone

from dashboard.queries.webhooks import Wait
from hub.models import Run

HEIGHT = 72
BAR = 18
GAP = 6
_LEAST = 3


@dataclass(frozen=True)
class Bar:
    run: Run
    x: int
    y: float
    height: float


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    width: int
    longest: timedelta


def chart(runs: Sequence[Run]) -> Chart | None:
    """Bars from the oldest to the latest run, or None if none of them has begun.

    Heights grow with the root of the duration, so that a night's full sync leaves the quarter-hourly ones visible.
    """
    now = timezone.now()
    begun = [(run, (run.finished_at or now) - run.started_at) for run in reversed(runs) if run.started_at]
    if not begun:
        return None
    longest = max(length for _, length in begun)
    unit = (HEIGHT - _LEAST) / sqrt(max(longest.total_seconds(), 1))
    bars = []
    for place, (run, length) in enumerate(begun):
        height = round(_LEAST + unit * sqrt(max(length.total_seconds(), 0)), 1)
        bars.append(Bar(run, place * (BAR + GAP), round(HEIGHT - height, 1), height))
    return Chart(bars, len(bars) * (BAR + GAP) - GAP, longest)


@dataclass(frozen=True)
class WaitBar:
    wait: Wait
    x: int
    y: float
    height: float


@dataclass(frozen=True)
class WaitChart:
    bars: list[WaitBar]
    width: int
    longest: timedelta


def wait_chart(waits: Sequence[Wait]) -> WaitChart | None:
    """Bars from the oldest to the latest events, or None if there are none."""
    if not waits:
        return None
    longest = max(wait.longest for wait in waits)
    unit = (HEIGHT - _LEAST) / sqrt(max(longest.total_seconds(), 1))
    bars = []
    for place, wait in enumerate(waits):
        height = round(_LEAST + unit * sqrt(max(wait.longest.total_seconds(), 0)), 1)
        bars.append(WaitBar(wait, place * (BAR + GAP), round(HEIGHT - height, 1), height))
    return WaitChart(bars, len(bars) * (BAR + GAP) - GAP, longest)
