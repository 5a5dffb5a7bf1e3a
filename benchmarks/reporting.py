"""Figures of benchmarks, and the description of the machine."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from django.db import connection


@dataclass(frozen=True)
class Figure:
    """A measured value, with an optional target and whether it was met."""

    name: str
    value: float
    unit: str
    target: str = ""
    met: bool = True

    @classmethod
    def at_most(cls, name: str, value: float, unit: str, limit: float) -> Self:
        return cls(name, value, unit, f"≤ {limit:g}", value <= limit)

    @classmethod
    def at_least(cls, name: str, value: float, unit: str, limit: float) -> Self:
        return cls(name, value, unit, f"≥ {limit:g}", value >= limit)


def machine() -> dict[str, Any]:
    """The CPU, the memory in GiB, and the versions of Python and PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = cursor.fetchone()[0]
    return {
        "cpus": os.cpu_count(),
        "model": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "postgres": postgres,
    }


def report(figures: Sequence[Figure]) -> dict[str, Any]:
    """Figures and machine, as printed by `--json`."""
    return {"figures": [asdict(figure) for figure in figures], "machine": machine()}


def table(report: dict[str, Any]) -> str:
    """The report as text: one line per figure, then the machine."""
    width = max((len(figure["name"]) for figure in report["figures"]), default=0)
    lines = [
        f"{'ok' if figure['met'] else 'MISSED':<6} {figure['name']:<{width}} {figure['value']:>14,.4g} "
        f"{figure['unit']:<12} {figure['target']}".rstrip()
        for figure in report["figures"]
    ]
    return "\n".join([*lines, ", ".join(f"{name} {value}" for name, value in report["machine"].items())])


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
