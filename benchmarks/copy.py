"""The live-to-staging copy, relative to an unmasked restore of the same archive.

`./dev bench copy --rows 3000000` measures the targets: time, memory, and growth from a tenth of the rows.
`./dev bench copy_alternatives` compares it with pynonymizer and django-scrubber.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from benchmarks.reporting import Figure
from staging_copy import services
from staging_copy.backup.archive import Archive
from staging_copy.copying import build, swap
from staging_copy.copying.config import live_database
from staging_copy.masking import pools
from staging_copy.models import Backup, Copy
from staging_copy.postgres import Database

_ROOT = Path(__file__).resolve().parent.parent
_ROUNDS = 2
# Shares of all rows. Customers, addresses and orders contain personal data.
_SHARES = {
    "customer": 0.04,
    "product": 0.06,
    "variant": 0.14,
    "stock": 0.14,
    "price": 0.14,
    "order": 0.08,
    "address": 0.08,
    "line": 0.18,
    "link": 0.14,
}
_SELLERS = 50


def run(argv: list[str]) -> list[Figure]:
    parser = argparse.ArgumentParser(prog="./dev bench copy")
    parser.add_argument("--rows", type=int, default=300_000, help="rows of live (default 300,000)")
    options = parser.parse_args(argv)
    staging = prepare()
    small = _measure(staging, options.rows // 10)
    large = _measure(staging, options.rows)
    # The fixed work of a copy (checks, own rows, switchover) weighs more on few rows.
    limit = 1.15 if options.rows >= 3_000_000 else 1.4
    return [
        Figure("rows", large.rows, "rows"),
        Figure("size of their COPY text", large.megabytes, "MB"),
        Figure("masked copy", large.masked, "s"),
        Figure("unmasked pg_restore -j2 + ANALYZE", large.plain, "s"),
        Figure.at_most("masked : unmasked", large.masked / large.plain, "times", limit),
        Figure.at_most("memory of the loaders and PostgreSQL's programs", large.memory["workers"], "MB", 100),
        Figure.at_most("memory of the command (Django)", large.memory["command"], "MB", 112),
        Figure("memory of the check on staging (Django)", large.memory["check"], "MB"),
        Figure.at_most("ten times the rows", large.masked / small.masked, "times", 11),
        Figure.at_most("downtime of staging", large.downtime, "s", 1),
        *(Figure(f"stage {stage}", seconds, "s") for stage, seconds in large.stages),
    ]


def prepare() -> Database:
    """Sets all settings of a copy to a staging database that does not exist yet."""
    staging = live_database().named("bench_staging")
    values = {"STAGING_DATABASE_URL": staging.url, "STAGING_ADMIN_PASSWORD": "for the benchmark"}
    os.environ.update(values)
    for name, value in values.items():
        setattr(settings, name, value)
    services.register_staging(by=None)
    pools.ensure(Path(settings.STAGING_COPY_JOURNAL_DIR))
    return staging


def fill(rows: int) -> None:
    """Empties live and fills it with about that many rows."""
    counts = {name: max(1, int(rows * share)) for name, share in _SHARES.items()}
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_seller, hub_connection, catalog_product, orders_customer CASCADE")
        # References are valid by construction; checking each one would take longer than the benchmark.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute((_ROOT / "benchmarks" / "copy_data.sql").read_text(), {"seller": _SELLERS, **counts})
        cursor.execute("RESET session_replication_role")
        cursor.execute("ANALYZE")


class _Measured:
    """The best times of several alternating masked and unmasked rounds, and their peak memory."""

    def __init__(self) -> None:
        self.rows = 0
        self.megabytes = 0.0
        self.masked = self.plain = float("inf")
        self.downtime = 0.0
        self.memory: dict[str, float] = {}
        self.stages: list[tuple[str, float]] = []


def _measure(staging: Database, rows: int) -> _Measured:
    fill(rows)
    backup = services.take_backup(now=timezone.now())
    found = _Measured()
    found.rows = backup.rows or 0
    found.megabytes = _text_size(backup) / 1e6
    for _ in range(_ROUNDS):
        found.plain = min(found.plain, _restore(staging, backup))
        stages, downtime, memory = copy(staging)
        seconds = sum(stage_seconds for _, stage_seconds in stages)
        if seconds < found.masked:
            found.masked, found.stages = seconds, stages
        found.downtime = max(found.downtime, downtime)
        found.memory = {who: max(found.memory.get(who, 0), peak / 1e6) for who, peak in memory.items()}
    return found


def copy(staging: Database) -> tuple[list[tuple[str, float]], float, dict[str, int]]:
    """The seconds by stage, the downtime in seconds, and the peak memory of the processes in bytes."""
    connection.close()
    swap.drop(staging, swap.previous_name(staging))
    process = subprocess.Popen([sys.executable, "manage.py", "copy_to_staging"], cwd=_ROOT, stdout=subprocess.DEVNULL)
    with _memory_watch(process.pid) as memory:
        if process.wait() != 0:
            raise RuntimeError("The copy failed.")
    report = Copy.objects.filter(state=Copy.State.DONE).order_by("-pk")[0].report
    return report["stages"], report["swap_seconds"], memory


def _restore(staging: Database, backup: Backup) -> float:
    """The seconds of an unmasked restore."""
    name = "bench_unmasked"
    swap.drop(staging, name)
    started = time.monotonic()
    plain = build.create(staging, name)
    plain.run("pg_restore", "--jobs=2", "--no-owner", Path(settings.BACKUP_DIR) / backup.name)
    plain.run("vacuumdb", "--analyze-only", "--quiet", "--jobs=2")
    seconds = time.monotonic() - started
    swap.drop(staging, name)
    return seconds


def _text_size(backup: Backup) -> int:
    archive = Archive.open(Path(settings.BACKUP_DIR) / backup.name)
    return sum(len(block) for table in archive.tables for block in archive.rows(table))


@contextmanager
def _memory_watch(command: int) -> Iterator[dict[str, int]]:
    """Peak memory, in bytes, of the copy's command, of its check, and of all other child processes together.

    Shared pages are divided among their processes (PSS).
    """
    peak = {"command": 0, "check": 0, "workers": 0}
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(0.1):
            now = dict.fromkeys(peak, 0) | {"command": _memory(command)}
            for pid in _descendants(command):
                now["check" if _is_check(pid) else "workers"] += _memory(pid)
            for who, size in now.items():
                peak[who] = max(peak[who], size)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        finished.set()
        thread.join()


def _descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found


def _is_check(pid: int) -> bool:
    try:
        return b"check_staging" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
