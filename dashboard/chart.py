"""Geometry of the bar charts, in pixels: one bar for each run or for each group of events; height shows duration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt

from django.utils import timezone

from dashboard.queries.activity import Day
from dashboard.queries.webhooks import LatencyBucket
from hub.models import Run

HEIGHT = 72
BAR = 18
GAP = 6
_MIN_HEIGHT = 3


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
    """Bars from the oldest to the latest run, or None if none of them has started. `runs` are newest first.

    Heights grow with the square root of the duration, so that short partial syncs stay visible beside a long full one.
    """
    now = timezone.now()
    started = [(run, (run.finished_at or now) - run.started_at) for run in reversed(runs) if run.started_at]
    if not started:
        return None
    longest = max(length for _, length in started)
    unit = (HEIGHT - _MIN_HEIGHT) / sqrt(max(longest.total_seconds(), 1))
    bars = []
    for position, (run, length) in enumerate(started):
        height = round(_MIN_HEIGHT + unit * sqrt(max(length.total_seconds(), 0)), 1)
        bars.append(Bar(run, position * (BAR + GAP), round(HEIGHT - height, 1), height))
    return Chart(bars, len(bars) * (BAR + GAP) - GAP, longest)


@dataclass(frozen=True)
class LatencyBar:
    bucket: LatencyBucket
    x: int
    y: float
    height: float


@dataclass(frozen=True)
class LatencyChart:
    bars: list[LatencyBar]
    width: int
    longest: timedelta


def latency_chart(latency_buckets: Sequence[LatencyBucket]) -> LatencyChart | None:
    """Bars from the oldest to the latest events, or None without events."""
    if not latency_buckets:
        return None
    longest = max(bucket.longest for bucket in latency_buckets)
    unit = (HEIGHT - _MIN_HEIGHT) / sqrt(max(longest.total_seconds(), 1))
    bars = []
    for position, bucket in enumerate(latency_buckets):
        height = round(_MIN_HEIGHT + unit * sqrt(max(bucket.longest.total_seconds(), 0)), 1)
        bars.append(LatencyBar(bucket, position * (BAR + GAP), round(HEIGHT - height, 1), height))
    return LatencyChart(bars, len(bars) * (BAR + GAP) - GAP, longest)


DAY_HEIGHT = 32
DAY_BAR = 10
DAY_GAP = 4


@dataclass(frozen=True)
class DayBar:
    day: Day
    x: int
    y: float
    height: float


@dataclass(frozen=True)
class DayChart:
    """`most` is the largest number of items changed on one day, at the top of the axis."""

    bars: list[DayBar]
    width: int
    most: int


def day_chart(days: Sequence[Day]) -> DayChart:
    """A bar for each day, as high as the number of items changed. A day without changes keeps a line at the bottom."""
    most = max((day.changed for day in days), default=0)
    bars = []
    for position, day in enumerate(days):
        height = round(2 + (DAY_HEIGHT - 2) * day.changed / max(most, 1), 1)
        bars.append(DayBar(day, position * (DAY_BAR + DAY_GAP), round(DAY_HEIGHT - height, 1), height))
    return DayChart(bars, len(bars) * (DAY_BAR + DAY_GAP) - DAY_GAP, most)
